{{- /* Made by chartgen: what fragments offer, and what fills it, in the stack's order. */ -}}

{{- /* map, server: Values that an entry of servers changes by what it says of others, by dotted path. In the context as Entry: what the entry says; as Defaults: the values of the top level. No facts are known yet. */}}
{{- define "llm-stack.slot.server.values" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.model.values" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* map, server: Values that follow from a server's facts where they are left empty, by dotted path. */}}
{{- define "llm-stack.slot.server.computedValues" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.server.values" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.sizing.values" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* one, server: What others know of a server's workload, as a map: kind, minReplicas and maxReplicas, port (of its Service). */}}
{{- define "llm-stack.slot.server.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.server.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* list, server: What must exist already, one Kind/name a line; NOTES prints it. */}}
{{- define "llm-stack.slot.server.needs" -}}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.storage.model-cache.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, release: The same for the release. */}}
{{- define "llm-stack.slot.release.needs" -}}
{{- if true }}{{ with include "llm-stack.releaseNeeds" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.open-webui.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.pipelines.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.nextchat.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.expose.ingress.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.expose.http-route.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, server: Sentences on values that cannot be used together; any of them fails the render. */}}
{{- define "llm-stack.slot.server.checks" -}}
{{- if true }}{{ with include "llm-stack.serverChecks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.model.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.server.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.gpu.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.loader.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "ollama" }}{{ with include "llm-stack.source.ollama.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "daemonset" }}{{ with include "llm-stack.delivery.daemonset.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "none" }}{{ with include "llm-stack.delivery.none.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.reload.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.storage.model-cache.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.sizing.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.scale.autoscaling.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.scale.pod-disruption-budget.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.verify.helm-test.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, release: The same on the release's values. */}}
{{- define "llm-stack.slot.release.checks" -}}
{{- if true }}{{ with include "llm-stack.releaseChecks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.server.releaseChecks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.loader.releaseChecks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.storage.model-cache.releaseChecks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.open-webui.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.pipelines.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.nextchat.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.expose.ingress.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.expose.http-route.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, release: What people look at: name (of the part), service (its name), port (a number), nodePort (where every node has one for it), title. The first is what a way in leads to where nothing else is said. */}}
{{- define "llm-stack.slot.ui.facts" -}}
{{- if true }}{{ with include "llm-stack.ui.open-webui.facts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.nextchat.facts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, release: How the release is reached from outside: url (https://host, with its port unless that is usual), service (the name of the one that it leads to). The first of a service is the one that is told. */}}
{{- define "llm-stack.slot.expose.facts" -}}
{{- if true }}{{ with include "llm-stack.expose.ingress.facts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.expose.http-route.facts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* one, server: What all others know of an engine, as a map: image (its name under images; none where it has only the server's own), port, protocol (ollama, openai, kserve, or none that others know), model (the name that clients ask for, the first of several), formats (that it reads), vendors (of accelerators that its images have the programs for), parallel (requests that each have a context of their own), offloadsToMemory (true where what the cards cannot hold goes to memory), readOnly (true where it only reads its models), mountPath (where they are mounted, else /models), subPath (the folder of the cache that alone is mounted there), ports (more of them, by name), metrics (port, by its name, and path), ready (the paths that answer 200 once its models can be asked), secret (name and key, where it asks for a key), copies (of the model that lie in memory). */}}
{{- define "llm-stack.slot.engine.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "ollama" }}{{ $first = include "llm-stack.engine.ollama.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "vllm" }}{{ $first = include "llm-stack.engine.vllm.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "triton" }}{{ $first = include "llm-stack.engine.triton.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "custom" }}{{ $first = include "llm-stack.engine.custom.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: Where the engine's models come from by default, a value of model.source. */}}
{{- define "llm-stack.slot.engine.source" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "ollama" }}{{ $first = include "llm-stack.engine.ollama.source" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "vllm" }}{{ $first = include "llm-stack.engine.vllm.source" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: What all others know of a source, as a map: format (that it leaves), image (its name under images), copies (how often a model lies in the cache while it is brought, where that is not once). */}}
{{- define "llm-stack.slot.source.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.source "ollama" }}{{ $first = include "llm-stack.source.ollama.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "modelkit" }}{{ $first = include "llm-stack.source.modelkit.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "huggingface" }}{{ $first = include "llm-stack.source.huggingface.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: The tag of a model for which none is given, its name in the context as Model; none leaves it to the source. */}}
{{- define "llm-stack.slot.model.tag" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.sizing.tag" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: What a source calls a model, in the context as Model: name, tag, digest. Where no source says, name:tag, as ollama has it. */}}
{{- define "llm-stack.slot.model.reference" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.source "modelkit" }}{{ $first = include "llm-stack.source.modelkit.reference" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "huggingface" }}{{ $first = include "llm-stack.source.huggingface.reference" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* list, server: A server's models, each a map: key, name, tag, digest, reference, folder (below the model cache), filters. */}}
{{- define "llm-stack.slot.models.facts" -}}
{{- if true }}{{ with include "llm-stack.model.models" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* one, server: What others know of the model, as a map: folder (where an engine that reads a directory finds it, below the model cache; empty means all of that). */}}
{{- define "llm-stack.slot.model.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.model.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* list, release: What a UI may ask, each a map: protocol (ollama or openai), url (as its clients want it: ollama's without a path, OpenAI's with /v1), name and model (of a server of the release), secret (name and key, where a key is needed). */}}
{{- define "llm-stack.slot.endpoints.facts" -}}
{{- if true }}{{ with include "llm-stack.model.endpoints" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.ui.pipelines.endpoints" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* one, server: What all others know of a server's accelerators, as a map: vendor, count, and memoryMiB (of each, 0 where that is not known). */}}
{{- define "llm-stack.slot.gpu.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.gpu.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: How a server's models arrive, as a map: job (true where a Job brings them once), waitsForLoader (true where the server waits for what another pod brings), refreshes (true where a tag that moves changes the models under a running server), separateWorkload (what brings them to a claim in pods of its own), readOnly (true where the server may only read them), refreshCommand (what kubectl is given to have them looked for at once). */}}
{{- define "llm-stack.slot.delivery.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.delivery "job" }}{{ $first = include "llm-stack.delivery.job.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "sidecar" }}{{ $first = include "llm-stack.delivery.sidecar.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "cronjob" }}{{ $first = include "llm-stack.delivery.cronjob.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "daemonset" }}{{ $first = include "llm-stack.delivery.daemonset.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server, made once: What kubectl logs is given to watch how a server's models arrive. */}}
{{- define "llm-stack.slot.delivery.logs" -}}
{{- if not (hasKey .Once "delivery.logs") }}
{{- $_ := set .Once "delivery.logs" (include "llm-stack.once.delivery.logs" .) }}
{{- end }}
{{- get .Once "delivery.logs" }}
{{- end }}

{{- /* one, server: What kubectl logs is given to watch how a server's models arrive. */}}
{{- define "llm-stack.once.delivery.logs" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.delivery "init" }}{{ $first = include "llm-stack.delivery.init.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "job" }}{{ $first = include "llm-stack.delivery.job.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "sidecar" }}{{ $first = include "llm-stack.delivery.sidecar.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "cronjob" }}{{ $first = include "llm-stack.delivery.cronjob.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "daemonset" }}{{ $first = include "llm-stack.delivery.daemonset.logs" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* list, server: The command of the server's container; none leaves the image's own. */}}
{{- define "llm-stack.slot.server.command" -}}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, server: Its arguments. */}}
{{- define "llm-stack.slot.server.args" -}}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* map, server: Its environment, by name; the user's own entry wins. */}}
{{- define "llm-stack.slot.server.env" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.server.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* one, server: Its probes, as a map of startupProbe, readinessProbe, livenessProbe. Without it, they use the paths of the engine's fact health. */}}
{{- define "llm-stack.slot.server.probes" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "ollama" }}{{ $first = include "llm-stack.engine.ollama.probes" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* list, server: Containers that run before it. */}}
{{- define "llm-stack.slot.server.initContainers" -}}
{{- if eq .Values.model.delivery "init" }}{{ with include "llm-stack.delivery.init.container" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "job" }}{{ with include "llm-stack.delivery.job.wait" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "sidecar" }}{{ with include "llm-stack.delivery.sidecar.container" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "cronjob" }}{{ with include "llm-stack.delivery.cronjob.wait" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "daemonset" }}{{ with include "llm-stack.delivery.daemonset.wait" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.reload.container" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, server: Volumes of its pod. */}}
{{- define "llm-stack.slot.server.volumes" -}}
{{- if true }}{{ with include "llm-stack.server.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "init" }}{{ with include "llm-stack.delivery.init.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "sidecar" }}{{ with include "llm-stack.delivery.sidecar.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.reload.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, server: Where they are mounted in its container. */}}
{{- define "llm-stack.slot.server.volumeMounts" -}}
{{- if true }}{{ with include "llm-stack.server.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* map, server, made once: Files under /opt/files, by name: a text, or {file: PATH} for a file of the chart. */}}
{{- define "llm-stack.slot.server.files" -}}
{{- if not (hasKey .Once "server.files") }}
{{- $_ := set .Once "server.files" (include "llm-stack.once.server.files" .) }}
{{- end }}
{{- get .Once "server.files" }}
{{- end }}

{{- /* map, server: Files under /opt/files, by name: a text, or {file: PATH} for a file of the chart. */}}
{{- define "llm-stack.once.server.files" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.loader.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "ollama" }}{{ with include "llm-stack.source.ollama.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "daemonset" }}{{ with include "llm-stack.delivery.daemonset.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.reload.files" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* one, server: Requests and limits where the user gives none, as a map. */}}
{{- define "llm-stack.slot.server.resources" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.sizing.resources" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* map, server: Devices, as a map of resource to amount; they go to requests and limits. */}}
{{- define "llm-stack.slot.server.devices" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.gpu.devices" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* list, server: Claims of dynamic resource allocation, as the pod has them; the server's container gets all of them. */}}
{{- define "llm-stack.slot.server.resourceClaims" -}}
{{- if true }}{{ with include "llm-stack.gpu.resourceClaims" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* map, server: Labels of the nodes it runs on. */}}
{{- define "llm-stack.slot.server.nodeSelector" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.gpu.nodeSelector" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* list, server: Taints it stands. */}}
{{- define "llm-stack.slot.server.tolerations" -}}
{{- if true }}{{ with include "llm-stack.gpu.tolerations" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* map, server: Annotations of its pod. */}}
{{- define "llm-stack.slot.server.podAnnotations" -}}
{{- $joined := dict }}
{{- if true }}{{ with include "llm-stack.gpu.podAnnotations" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if true }}{{ with include "llm-stack.loader.annotations" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.annotations" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.annotations" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* one, server: How many there are where something else decides, as a map: minReplicas and maxReplicas. */}}
{{- define "llm-stack.slot.server.scale" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.scale.autoscaling.scale" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* list, server: How its pods are spread where the user says nothing. */}}
{{- define "llm-stack.slot.server.topologySpreadConstraints" -}}
{{- if true }}{{ with include "llm-stack.scale.topology-spread.constraints" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* one, server: false where there is no room for a new pod beside the old one. */}}
{{- define "llm-stack.slot.server.surge" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.gpu.surge" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.storage.model-cache.surge" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: Where its models lie: the source of the volume `models`, as a map; nothing where cache.claimTemplate says it. */}}
{{- define "llm-stack.slot.cache.volume" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.storage.model-cache.volume" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: A claim of each pod's own, as a map: keep, annotations, spec. It makes the workload a StatefulSet. */}}
{{- define "llm-stack.slot.cache.claimTemplate" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.storage.model-cache.template" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: What others know of that place, as a map: type, shared (by several nodes), existing, accessModes, size (where the chart says it), memory (true where it lies in memory), place (what it is called, where other servers may have theirs in it too). */}}
{{- define "llm-stack.slot.cache.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.storage.model-cache.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: What its mounts have beside name and path, as a map: subPath, readOnly. */}}
{{- define "llm-stack.slot.cache.mount" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.storage.model-cache.mount" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: How the running engine is asked to take up models that changed, as a list of requests in their order: path, and where they are needed method (POST otherwise), body (a text), folder (of the model that it concerns: it is made only where that one changed). An engine that fills nothing cannot be asked. */}}
{{- define "llm-stack.slot.engine.reload" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "triton" }}{{ $first = include "llm-stack.engine.triton.reload" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "custom" }}{{ $first = include "llm-stack.engine.custom.reload" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: What whoever asks it needs for that, as a map: prepare (a command that is run with a folder before the request that concerns it), header (a file that holds one), env and volumeMounts for both. */}}
{{- define "llm-stack.slot.engine.reloader" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "triton" }}{{ $first = include "llm-stack.engine.triton.reloader" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: The name of the source's script among server.files. */}}
{{- define "llm-stack.slot.loader.script" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.source "ollama" }}{{ $first = include "llm-stack.source.ollama.script" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "modelkit" }}{{ $first = include "llm-stack.source.modelkit.script" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "huggingface" }}{{ $first = include "llm-stack.source.huggingface.script" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* map, server: What the script reads beside the contract's own variables. */}}
{{- define "llm-stack.slot.loader.env" -}}
{{- $joined := dict }}
{{- if eq .Values.model.source "ollama" }}{{ with include "llm-stack.source.ollama.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.env" . | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}

{{- /* list, server: Volumes that the container needs beside the models. */}}
{{- define "llm-stack.slot.loader.volumes" -}}
{{- if true }}{{ with include "llm-stack.loader.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* list, server: Where they are mounted. */}}
{{- define "llm-stack.slot.loader.volumeMounts" -}}
{{- if true }}{{ with include "llm-stack.loader.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}

{{- /* one, server: The container itself. Asked for with Loader in the context: name and mode, waitsForLoader (true, it only waits) or script (another one); sidecar, env, securityContext. */}}
{{- define "llm-stack.slot.loader.container" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.loader.container" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: The template of a pod of its own. Asked for with Loader in the context: name and mode, beside (on each node of the server's), steps (containers that run first). */}}
{{- define "llm-stack.slot.loader.pod" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.loader.pod" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server, made once: The name of a Job that brings the models once. */}}
{{- define "llm-stack.slot.loader.job" -}}
{{- if not (hasKey .Once "loader.job") }}
{{- $_ := set .Once "loader.job" (include "llm-stack.once.loader.job" .) }}
{{- end }}
{{- get .Once "loader.job" }}
{{- end }}

{{- /* one, server: The name of a Job that brings the models once. */}}
{{- define "llm-stack.once.loader.job" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.loader.job" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* one, server: What a server's models need, as a map: known (whether all of them are described), weightsMiB and kvMiB of all, needMiB (what they take, with programMiB for the program on each card), models (each a map: reference, weightsMiB, kvMiB, context that it was made for). */}}
{{- define "llm-stack.slot.sizing.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if true }}{{ $first = include "llm-stack.sizing.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}

{{- /* Lays the facts of a server, each after those that it is made of. */}}
{{- define "llm-stack.facts.server" -}}
{{- $_ := set .Facts "gpu" (include "llm-stack.slot.gpu.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "source" (include "llm-stack.slot.source.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "delivery" (include "llm-stack.slot.delivery.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "cache" (include "llm-stack.slot.cache.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "models" (include "llm-stack.slot.models.facts" . | include "llm-stack.list" | mustFromJson) }}
{{- $_ := set .Facts "model" (include "llm-stack.slot.model.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "engine" (include "llm-stack.slot.engine.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "server" (include "llm-stack.slot.server.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- $_ := set .Facts "sizing" (include "llm-stack.slot.sizing.facts" . | include "llm-stack.map" | mustFromJson) }}
{{- end }}

{{- /* Lays the facts of a release, each after those that it is made of. */}}
{{- define "llm-stack.facts.release" -}}
{{- $_ := set .Facts "ui" (include "llm-stack.slot.ui.facts" . | include "llm-stack.list" | mustFromJson) }}
{{- $_ := set .Facts "endpoints" (include "llm-stack.slot.endpoints.facts" . | include "llm-stack.list" | mustFromJson) }}
{{- $_ := set .Facts "expose" (include "llm-stack.slot.expose.facts" . | include "llm-stack.list" | mustFromJson) }}
{{- end }}

{{- /* What an entry of servers replaces whole, where other maps are merged. */}}
{{- define "llm-stack.data.replaced" -}}
{{- `["enabled", "engine", "model.name", "model.tag", "model.digest", "model.reference", "model.source", "model.delivery", "model.path", "model.filter", "model.weightsSize", "model.kvCachePerToken", "model.contextLength", "replicas", "image.repository", "image.tag", "image.digest", "image.pullPolicy", "env.*", "envFrom", "extraArgs", "resources", "startupTimeoutSeconds", "terminationGracePeriodSeconds", "preStopSleepSeconds", "service.type", "service.nodePort", "service.annotations", "service.port", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "runtimeClassName", "priorityClassName", "volumes", "volumeMounts", "gpu.vendor", "gpu.count", "gpu.scheme", "gpu.memory", "gpu.coresPercent", "gpu.partition", "gpu.type", "gpu.resources", "loader.retries", "loader.stallSeconds", "loader.interval", "loader.parallel", "loader.prune", "loader.resources", "loader.env.*", "loader.envFrom", "loader.volumes", "loader.volumeMounts", "ollama.keepAlive", "ollama.numParallel", "ollama.maxLoadedModels", "ollama.kvCacheType", "ollama.flashAttention", "vllm.servedModelName", "vllm.folder", "vllm.tensorParallelSize", "vllm.pipelineParallelSize", "vllm.dataParallelSize", "vllm.maxNumSeqs", "vllm.gpuMemoryUtilization", "vllm.dtype", "vllm.quantization", "vllm.kvCacheDtype", "vllm.lora.maxLoraRank", "vllm.lora.maxLoras", "vllm.chatTemplate", "vllm.apiKey.existingSecret", "vllm.apiKey.key", "vllm.sharedMemory", "triton.models", "triton.sharedMemory", "custom.protocol", "custom.servedModelName", "custom.apiKey.existingSecret", "custom.apiKey.key", "custom.port", "custom.ports", "custom.command", "custom.livenessPath", "custom.readinessPath", "custom.metricsPath", "custom.mountPath", "custom.mount", "custom.reload.path", "custom.reload.method", "custom.reload.body", "ollamaSource.insecure", "modelkit.registry", "modelkit.namespace", "modelkit.existingSecret", "modelkit.usernameKey", "modelkit.passwordKey", "modelkit.plainHttp", "modelkit.caSecret", "modelkit.caConfigMap", "modelkit.concurrency", "modelkit.keepLayers", "modelkit.cosign.existingSecret", "modelkit.cosign.key", "modelkit.cosign.identity", "modelkit.cosign.issuer", "modelkit.cosign.transparencyLog", "huggingface.hub", "huggingface.endpoint", "huggingface.plainHttp", "huggingface.existingSecret", "huggingface.tokenKey", "huggingface.caSecret", "huggingface.caConfigMap", "huggingface.concurrency", "cronjob.schedule", "cronjob.timeZone", "cronjob.concurrencyPolicy", "cronjob.successfulJobsHistoryLimit", "cronjob.failedJobsHistoryLimit", "cronjob.suspend", "daemonset.chown", "daemonset.maxUnavailable", "reload.mode", "reload.intervalSeconds", "reload.resources", "modelCache.type", "modelCache.image.repository", "modelCache.image.tag", "modelCache.image.digest", "modelCache.image.pullPolicy", "modelCache.existingClaim", "modelCache.subPath", "modelCache.size", "modelCache.storageClass", "modelCache.accessModes", "modelCache.annotations", "modelCache.keep", "modelCache.hostPath", "modelCache.medium", "minimumResources.cpu", "minimumResources.memory", "autoscaling.enabled", "autoscaling.minReplicas", "autoscaling.maxReplicas", "autoscaling.targetCPUUtilizationPercentage", "autoscaling.targetMemoryUtilizationPercentage", "autoscaling.metrics", "autoscaling.behavior", "podDisruptionBudget.enabled", "podDisruptionBudget.minAvailable", "podDisruptionBudget.maxUnavailable", "topologySpread.nodes", "topologySpread.zones"]` -}}
{{- end }}

{{- /* Names that the chart gives to objects itself: no entry of servers may have them. */}}
{{- define "llm-stack.data.components" -}}
{{- `["open-webui", "pipelines", "nextchat", "web", "api", "web", "tests"]` -}}
{{- end }}
