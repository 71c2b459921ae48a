{{- /* Made by chartgen: what fragments offer, and what fills it, in the stack's order. */ -}}


{{- define "llm-stack.slot.server.values" -}}
{{- $joined := dict }}
{{- with include "llm-stack.model.values" . | dict "of" "llm-stack.model.values" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.engine "llamacpp" }}{{ with include "llm-stack.engine.llamacpp.values" . | dict "of" "llm-stack.engine.llamacpp.values" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.computedValues" -}}
{{- $joined := dict }}
{{- with include "llm-stack.server.values" . | dict "of" "llm-stack.server.values" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- with include "llm-stack.sizing.values" . | dict "of" "llm-stack.sizing.values" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.server.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.needs" -}}
{{- with include "llm-stack.workload.batch.needs" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "sglang" }}{{ with include "llm-stack.engine.sglang.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "llamacpp" }}{{ with include "llm-stack.engine.llamacpp.needs" . | trim }}
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
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.needs" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- with include "llm-stack.storage.model-cache.needs" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.scale.keda.needs" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.release.needs" -}}
{{- with include "llm-stack.releaseNeeds" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.open-webui.needs" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.needs" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.nextchat.needs" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.expose.ingress.needs" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.expose.http-route.needs" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.route.inference-pool.needs" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.checks" -}}
{{- with include "llm-stack.serverChecks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.model.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.schedule.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.server.checks" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ with include "llm-stack.workload.leader-worker-set.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.nodes.workload "RayService" }}{{ with include "llm-stack.workload.ray-service.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- with include "llm-stack.workload.batch.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.gpu.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.loader.checks" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "sglang" }}{{ with include "llm-stack.engine.sglang.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "llamacpp" }}{{ with include "llm-stack.engine.llamacpp.checks" . | trim }}
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
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "cronjob" }}{{ with include "llm-stack.delivery.cronjob.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "daemonset" }}{{ with include "llm-stack.delivery.daemonset.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "none" }}{{ with include "llm-stack.delivery.none.checks" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- with include "llm-stack.reload.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.storage.model-cache.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.sizing.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.scale.autoscaling.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.scale.pod-disruption-budget.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.observe.monitor.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.observe.alerts.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.scale.keda.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.verify.helm-test.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.data.serverFacts" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.data.serverKeys" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.release.checks" -}}
{{- with include "llm-stack.releaseChecks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.server.releaseChecks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.loader.releaseChecks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.storage.model-cache.releaseChecks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.observe.dashboard.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.open-webui.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.nextchat.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.upgrade.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.expose.ingress.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.expose.http-route.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.route.inference-pool.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.secure.network-policy.checks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.verify.helm-test.releaseChecks" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.data.releaseFacts" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.data.releaseKeys" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.claims" -}}
{{- $joined := dict }}
{{- with include "llm-stack.workload.batch.claims" . | dict "of" "llm-stack.workload.batch.claims" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- with include "llm-stack.storage.model-cache.claims" . | dict "of" "llm-stack.storage.model-cache.claims" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.release.claims" -}}
{{- $joined := dict }}
{{- with include "llm-stack.ui.open-webui.claims" . | dict "of" "llm-stack.ui.open-webui.claims" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.claims" . | dict "of" "llm-stack.ui.pipelines.claims" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.ui.facts" -}}
{{- with include "llm-stack.ui.open-webui.facts" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.nextchat.facts" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.expose.facts" -}}
{{- with include "llm-stack.expose.ingress.facts" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.expose.http-route.facts" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.route.inference-pool.expose" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.ways.facts" -}}
{{- with include "llm-stack.expose.ingress.taken" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.expose.http-route.taken" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.route.inference-pool.taken" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.access.facts" -}}
{{- with include "llm-stack.server.access" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.open-webui.access" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.access" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.nextchat.access" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.route.inference-pool.access" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.network.facts" -}}
{{- with include "llm-stack.server.network" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.loader.network" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.open-webui.network" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.network" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.nextchat.network" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.route.inference-pool.network" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.verify.helm-test.network" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.access.clients" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.secure.network-policy.clients" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.secrets.facts" -}}
{{- with include "llm-stack.ui.open-webui.secrets" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.secrets" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.engine.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "ollama" }}{{ $first = include "llm-stack.engine.ollama.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "vllm" }}{{ $first = include "llm-stack.engine.vllm.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "sglang" }}{{ $first = include "llm-stack.engine.sglang.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "llamacpp" }}{{ $first = include "llm-stack.engine.llamacpp.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "triton" }}{{ $first = include "llm-stack.engine.triton.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "custom" }}{{ $first = include "llm-stack.engine.custom.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.engine.source" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "ollama" }}{{ $first = include "llm-stack.engine.ollama.source" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "vllm" }}{{ $first = include "llm-stack.engine.vllm.source" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "sglang" }}{{ $first = include "llm-stack.engine.sglang.source" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "llamacpp" }}{{ $first = include "llm-stack.engine.llamacpp.source" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.source.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.source "ollama" }}{{ $first = include "llm-stack.source.ollama.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "modelkit" }}{{ $first = include "llm-stack.source.modelkit.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "huggingface" }}{{ $first = include "llm-stack.source.huggingface.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "s3" }}{{ $first = include "llm-stack.source.s3.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.source.urls" -}}
{{- if eq .Values.model.source "ollama" }}{{ with include "llm-stack.source.ollama.urls" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.urls" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.urls" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.urls" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.model.tag" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.sizing.tag" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.model.reference" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.source "modelkit" }}{{ $first = include "llm-stack.source.modelkit.reference" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "huggingface" }}{{ $first = include "llm-stack.source.huggingface.reference" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "s3" }}{{ $first = include "llm-stack.source.s3.reference" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.models.facts" -}}
{{- with include "llm-stack.model.models" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.model.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.model.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.endpoints.facts" -}}
{{- with include "llm-stack.model.endpoints" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.ui.pipelines.endpoints" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.gpu.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.gpu.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.delivery.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.delivery "job" }}{{ $first = include "llm-stack.delivery.job.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "sidecar" }}{{ $first = include "llm-stack.delivery.sidecar.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "cronjob" }}{{ $first = include "llm-stack.delivery.cronjob.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "daemonset" }}{{ $first = include "llm-stack.delivery.daemonset.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.delivery.logs" -}}
{{- if not (hasKey .Once "delivery.logs") }}
{{- $_ := set .Once "delivery.logs" (include "llm-stack.once.delivery.logs" .) }}
{{- end }}
{{- get .Once "delivery.logs" }}
{{- end }}


{{- define "llm-stack.once.delivery.logs" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.delivery "init" }}{{ $first = include "llm-stack.delivery.init.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "job" }}{{ $first = include "llm-stack.delivery.job.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "sidecar" }}{{ $first = include "llm-stack.delivery.sidecar.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "cronjob" }}{{ $first = include "llm-stack.delivery.cronjob.logs" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.delivery "daemonset" }}{{ $first = include "llm-stack.delivery.daemonset.logs" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.schedules" -}}
{{- $joined := dict }}
{{- with include "llm-stack.workload.batch.schedules" . | dict "of" "llm-stack.workload.batch.schedules" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.model.delivery "cronjob" }}{{ with include "llm-stack.delivery.cronjob.schedules" . | dict "of" "llm-stack.delivery.cronjob.schedules" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.timeZones" -}}
{{- $joined := dict }}
{{- with include "llm-stack.workload.batch.timeZones" . | dict "of" "llm-stack.workload.batch.timeZones" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.model.delivery "cronjob" }}{{ with include "llm-stack.delivery.cronjob.timeZones" . | dict "of" "llm-stack.delivery.cronjob.timeZones" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.command" -}}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "sglang" }}{{ with include "llm-stack.engine.sglang.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.command" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.server.args" -}}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "sglang" }}{{ with include "llm-stack.engine.sglang.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "llamacpp" }}{{ with include "llm-stack.engine.llamacpp.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.args" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.server.env" -}}
{{- $joined := dict }}
{{- with include "llm-stack.server.env" . | dict "of" "llm-stack.server.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ with include "llm-stack.workload.leader-worker-set.env" . | dict "of" "llm-stack.workload.leader-worker-set.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.nodes.workload "RayService" }}{{ with include "llm-stack.workload.ray-service.env" . | dict "of" "llm-stack.workload.ray-service.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- with include "llm-stack.workload.batch.env" . | dict "of" "llm-stack.workload.batch.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.env" . | dict "of" "llm-stack.engine.ollama.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.env" . | dict "of" "llm-stack.engine.vllm.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "sglang" }}{{ with include "llm-stack.engine.sglang.env" . | dict "of" "llm-stack.engine.sglang.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "llamacpp" }}{{ with include "llm-stack.engine.llamacpp.env" . | dict "of" "llm-stack.engine.llamacpp.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.env" . | dict "of" "llm-stack.engine.triton.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.env" . | dict "of" "llm-stack.engine.custom.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.probes" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ $first = include "llm-stack.workload.leader-worker-set.probes" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.nodes.workload "RayService" }}{{ $first = include "llm-stack.workload.ray-service.probes" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "ollama" }}{{ $first = include "llm-stack.engine.ollama.probes" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "sglang" }}{{ $first = include "llm-stack.engine.sglang.probes" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.preStop" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ $first = include "llm-stack.workload.leader-worker-set.preStop" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.ports" -}}
{{- if eq .Values.nodes.workload "RayService" }}{{ with include "llm-stack.workload.ray-service.ports" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.server.pod" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.server.pod" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.kubernetes" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.reload.kubernetes" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.loader.urls" -}}
{{- with include "llm-stack.loader.urls" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.loader.hidden" -}}
{{- with include "llm-stack.loader.hidden" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.loader.unread" -}}
{{- with include "llm-stack.loader.unread" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.workload" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ $first = include "llm-stack.workload.leader-worker-set.workload" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.nodes.workload "RayService" }}{{ $first = include "llm-stack.workload.ray-service.workload" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ $first = include "llm-stack.workload.batch.workload" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.group.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ $first = include "llm-stack.workload.leader-worker-set.facts" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.nodes.workload "RayService" }}{{ $first = include "llm-stack.workload.ray-service.facts" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.group.application" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "vllm" }}{{ $first = include "llm-stack.engine.vllm.application" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.batch.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.workload.batch.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


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
{{- with include "llm-stack.reload.container" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.volumes" -}}
{{- with include "llm-stack.server.volumes" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.workload.batch.volumes" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "init" }}{{ with include "llm-stack.delivery.init.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "sidecar" }}{{ with include "llm-stack.delivery.sidecar.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- with include "llm-stack.reload.volumes" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.volumeMounts" -}}
{{- with include "llm-stack.server.volumeMounts" . | trim }}
{{ . }}
{{- end }}
{{- with include "llm-stack.workload.batch.volumeMounts" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "custom" }}{{ with include "llm-stack.engine.custom.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.server.files" -}}
{{- if not (hasKey .Once "server.files") }}
{{- $_ := set .Once "server.files" (include "llm-stack.once.server.files" .) }}
{{- end }}
{{- get .Once "server.files" }}
{{- end }}


{{- define "llm-stack.once.server.files" -}}
{{- $joined := dict }}
{{- if eq .Values.nodes.workload "LeaderWorkerSet" }}{{ with include "llm-stack.workload.leader-worker-set.files" . | dict "of" "llm-stack.workload.leader-worker-set.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- with include "llm-stack.loader.files" . | dict "of" "llm-stack.loader.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.files" . | dict "of" "llm-stack.engine.ollama.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.files" . | dict "of" "llm-stack.engine.vllm.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.files" . | dict "of" "llm-stack.engine.triton.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "ollama" }}{{ with include "llm-stack.source.ollama.files" . | dict "of" "llm-stack.source.ollama.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.files" . | dict "of" "llm-stack.source.modelkit.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.files" . | dict "of" "llm-stack.source.huggingface.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.files" . | dict "of" "llm-stack.source.s3.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.delivery "daemonset" }}{{ with include "llm-stack.delivery.daemonset.files" . | dict "of" "llm-stack.delivery.daemonset.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- with include "llm-stack.reload.files" . | dict "of" "llm-stack.reload.files" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.resources" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.sizing.resources" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.devices" -}}
{{- $joined := dict }}
{{- with include "llm-stack.server.devices" . | dict "of" "llm-stack.server.devices" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- with include "llm-stack.gpu.devices" . | dict "of" "llm-stack.gpu.devices" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.resourceClaims" -}}
{{- with include "llm-stack.gpu.resourceClaims" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.nodeSelector" -}}
{{- $joined := dict }}
{{- with include "llm-stack.gpu.nodeSelector" . | dict "of" "llm-stack.gpu.nodeSelector" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.tolerations" -}}
{{- with include "llm-stack.gpu.tolerations" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.podLabels" -}}
{{- $joined := dict }}
{{- with include "llm-stack.route.inference-pool.podLabels" . | dict "of" "llm-stack.route.inference-pool.podLabels" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.podAnnotations" -}}
{{- $joined := dict }}
{{- with include "llm-stack.server.annotations" . | dict "of" "llm-stack.server.annotations" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- with include "llm-stack.gpu.podAnnotations" . | dict "of" "llm-stack.gpu.podAnnotations" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- with include "llm-stack.loader.annotations" . | dict "of" "llm-stack.loader.annotations" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}
{{- if eq .Values.engine "ollama" }}{{ with include "llm-stack.engine.ollama.annotations" . | dict "of" "llm-stack.engine.ollama.annotations" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "vllm" }}{{ with include "llm-stack.engine.vllm.annotations" . | dict "of" "llm-stack.engine.vllm.annotations" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.engine "triton" }}{{ with include "llm-stack.engine.triton.annotations" . | dict "of" "llm-stack.engine.triton.annotations" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.server.scale" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.workload.batch.scale" . | trim }}{{ end }}
{{- if not $first }}{{ $first = include "llm-stack.scale.autoscaling.scale" . | trim }}{{ end }}
{{- if not $first }}{{ $first = include "llm-stack.scale.keda.scale" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.server.topologySpreadConstraints" -}}
{{- with include "llm-stack.scale.topology-spread.constraints" . | trim }}
{{ . }}
{{- end }}
{{- end }}


{{- define "llm-stack.slot.server.surge" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.gpu.surge" . | trim }}{{ end }}
{{- if not $first }}{{ $first = include "llm-stack.storage.model-cache.surge" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.cache.volume" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.storage.model-cache.volume" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.cache.claimTemplate" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.storage.model-cache.template" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.cache.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.storage.model-cache.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.cache.mount" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.storage.model-cache.mount" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.engine.reload" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "triton" }}{{ $first = include "llm-stack.engine.triton.reload" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.engine "custom" }}{{ $first = include "llm-stack.engine.custom.reload" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.engine.reloader" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.engine "triton" }}{{ $first = include "llm-stack.engine.triton.reloader" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.batch.job" -}}
{{- if not (hasKey .Once "batch.job") }}
{{- $_ := set .Once "batch.job" (include "llm-stack.once.batch.job" .) }}
{{- end }}
{{- get .Once "batch.job" }}
{{- end }}


{{- define "llm-stack.once.batch.job" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.workload.batch.job" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.loader.script" -}}
{{- $first := "" }}
{{- if not $first }}{{ if eq .Values.model.source "ollama" }}{{ $first = include "llm-stack.source.ollama.script" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "modelkit" }}{{ $first = include "llm-stack.source.modelkit.script" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "huggingface" }}{{ $first = include "llm-stack.source.huggingface.script" . | trim }}{{ end }}{{ end }}
{{- if not $first }}{{ if eq .Values.model.source "s3" }}{{ $first = include "llm-stack.source.s3.script" . | trim }}{{ end }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.loader.env" -}}
{{- $joined := dict }}
{{- if eq .Values.model.source "ollama" }}{{ with include "llm-stack.source.ollama.env" . | dict "of" "llm-stack.source.ollama.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.env" . | dict "of" "llm-stack.source.modelkit.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.env" . | dict "of" "llm-stack.source.huggingface.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.env" . | dict "of" "llm-stack.source.s3.env" "text" | include "llm-stack.map" | mustFromJson }}
{{- $joined = mergeOverwrite $joined . }}
{{- end }}{{ end }}
{{- toYaml $joined }}
{{- end }}


{{- define "llm-stack.slot.loader.volumes" -}}
{{- with include "llm-stack.loader.volumes" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.volumes" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.loader.volumeMounts" -}}
{{- with include "llm-stack.loader.volumeMounts" . | trim }}
{{ . }}
{{- end }}
{{- if eq .Values.model.source "modelkit" }}{{ with include "llm-stack.source.modelkit.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "huggingface" }}{{ with include "llm-stack.source.huggingface.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- if eq .Values.model.source "s3" }}{{ with include "llm-stack.source.s3.volumeMounts" . | trim }}
{{ . }}
{{- end }}{{ end }}
{{- end }}


{{- define "llm-stack.slot.loader.container" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.loader.container" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.loader.pod" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.loader.pod" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.loader.job" -}}
{{- if not (hasKey .Once "loader.job") }}
{{- $_ := set .Once "loader.job" (include "llm-stack.once.loader.job" .) }}
{{- end }}
{{- get .Once "loader.job" }}
{{- end }}


{{- define "llm-stack.once.loader.job" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.loader.job" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.sizing.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.sizing.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.slot.monitor.facts" -}}
{{- $first := "" }}
{{- if not $first }}{{ $first = include "llm-stack.observe.monitor.facts" . | trim }}{{ end }}
{{- $first }}
{{- end }}


{{- define "llm-stack.facts.server" -}}
{{- $text := include "llm-stack.slot.gpu.facts" . }}
{{- $_ := set .Facts "gpu" (dict "of" "gpu.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.source.facts" . }}
{{- $_ := set .Facts "source" (dict "of" "source.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.delivery.facts" . }}
{{- $_ := set .Facts "delivery" (dict "of" "delivery.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.cache.facts" . }}
{{- $_ := set .Facts "cache" (dict "of" "cache.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.monitor.facts" . }}
{{- $_ := set .Facts "monitor" (dict "of" "monitor.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.group.facts" . }}
{{- $_ := set .Facts "group" (dict "of" "group.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.models.facts" . }}
{{- $_ := set .Facts "models" (dict "of" "models.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.model.facts" . }}
{{- $_ := set .Facts "model" (dict "of" "model.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.engine.facts" . }}
{{- $_ := set .Facts "engine" (dict "of" "engine.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.batch.facts" . }}
{{- $_ := set .Facts "batch" (dict "of" "batch.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.sizing.facts" . }}
{{- $_ := set .Facts "sizing" (dict "of" "sizing.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- $text := include "llm-stack.slot.server.facts" . }}
{{- $_ := set .Facts "server" (dict "of" "server.facts" "text" $text | include "llm-stack.map" | mustFromJson) }}
{{- end }}


{{- define "llm-stack.facts.release" -}}
{{- $text := include "llm-stack.slot.ui.facts" . }}
{{- $_ := set .Facts "ui" (dict "of" "ui.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.endpoints.facts" . }}
{{- $_ := set .Facts "endpoints" (dict "of" "endpoints.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.secrets.facts" . }}
{{- $_ := set .Facts "secrets" (dict "of" "secrets.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.expose.facts" . }}
{{- $_ := set .Facts "expose" (dict "of" "expose.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.ways.facts" . }}
{{- $_ := set .Facts "ways" (dict "of" "ways.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.access.facts" . }}
{{- $_ := set .Facts "access" (dict "of" "access.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- $text := include "llm-stack.slot.network.facts" . }}
{{- $_ := set .Facts "network" (dict "of" "network.facts" "text" $text | include "llm-stack.list" | mustFromJson) }}
{{- end }}





{{- define "llm-stack.data.factProblems" -}}
{{- $slot := .slot }}
{{- $keys := .keys }}
{{- $at := .at | default "" }}
{{- $root := .root }}
{{- $kinds := dict "string" "string" "bool" "boolean" "float64" "number" "slice" "array" "map" "object" }}
{{- range $facts := .facts }}
{{- if not (kindIs "map" $facts) }}
{{ $slot }}: {{ toJson $facts }} is not a map; correct the template that states it
{{- else }}
{{- $root := $root | default $facts }}
{{- range $key, $value := $facts }}
{{- $rule := get $keys $key }}
{{- $kind := get $kinds (kindOf $value) }}
{{- $among := get $root (($rule | default dict).keyOf | default "") }}
{{- if and (eq $kind "number") (eq (float64 $value) (floor $value)) (eq ($rule | default dict).type "integer") }}
{{- $kind = "integer" }}
{{- end }}
{{- if not $rule }}
{{ $slot }}: {{ $at }}{{ $key }} is not one of its keys; use one of {{ keys $keys | sortAlpha | join ", " }}
{{- else if kindIs "invalid" $value }}
{{- else if ne $kind $rule.type }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}, which is not of type {{ $rule.type }}; state one that is
{{- else if and $rule.enum (not (has $value $rule.enum)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; use one of {{ join ", " $rule.enum }}
{{- else if and $rule.keyOf (not (has $value (kindIs "map" $among | ternary $among dict | keys | concat $rule.or))) }}
{{- $known := append $rule.or (printf "a key of %s" $rule.keyOf) | join " or " }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; use {{ $known }}
{{- else if and (hasKey $rule "minimum") (lt $value (float64 $rule.minimum)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; state a number of at least {{ $rule.minimum }}
{{- else if and (hasKey $rule "maximum") (gt $value (float64 $rule.maximum)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; state a number of at most {{ $rule.maximum }}
{{- else if and $rule.pattern $value (not (regexMatch $rule.pattern $value)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; use {{ $rule.wanted }}
{{- else if $rule.keys }}
{{- $inner := dict "slot" $slot "keys" $rule.keys "facts" (list $value) "at" (printf "%s%s." $at $key) "root" $root }}
{{- include "llm-stack.data.factProblems" $inner }}
{{- else if $rule.items }}
{{- range $value }}
{{- if not (has . $rule.items.enum) }}
{{ $slot }}: {{ $at }}{{ $key }} has {{ toJson . }}; use {{ join ", " $rule.items.enum }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $rule := $keys }}
{{- if and $rule.required (or (not (hasKey $facts $key)) (kindIs "invalid" (get $facts $key))) }}
{{ $slot }}: {{ $at }}{{ $key }} is missing; state it
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.data.serverFacts" -}}
{{- with .Facts.server }}
{{- if not (and (kindIs "map" .) (not (omit . "kind" "apiVersion" "name" "logs" "wait" "minReplicas" "maxReplicas" "port")) (kindIs "string" .kind) (or (not .kind) (regexMatch `^[A-Z][A-Za-z0-9]*$` .kind)) (kindIs "string" .apiVersion) (or (not .apiVersion) (regexMatch `^([a-z0-9.-]+/)?v[0-9]+((alpha|beta)[0-9]+)?$` .apiVersion)) (kindIs "string" .name) (or (not .name) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .name)) (kindIs "string" .logs) (kindIs "string" .wait) (kindIs "float64" .minReplicas) (eq .minReplicas (floor .minReplicas)) (ge .minReplicas (float64 0)) (kindIs "float64" .maxReplicas) (eq .maxReplicas (floor .maxReplicas)) (ge .maxReplicas (float64 0)) (or (not (hasKey . "port")) (and (kindIs "float64" .port) (eq .port (floor .port)) (ge .port (float64 1)) (le .port (float64 65535))))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "server.facts" "keys" (mustFromJson `{"kind": {"type": "string", "required": true, "pattern": "^[A-Z][A-Za-z0-9]*$", "wanted": "a kind such as Deployment"}, "apiVersion": {"type": "string", "required": true, "pattern": "^([a-z0-9.-]+/)?v[0-9]+((alpha|beta)[0-9]+)?$", "wanted": "a version of an API such as apps/v1"}, "name": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "logs": {"type": "string", "required": true}, "wait": {"type": "string", "required": true}, "minReplicas": {"type": "integer", "minimum": 0, "required": true}, "maxReplicas": {"type": "integer", "minimum": 0, "required": true}, "port": {"type": "integer", "minimum": 1, "maximum": 65535}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.engine }}
{{- if not (and (kindIs "map" .) (not (omit . "port" "protocol" "formats" "image" "model" "names" "vendors" "parallel" "slidingWindow" "kvCacheTypes" "offloadsToMemory" "mapsWeights" "versions" "promptCacheMiB" "readOnly" "mountPath" "subPath" "ports" "metrics" "ready" "secret" "keyVariable" "arguments" "variables" "alsoAccepted" "lists" "wholeContext" "access" "copies" "sharesExperts" "usablePercent" "cards" "partitions" "tensorParallel" "tensorParallelSize" "dtype" "quantization" "cpu" "batch" "servesOneModel" "health" "hides" "sharedMemory" "parallelism" "group" "modelFile" "embeds" "reloadValue" "offline")) (kindIs "float64" .port) (eq .port (floor .port)) (ge .port (float64 1)) (le .port (float64 65535)) (kindIs "string" .protocol) (has .protocol (list "ollama" "openai" "kserve" "none")) (kindIs "slice" .formats) (not (without .formats "directory" "ollama")) (or (not (hasKey . "image")) (kindIs "string" .image)) (or (not (hasKey . "model")) (kindIs "string" .model)) (or (not (hasKey . "names")) (kindIs "slice" .names)) (or (not (hasKey . "vendors")) (kindIs "slice" .vendors)) (or (not (hasKey . "parallel")) (and (kindIs "float64" .parallel) (eq .parallel (floor .parallel)) (ge .parallel (float64 1)))) (or (not (hasKey . "slidingWindow")) (kindIs "bool" .slidingWindow)) (or (not (hasKey . "kvCacheTypes")) (kindIs "slice" .kvCacheTypes)) (or (not (hasKey . "offloadsToMemory")) (kindIs "bool" .offloadsToMemory)) (or (not (hasKey . "mapsWeights")) (kindIs "bool" .mapsWeights)) (or (not (hasKey . "versions")) (kindIs "string" .versions)) (or (not (hasKey . "promptCacheMiB")) (and (kindIs "float64" .promptCacheMiB) (eq .promptCacheMiB (floor .promptCacheMiB)) (ge .promptCacheMiB (float64 0)))) (or (not (hasKey . "readOnly")) (kindIs "bool" .readOnly)) (or (not (hasKey . "mountPath")) (and (kindIs "string" .mountPath) (or (not .mountPath) (regexMatch `^/\S*$` .mountPath)))) (or (not (hasKey . "subPath")) (and (kindIs "string" .subPath) (or (not .subPath) (regexMatch `^[^/\s]\S*$` .subPath)))) (or (not (hasKey . "ports")) (kindIs "map" .ports)) (or (not (hasKey . "metrics")) (and (kindIs "map" .metrics) (and (kindIs "map" .metrics) (not (omit .metrics "port" "path" "secret" "running" "waiting" "cache" "requests" "promptTokens" "generatedTokens" "firstToken" "latency")) (kindIs "string" .metrics.port) (or (has .metrics.port (list "http")) (and (hasKey . "ports") (kindIs "map" .ports) (hasKey .ports .metrics.port))) (kindIs "string" .metrics.path) (or (not .metrics.path) (regexMatch `^/\S*$` .metrics.path)) (or (not (hasKey .metrics "secret")) (kindIs "bool" .metrics.secret)) (or (not (hasKey .metrics "running")) (and (kindIs "string" .metrics.running) (or (not .metrics.running) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.running)))) (or (not (hasKey .metrics "waiting")) (and (kindIs "string" .metrics.waiting) (or (not .metrics.waiting) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.waiting)))) (or (not (hasKey .metrics "cache")) (and (kindIs "string" .metrics.cache) (or (not .metrics.cache) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.cache)))) (or (not (hasKey .metrics "requests")) (and (kindIs "string" .metrics.requests) (or (not .metrics.requests) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.requests)))) (or (not (hasKey .metrics "promptTokens")) (and (kindIs "string" .metrics.promptTokens) (or (not .metrics.promptTokens) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.promptTokens)))) (or (not (hasKey .metrics "generatedTokens")) (and (kindIs "string" .metrics.generatedTokens) (or (not .metrics.generatedTokens) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.generatedTokens)))) (or (not (hasKey .metrics "firstToken")) (and (kindIs "string" .metrics.firstToken) (or (not .metrics.firstToken) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.firstToken)))) (or (not (hasKey .metrics "latency")) (and (kindIs "string" .metrics.latency) (or (not .metrics.latency) (regexMatch `^[a-zA-Z_:][a-zA-Z0-9_:]*$` .metrics.latency))))))) (or (not (hasKey . "ready")) (kindIs "slice" .ready)) (or (not (hasKey . "secret")) (and (kindIs "map" .secret) (and (kindIs "map" .secret) (not (omit .secret "name" "key")) (kindIs "string" .secret.name) (or (not .secret.name) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .secret.name)) (kindIs "string" .secret.key) (or (not .secret.key) (regexMatch `^[-._a-zA-Z0-9]+$` .secret.key))))) (or (not (hasKey . "keyVariable")) (kindIs "string" .keyVariable)) (or (not (hasKey . "arguments")) (kindIs "map" .arguments)) (or (not (hasKey . "variables")) (kindIs "map" .variables)) (or (not (hasKey . "alsoAccepted")) (kindIs "map" .alsoAccepted)) (or (not (hasKey . "lists")) (kindIs "slice" .lists)) (or (not (hasKey . "wholeContext")) (kindIs "bool" .wholeContext)) (or (not (hasKey . "access")) (kindIs "string" .access)) (or (not (hasKey . "copies")) (and (kindIs "float64" .copies) (eq .copies (floor .copies)) (ge .copies (float64 1)))) (or (not (hasKey . "sharesExperts")) (kindIs "bool" .sharesExperts)) (or (not (hasKey . "usablePercent")) (and (kindIs "float64" .usablePercent) (eq .usablePercent (floor .usablePercent)) (ge .usablePercent (float64 1)) (le .usablePercent (float64 100)))) (or (not (hasKey . "cards")) (kindIs "map" .cards)) (or (not (hasKey . "partitions")) (kindIs "bool" .partitions)) (or (not (hasKey . "tensorParallel")) (kindIs "bool" .tensorParallel)) (or (not (hasKey . "tensorParallelSize")) (and (kindIs "float64" .tensorParallelSize) (eq .tensorParallelSize (floor .tensorParallelSize)) (ge .tensorParallelSize (float64 1)))) (or (not (hasKey . "dtype")) (kindIs "string" .dtype)) (or (not (hasKey . "quantization")) (kindIs "string" .quantization)) (or (not (hasKey . "cpu")) (kindIs "bool" .cpu)) (or (not (hasKey . "batch")) (kindIs "bool" .batch)) (or (not (hasKey . "servesOneModel")) (kindIs "bool" .servesOneModel)) (or (not (hasKey . "health")) (and (kindIs "map" .health) (and (kindIs "map" .health) (not (omit .health "ready" "live")) (or (not (hasKey .health "ready")) (and (kindIs "string" .health.ready) (or (not .health.ready) (regexMatch `^/\S*$` .health.ready)))) (or (not (hasKey .health "live")) (and (kindIs "string" .health.live) (or (not .health.live) (regexMatch `^/\S*$` .health.live))))))) (or (not (hasKey . "hides")) (kindIs "map" .hides)) (or (not (hasKey . "sharedMemory")) (and (kindIs "string" .sharedMemory) (or (not .sharedMemory) (regexMatch `^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$` .sharedMemory)))) (or (not (hasKey . "parallelism")) (kindIs "string" .parallelism)) (or (not (hasKey . "group")) (and (kindIs "map" .group) (and (kindIs "map" .group) (not (omit .group "port" "requests" "variables")) (kindIs "float64" .group.port) (eq .group.port (floor .group.port)) (ge .group.port (float64 1)) (le .group.port (float64 65535)) (kindIs "map" .group.requests) (or (not (hasKey .group "variables")) (kindIs "slice" .group.variables))))) (or (not (hasKey . "modelFile")) (kindIs "string" .modelFile)) (or (not (hasKey . "embeds")) (kindIs "bool" .embeds)) (or (not (hasKey . "reloadValue")) (kindIs "string" .reloadValue)) (or (not (hasKey . "offline")) (kindIs "bool" .offline))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "engine.facts" "keys" (mustFromJson `{"port": {"type": "integer", "minimum": 1, "maximum": 65535, "required": true}, "protocol": {"type": "string", "enum": ["ollama", "openai", "kserve", "none"], "required": true}, "formats": {"type": "array", "required": true, "items": {"enum": ["directory", "ollama"]}}, "image": {"type": "string"}, "model": {"type": "string"}, "names": {"type": "array"}, "vendors": {"type": "array"}, "parallel": {"type": "integer", "minimum": 1}, "slidingWindow": {"type": "boolean"}, "kvCacheTypes": {"type": "array"}, "offloadsToMemory": {"type": "boolean"}, "mapsWeights": {"type": "boolean"}, "versions": {"type": "string"}, "promptCacheMiB": {"type": "integer", "minimum": 0}, "readOnly": {"type": "boolean"}, "mountPath": {"type": "string", "pattern": "^/\\S*$", "wanted": "a path that begins with /"}, "subPath": {"type": "string", "pattern": "^[^/\\s]\\S*$", "wanted": "a path that does not begin with /"}, "ports": {"type": "object"}, "metrics": {"type": "object", "keys": {"port": {"type": "string", "keyOf": "ports", "required": true, "or": ["http"]}, "path": {"type": "string", "required": true, "pattern": "^/\\S*$", "wanted": "a path that begins with /"}, "secret": {"type": "boolean"}, "running": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "waiting": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "cache": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "requests": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "promptTokens": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "generatedTokens": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "firstToken": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}, "latency": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$", "wanted": "the name of a metric"}}}, "ready": {"type": "array"}, "secret": {"type": "object", "keys": {"name": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "key": {"type": "string", "required": true, "pattern": "^[-._a-zA-Z0-9]+$", "wanted": "a key of letters, digits, dots, dashes and underscores"}}}, "keyVariable": {"type": "string"}, "arguments": {"type": "object"}, "variables": {"type": "object"}, "alsoAccepted": {"type": "object"}, "lists": {"type": "array"}, "wholeContext": {"type": "boolean"}, "access": {"type": "string"}, "copies": {"type": "integer", "minimum": 1}, "sharesExperts": {"type": "boolean"}, "usablePercent": {"type": "integer", "minimum": 1, "maximum": 100}, "cards": {"type": "object"}, "partitions": {"type": "boolean"}, "tensorParallel": {"type": "boolean"}, "tensorParallelSize": {"type": "integer", "minimum": 1}, "dtype": {"type": "string"}, "quantization": {"type": "string"}, "cpu": {"type": "boolean"}, "batch": {"type": "boolean"}, "servesOneModel": {"type": "boolean"}, "health": {"type": "object", "keys": {"ready": {"type": "string", "pattern": "^/\\S*$", "wanted": "a path that begins with /"}, "live": {"type": "string", "pattern": "^/\\S*$", "wanted": "a path that begins with /"}}}, "hides": {"type": "object"}, "sharedMemory": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$", "wanted": "a quantity such as 2Gi"}, "parallelism": {"type": "string"}, "group": {"type": "object", "keys": {"port": {"type": "integer", "minimum": 1, "maximum": 65535, "required": true}, "requests": {"type": "object", "required": true}, "variables": {"type": "array"}}}, "modelFile": {"type": "string"}, "embeds": {"type": "boolean"}, "reloadValue": {"type": "string"}, "offline": {"type": "boolean"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.source }}
{{- if not (and (kindIs "map" .) (not (omit . "format" "image" "curl" "copies")) (kindIs "string" .format) (has .format (list "directory" "ollama")) (kindIs "string" .image) (or (not (hasKey . "curl")) (kindIs "bool" .curl)) (or (not (hasKey . "copies")) (and (kindIs "float64" .copies) (eq .copies (floor .copies)) (ge .copies (float64 1))))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "source.facts" "keys" (mustFromJson `{"format": {"type": "string", "enum": ["directory", "ollama"], "required": true}, "image": {"type": "string", "required": true}, "curl": {"type": "boolean"}, "copies": {"type": "integer", "minimum": 1}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.models }}
{{- if not (and (kindIs "map" .) (not (omit . "key" "name" "tag" "digest" "reference" "folder" "filters")) (kindIs "string" .key) (kindIs "string" .name) (kindIs "string" .tag) (kindIs "string" .digest) (kindIs "string" .reference) (kindIs "string" .folder) (kindIs "slice" .filters)) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "models.facts" "keys" (mustFromJson `{"key": {"type": "string", "required": true}, "name": {"type": "string", "required": true}, "tag": {"type": "string", "required": true}, "digest": {"type": "string", "required": true}, "reference": {"type": "string", "required": true}, "folder": {"type": "string", "required": true}, "filters": {"type": "array", "required": true}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.model }}
{{- if not (and (kindIs "map" .) (not (omit . "name" "folder" "path")) (kindIs "string" .name) (kindIs "string" .folder) (or (not .folder) (regexMatch `^[^/\s]\S*$` .folder)) (kindIs "string" .path) (or (not .path) (regexMatch `^/\S*$` .path))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "model.facts" "keys" (mustFromJson `{"name": {"type": "string", "required": true}, "folder": {"type": "string", "required": true, "pattern": "^[^/\\s]\\S*$", "wanted": "a path that does not begin with /"}, "path": {"type": "string", "required": true, "pattern": "^/\\S*$", "wanted": "a path that begins with /"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.gpu }}
{{- if not (and (kindIs "map" .) (not (omit . "vendor" "count" "memoryMiB" "partition" "partitionValue")) (kindIs "string" .vendor) (kindIs "float64" .count) (eq .count (floor .count)) (ge .count (float64 0)) (kindIs "float64" .memoryMiB) (eq .memoryMiB (floor .memoryMiB)) (ge .memoryMiB (float64 0)) (or (not (hasKey . "partition")) (kindIs "string" .partition)) (or (not (hasKey . "partitionValue")) (and (kindIs "string" .partitionValue) (has .partitionValue (list "gpu.partition" "gpu.resources"))))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "gpu.facts" "keys" (mustFromJson `{"vendor": {"type": "string", "required": true}, "count": {"type": "integer", "minimum": 0, "required": true}, "memoryMiB": {"type": "integer", "minimum": 0, "required": true}, "partition": {"type": "string"}, "partitionValue": {"type": "string", "enum": ["gpu.partition", "gpu.resources"]}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.delivery }}
{{- if not (and (kindIs "map" .) (not (omit . "job" "waitsForLoader" "refreshes" "separateWorkload" "readOnly" "refreshCommand" "cronJob" "daemonSet")) (or (not (hasKey . "job")) (kindIs "bool" .job)) (or (not (hasKey . "waitsForLoader")) (kindIs "bool" .waitsForLoader)) (or (not (hasKey . "refreshes")) (kindIs "bool" .refreshes)) (or (not (hasKey . "separateWorkload")) (kindIs "string" .separateWorkload)) (or (not (hasKey . "readOnly")) (kindIs "bool" .readOnly)) (or (not (hasKey . "refreshCommand")) (kindIs "string" .refreshCommand)) (or (not (hasKey . "cronJob")) (and (kindIs "string" .cronJob) (or (not .cronJob) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .cronJob)))) (or (not (hasKey . "daemonSet")) (and (kindIs "string" .daemonSet) (or (not .daemonSet) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .daemonSet))))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "delivery.facts" "keys" (mustFromJson `{"job": {"type": "boolean"}, "waitsForLoader": {"type": "boolean"}, "refreshes": {"type": "boolean"}, "separateWorkload": {"type": "string"}, "readOnly": {"type": "boolean"}, "refreshCommand": {"type": "string"}, "cronJob": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "daemonSet": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.group }}
{{- if not (and (kindIs "map" .) (not (omit . "size" "rank" "leader" "serve" "upgrade" "wait" "variables" "metrics" "operator")) (kindIs "float64" .size) (eq .size (floor .size)) (ge .size (float64 2)) (or (not (hasKey . "rank")) (kindIs "string" .rank)) (or (not (hasKey . "leader")) (kindIs "string" .leader)) (or (not (hasKey . "serve")) (kindIs "bool" .serve)) (or (not (hasKey . "upgrade")) (kindIs "string" .upgrade)) (or (not (hasKey . "wait")) (kindIs "string" .wait)) (kindIs "slice" .variables) (or (not (hasKey . "metrics")) (and (kindIs "float64" .metrics) (eq .metrics (floor .metrics)) (ge .metrics (float64 1)) (le .metrics (float64 65535)))) (or (not (hasKey . "operator")) (and (kindIs "string" .operator) (or (not .operator) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .operator))))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "group.facts" "keys" (mustFromJson `{"size": {"type": "integer", "minimum": 2, "required": true}, "rank": {"type": "string"}, "leader": {"type": "string"}, "serve": {"type": "boolean"}, "upgrade": {"type": "string"}, "wait": {"type": "string"}, "variables": {"type": "array", "required": true}, "metrics": {"type": "integer", "minimum": 1, "maximum": 65535}, "operator": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.batch }}
{{- if not (and (kindIs "map" .) (not (omit . "parallelism" "output" "folders")) (kindIs "float64" .parallelism) (eq .parallelism (floor .parallelism)) (ge .parallelism (float64 1)) (kindIs "string" .output) (or (not .output) (regexMatch `^/\S*$` .output)) (kindIs "slice" .folders)) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "batch.facts" "keys" (mustFromJson `{"parallelism": {"type": "integer", "minimum": 1, "required": true}, "output": {"type": "string", "required": true, "pattern": "^/\\S*$", "wanted": "a path that begins with /"}, "folders": {"type": "array", "required": true}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.cache }}
{{- if not (and (kindIs "map" .) (not (omit . "type" "existing" "shared" "accessModes" "size" "memory" "place")) (kindIs "string" .type) (kindIs "bool" .existing) (kindIs "bool" .shared) (kindIs "slice" .accessModes) (not (without .accessModes "ReadWriteOnce" "ReadOnlyMany" "ReadWriteMany" "ReadWriteOncePod")) (or (not (hasKey . "size")) (and (kindIs "string" .size) (or (not .size) (regexMatch `^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$` .size)))) (kindIs "bool" .memory) (or (not (hasKey . "place")) (kindIs "string" .place))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "cache.facts" "keys" (mustFromJson `{"type": {"type": "string", "required": true}, "existing": {"type": "boolean", "required": true}, "shared": {"type": "boolean", "required": true}, "accessModes": {"type": "array", "required": true, "items": {"enum": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]}}, "size": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$", "wanted": "a quantity such as 2Gi"}, "memory": {"type": "boolean", "required": true}, "place": {"type": "string"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.sizing }}
{{- if not (and (kindIs "map" .) (not (omit . "known" "weightsMiB" "kvMiB" "needMiB" "programMiB" "promptCacheMiB" "usablePercent" "models")) (kindIs "bool" .known) (kindIs "float64" .weightsMiB) (eq .weightsMiB (floor .weightsMiB)) (ge .weightsMiB (float64 0)) (kindIs "float64" .kvMiB) (eq .kvMiB (floor .kvMiB)) (ge .kvMiB (float64 0)) (kindIs "float64" .needMiB) (eq .needMiB (floor .needMiB)) (ge .needMiB (float64 0)) (kindIs "float64" .programMiB) (eq .programMiB (floor .programMiB)) (ge .programMiB (float64 0)) (kindIs "float64" .promptCacheMiB) (eq .promptCacheMiB (floor .promptCacheMiB)) (ge .promptCacheMiB (float64 0)) (kindIs "float64" .usablePercent) (eq .usablePercent (floor .usablePercent)) (ge .usablePercent (float64 1)) (le .usablePercent (float64 100)) (kindIs "slice" .models)) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "sizing.facts" "keys" (mustFromJson `{"known": {"type": "boolean", "required": true}, "weightsMiB": {"type": "integer", "minimum": 0, "required": true}, "kvMiB": {"type": "integer", "minimum": 0, "required": true}, "needMiB": {"type": "integer", "minimum": 0, "required": true}, "programMiB": {"type": "integer", "minimum": 0, "required": true}, "promptCacheMiB": {"type": "integer", "minimum": 0, "required": true}, "usablePercent": {"type": "integer", "minimum": 1, "maximum": 100, "required": true}, "models": {"type": "array", "required": true}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- with .Facts.monitor }}
{{- if not (and (kindIs "map" .) (not (omit . "enabled" "labels")) (kindIs "bool" .enabled) (kindIs "map" .labels)) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "monitor.facts" "keys" (mustFromJson `{"enabled": {"type": "boolean", "required": true}, "labels": {"type": "object", "required": true}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.data.releaseFacts" -}}
{{- range .Facts.ui }}
{{- if not (and (kindIs "map" .) (not (omit . "name" "service" "port" "nodePort" "title" "image")) (kindIs "string" .name) (kindIs "string" .service) (or (not .service) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .service)) (kindIs "float64" .port) (eq .port (floor .port)) (ge .port (float64 1)) (le .port (float64 65535)) (or (not (hasKey . "nodePort")) (and (kindIs "float64" .nodePort) (eq .nodePort (floor .nodePort)) (ge .nodePort (float64 1)) (le .nodePort (float64 65535)))) (kindIs "string" .title) (kindIs "string" .image)) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "ui.facts" "keys" (mustFromJson `{"name": {"type": "string", "required": true}, "service": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "port": {"type": "integer", "minimum": 1, "maximum": 65535, "required": true}, "nodePort": {"type": "integer", "minimum": 1, "maximum": 65535}, "title": {"type": "string", "required": true}, "image": {"type": "string", "required": true}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.expose }}
{{- if not (and (kindIs "map" .) (not (omit . "url" "hosts" "service" "password" "annotations")) (or (not (hasKey . "url")) (and (kindIs "string" .url) (or (not .url) (regexMatch `^[a-z][a-z0-9+.-]*://[^\s/]+(/\S*)?$` .url)))) (or (not (hasKey . "hosts")) (kindIs "string" .hosts)) (kindIs "string" .service) (or (not .service) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .service)) (or (not (hasKey . "password")) (kindIs "string" .password)) (or (not (hasKey . "annotations")) (kindIs "slice" .annotations))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "expose.facts" "keys" (mustFromJson `{"url": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*://[^\\s/]+(/\\S*)?$", "wanted": "a URL such as https://example.com"}, "hosts": {"type": "string"}, "service": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "password": {"type": "string"}, "annotations": {"type": "array"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.ways }}
{{- if not (and (kindIs "map" .) (not (omit . "key" "kind" "host" "parent" "section" "port" "path" "places")) (kindIs "string" .key) (kindIs "string" .kind) (has .kind (list "Ingress" "HTTPRoute")) (or (not (hasKey . "host")) (kindIs "string" .host)) (or (not (hasKey . "parent")) (kindIs "string" .parent)) (or (not (hasKey . "section")) (and (kindIs "string" .section) (or (not .section) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .section)))) (or (not (hasKey . "port")) (and (kindIs "float64" .port) (eq .port (floor .port)) (ge .port (float64 1)) (le .port (float64 65535)))) (or (not (hasKey . "path")) (kindIs "string" .path)) (or (not (hasKey . "places")) (kindIs "map" .places))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "ways.facts" "keys" (mustFromJson `{"key": {"type": "string", "required": true}, "kind": {"type": "string", "enum": ["Ingress", "HTTPRoute"], "required": true}, "host": {"type": "string"}, "parent": {"type": "string"}, "section": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "port": {"type": "integer", "minimum": 1, "maximum": 65535}, "path": {"type": "string"}, "places": {"type": "object"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.access }}
{{- if not (and (kindIs "map" .) (not (omit . "title" "service" "type" "nodePort" "who" "annotations" "authorization")) (kindIs "string" .title) (kindIs "string" .service) (or (not .service) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .service)) (kindIs "string" .type) (has .type (list "ClusterIP" "NodePort" "LoadBalancer")) (or (not (hasKey . "nodePort")) (and (kindIs "float64" .nodePort) (eq .nodePort (floor .nodePort)) (ge .nodePort (float64 1)) (le .nodePort (float64 65535)))) (kindIs "string" .who) (or (not (hasKey . "annotations")) (kindIs "slice" .annotations)) (or (not (hasKey . "authorization")) (kindIs "string" .authorization))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "access.facts" "keys" (mustFromJson `{"title": {"type": "string", "required": true}, "service": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "type": {"type": "string", "enum": ["ClusterIP", "NodePort", "LoadBalancer"], "required": true}, "nodePort": {"type": "integer", "minimum": 1, "maximum": 65535}, "who": {"type": "string", "required": true}, "annotations": {"type": "array"}, "authorization": {"type": "string"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.network }}
{{- if not (and (kindIs "map" .) (not (omit . "component" "of" "service" "ports" "public" "metrics" "scraped" "urls" "hidden" "unread" "internet" "kubernetes" "operators" "peers")) (kindIs "string" .component) (or (not .component) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .component)) (or (not (hasKey . "of")) (and (kindIs "string" .of) (or (not .of) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .of)))) (or (not (hasKey . "service")) (and (kindIs "string" .service) (or (not .service) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .service)))) (or (not (hasKey . "ports")) (kindIs "slice" .ports)) (or (not (hasKey . "public")) (kindIs "bool" .public)) (or (not (hasKey . "metrics")) (and (kindIs "float64" .metrics) (eq .metrics (floor .metrics)) (ge .metrics (float64 1)) (le .metrics (float64 65535)))) (or (not (hasKey . "scraped")) (kindIs "bool" .scraped)) (or (not (hasKey . "urls")) (kindIs "slice" .urls)) (or (not (hasKey . "hidden")) (kindIs "slice" .hidden)) (or (not (hasKey . "unread")) (kindIs "slice" .unread)) (or (not (hasKey . "internet")) (kindIs "bool" .internet)) (or (not (hasKey . "kubernetes")) (kindIs "bool" .kubernetes)) (or (not (hasKey . "operators")) (kindIs "map" .operators)) (or (not (hasKey . "peers")) (kindIs "slice" .peers))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "network.facts" "keys" (mustFromJson `{"component": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "of": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "service": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "ports": {"type": "array"}, "public": {"type": "boolean"}, "metrics": {"type": "integer", "minimum": 1, "maximum": 65535}, "scraped": {"type": "boolean"}, "urls": {"type": "array"}, "hidden": {"type": "array"}, "unread": {"type": "array"}, "internet": {"type": "boolean"}, "kubernetes": {"type": "boolean"}, "operators": {"type": "object"}, "peers": {"type": "array"}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.secrets }}
{{- if not (and (kindIs "map" .) (not (omit . "name" "key" "effect")) (kindIs "string" .name) (or (not .name) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .name)) (kindIs "string" .key) (kindIs "string" .effect)) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "secrets.facts" "keys" (mustFromJson `{"name": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "key": {"type": "string", "required": true}, "effect": {"type": "string", "required": true}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- range .Facts.endpoints }}
{{- if not (and (kindIs "map" .) (not (omit . "protocol" "url" "name" "model" "silent" "secret")) (kindIs "string" .protocol) (has .protocol (list "ollama" "openai")) (kindIs "string" .url) (or (not .url) (regexMatch `^[a-z][a-z0-9+.-]*://[^\s/]+(/\S*)?$` .url)) (or (not (hasKey . "name")) (and (kindIs "string" .name) (or (not .name) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .name)))) (or (not (hasKey . "model")) (kindIs "string" .model)) (or (not (hasKey . "silent")) (kindIs "bool" .silent)) (or (not (hasKey . "secret")) (and (kindIs "map" .secret) (and (kindIs "map" .secret) (not (omit .secret "name" "key")) (kindIs "string" .secret.name) (or (not .secret.name) (regexMatch `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$` .secret.name)) (kindIs "string" .secret.key) (or (not .secret.key) (regexMatch `^[-._a-zA-Z0-9]+$` .secret.key)))))) }}
{{- include "llm-stack.data.factProblems" (dict "slot" "endpoints.facts" "keys" (mustFromJson `{"protocol": {"type": "string", "enum": ["ollama", "openai"], "required": true}, "url": {"type": "string", "required": true, "pattern": "^[a-z][a-z0-9+.-]*://[^\\s/]+(/\\S*)?$", "wanted": "a URL such as https://example.com"}, "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "model": {"type": "string"}, "silent": {"type": "boolean"}, "secret": {"type": "object", "keys": {"name": {"type": "string", "required": true, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "wanted": "a name of lowercase letters, digits, dots and dashes"}, "key": {"type": "string", "required": true, "pattern": "^[-._a-zA-Z0-9]+$", "wanted": "a key of letters, digits, dots, dashes and underscores"}}}}`) "facts" (list .)) }}
{{- end }}
{{- end }}
{{- end }}






{{- define "llm-stack.data.keyAlone" -}}
{{- $name := index . 1 }}
{{- $path := last . }}
{{- $key := "" }}
{{- $used := false }}
{{- range prepend (values (first .).Servers) (first .) }}
{{- $block := .Values }}
{{- range $path }}
{{- $block = get $block . | default dict }}
{{- end }}
{{- $key = $key | default (get $block $name) }}
{{- $used = or $used (and (get $block "existingSecret") (eq (get $block $name) $key)) }}
{{- end }}
{{- if not $used }}
{{- $remedy := printf "set existingSecret to the name of a Secret, or remove %s" $name }}
{{ join "." $path }}.{{ $name }}: names a key of existingSecret, which is empty; {{ $remedy }}
{{- end }}
{{- end }}


{{- define "llm-stack.data.serverKeys" -}}
{{- with .Values.vllm }}
{{- with .apiKey }}
{{- if not .existingSecret }}
{{- if ne .key "api-key" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "vllm" "apiKey")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.sglang }}
{{- with .apiKey }}
{{- if not .existingSecret }}
{{- if ne .key "api-key" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "sglang" "apiKey")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.llamacpp }}
{{- with .apiKey }}
{{- if not .existingSecret }}
{{- if ne .key "api-key" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "llamacpp" "apiKey")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.custom }}
{{- with .apiKey }}
{{- if not .existingSecret }}
{{- if ne .key "api-key" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "custom" "apiKey")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.modelkit }}
{{- if not .existingSecret }}
{{- if ne .usernameKey "username" }}
{{- include "llm-stack.data.keyAlone" (list $ "usernameKey" (list "modelkit")) }}
{{- end }}
{{- if ne .passwordKey "password" }}
{{- include "llm-stack.data.keyAlone" (list $ "passwordKey" (list "modelkit")) }}
{{- end }}
{{- end }}
{{- with .cosign }}
{{- if not .existingSecret }}
{{- if ne .key "cosign.pub" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "modelkit" "cosign")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.huggingface }}
{{- if not .existingSecret }}
{{- if ne .tokenKey "token" }}
{{- include "llm-stack.data.keyAlone" (list $ "tokenKey" (list "huggingface")) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.s3 }}
{{- if not .existingSecret }}
{{- if ne .idKey "AWS_ACCESS_KEY_ID" }}
{{- include "llm-stack.data.keyAlone" (list $ "idKey" (list "s3")) }}
{{- end }}
{{- if ne .secretKey "AWS_SECRET_ACCESS_KEY" }}
{{- include "llm-stack.data.keyAlone" (list $ "secretKey" (list "s3")) }}
{{- end }}
{{- if .tokenKey }}
{{- include "llm-stack.data.keyAlone" (list $ "tokenKey" (list "s3")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.data.releaseKeys" -}}
{{- with .Values.openWebui }}
{{- with .endpoints }}
{{- range $name2, $_ := . }}
{{- if not .existingSecret }}
{{- if .key }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "openWebui" "endpoints" $name2)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .toolServers }}
{{- range $name2, $_ := . }}
{{- if not .existingSecret }}
{{- if .key }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "openWebui" "toolServers" $name2)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .database }}
{{- if not .existingSecret }}
{{- if ne .key "database-url" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "openWebui" "database")) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .redis }}
{{- if not .existingSecret }}
{{- if ne .key "redis-url" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "openWebui" "redis")) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .oidc }}
{{- if not .existingSecret }}
{{- if ne .clientIdKey "client-id" }}
{{- include "llm-stack.data.keyAlone" (list $ "clientIdKey" (list "openWebui" "oidc")) }}
{{- end }}
{{- if ne .clientSecretKey "client-secret" }}
{{- include "llm-stack.data.keyAlone" (list $ "clientSecretKey" (list "openWebui" "oidc")) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .ldap }}
{{- if not .existingSecret }}
{{- if ne .key "password" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "openWebui" "ldap")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.nextchat }}
{{- with .endpoint }}
{{- if not .existingSecret }}
{{- if ne .key "api-key" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "nextchat" "endpoint")) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .code }}
{{- if not .existingSecret }}
{{- if ne .key "code" }}
{{- include "llm-stack.data.keyAlone" (list $ "key" (list "nextchat" "code")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.data.replaced" -}}
{{- `{"enabled": ["enabled"], "engine": ["engine"], "model": ["model.name", "model.tag", "model.digest", "model.reference", "model.source", "model.delivery", "model.path", "model.filter", "model.weightsSize", "model.kvCachePerToken", "model.contextLength"], "replicas": ["replicas"], "nodes": ["nodes.count", "nodes.workload", "nodes.networks", "nodes.ray.upgradeStrategy", "nodes.ray.headResources", "nodes.ray.operatorNamespace", "nodes.exclusiveTopology", "nodes.queue", "nodes.stallSeconds"], "image": ["image.repository", "image.tag", "image.digest", "image.pullPolicy"], "env": ["env.*"], "envFrom": ["envFrom"], "extraArgs": ["extraArgs"], "resources": ["resources"], "startupTimeoutSeconds": ["startupTimeoutSeconds"], "terminationGracePeriodSeconds": ["terminationGracePeriodSeconds"], "preStopSleepSeconds": ["preStopSleepSeconds"], "service": ["service.type", "service.nodePort", "service.annotations", "service.port"], "nodeSelector": ["nodeSelector"], "tolerations": ["tolerations"], "affinity": ["affinity"], "topologySpreadConstraints": ["topologySpreadConstraints"], "runtimeClassName": ["runtimeClassName"], "schedulerName": ["schedulerName"], "priorityClassName": ["priorityClassName"], "volumes": ["volumes"], "volumeMounts": ["volumeMounts"], "batch": ["batch.enabled", "batch.run", "batch.schedule", "batch.timeZone", "batch.concurrencyPolicy", "batch.suspend", "batch.completions", "batch.parallelism", "batch.backoffLimit", "batch.activeDeadlineSeconds", "batch.queue", "batch.data.existingClaim", "batch.data.subPath", "batch.data.mountPath", "batch.results.enabled", "batch.results.existingClaim", "batch.results.subPath", "batch.results.mountPath", "batch.results.size", "batch.results.storageClass", "batch.results.accessModes", "batch.results.annotations", "batch.results.keep"], "gpu": ["gpu.vendor", "gpu.count", "gpu.scheme", "gpu.memory", "gpu.coresPercent", "gpu.partition", "gpu.type", "gpu.resources"], "loader": ["loader.retries", "loader.stallSeconds", "loader.interval", "loader.parallel", "loader.prune", "loader.resources", "loader.env.*", "loader.envFrom", "loader.volumes", "loader.volumeMounts"], "ollama": ["ollama.keepAlive", "ollama.numParallel", "ollama.maxLoadedModels", "ollama.kvCacheType", "ollama.flashAttention", "ollama.minGpuPercent", "ollama.promptCacheMiB"], "vllm": ["vllm.servedModelName", "vllm.folder", "vllm.batch.inputFile", "vllm.batch.outputFile", "vllm.tensorParallelSize", "vllm.pipelineParallelSize", "vllm.dataParallelSize", "vllm.maxNumSeqs", "vllm.gpuMemoryUtilization", "vllm.dtype", "vllm.quantization", "vllm.kvCacheDtype", "vllm.lora.maxLoraRank", "vllm.lora.maxLoras", "vllm.chatTemplate", "vllm.apiKey.existingSecret", "vllm.apiKey.key", "vllm.sharedMemory"], "sglang": ["sglang.servedModelName", "sglang.folder", "sglang.tensorParallelSize", "sglang.pipelineParallelSize", "sglang.dataParallelSize", "sglang.maxRunningRequests", "sglang.memFractionStatic", "sglang.embeddings", "sglang.apiKey.existingSecret", "sglang.apiKey.key", "sglang.sharedMemory"], "llamacpp": ["llamacpp.file", "llamacpp.mmproj", "llamacpp.servedModelName", "llamacpp.parallel", "llamacpp.promptCacheMiB", "llamacpp.loadMode", "llamacpp.gpuLayers", "llamacpp.embeddings", "llamacpp.apiKey.existingSecret", "llamacpp.apiKey.key"], "triton": ["triton.models", "triton.sharedMemory"], "custom": ["custom.protocol", "custom.servedModelName", "custom.apiKey.existingSecret", "custom.apiKey.key", "custom.port", "custom.ports", "custom.command", "custom.writablePaths", "custom.sharedMemory", "custom.livenessPath", "custom.readinessPath", "custom.metricsPath", "custom.mountPath", "custom.mount", "custom.reload.path", "custom.reload.method", "custom.reload.body"], "ollamaSource": ["ollamaSource.insecure"], "modelkit": ["modelkit.registry", "modelkit.namespace", "modelkit.existingSecret", "modelkit.usernameKey", "modelkit.passwordKey", "modelkit.plainHttp", "modelkit.caSecret", "modelkit.caConfigMap", "modelkit.concurrency", "modelkit.keepLayers", "modelkit.maxExpansion", "modelkit.maxFiles", "modelkit.cosign.existingSecret", "modelkit.cosign.key", "modelkit.cosign.identity", "modelkit.cosign.issuer", "modelkit.cosign.transparencyLog"], "huggingface": ["huggingface.hub", "huggingface.endpoint", "huggingface.plainHttp", "huggingface.existingSecret", "huggingface.tokenKey", "huggingface.caSecret", "huggingface.caConfigMap", "huggingface.concurrency"], "s3": ["s3.endpoint", "s3.region", "s3.addressing", "s3.plainHttp", "s3.existingSecret", "s3.idKey", "s3.secretKey", "s3.tokenKey", "s3.caSecret", "s3.caConfigMap", "s3.concurrency"], "cronjob": ["cronjob.schedule", "cronjob.timeZone", "cronjob.concurrencyPolicy", "cronjob.successfulJobsHistoryLimit", "cronjob.failedJobsHistoryLimit", "cronjob.suspend"], "daemonset": ["daemonset.chown", "daemonset.maxUnavailable"], "reload": ["reload.mode", "reload.intervalSeconds", "reload.resources"], "modelCache": ["modelCache.type", "modelCache.image.repository", "modelCache.image.tag", "modelCache.image.digest", "modelCache.image.pullPolicy", "modelCache.existingClaim", "modelCache.subPath", "modelCache.size", "modelCache.storageClass", "modelCache.accessModes", "modelCache.annotations", "modelCache.keep", "modelCache.hostPath", "modelCache.medium"], "minimumResources": ["minimumResources.cpu", "minimumResources.memory"], "autoscaling": ["autoscaling.enabled", "autoscaling.minReplicas", "autoscaling.maxReplicas", "autoscaling.targetCPUUtilizationPercentage", "autoscaling.targetMemoryUtilizationPercentage", "autoscaling.metrics", "autoscaling.behavior"], "podDisruptionBudget": ["podDisruptionBudget.enabled", "podDisruptionBudget.minAvailable", "podDisruptionBudget.maxUnavailable"], "topologySpread": ["topologySpread.nodes", "topologySpread.zones"], "monitoring": ["monitoring.enabled", "monitoring.interval"], "alerts": ["alerts.enabled", "alerts.waitingRequests", "alerts.cachePercent", "alerts.volumeFreePercent"], "keda": ["keda.enabled", "keda.minReplicas", "keda.maxReplicas", "keda.requestsPerPod", "keda.cachePercent", "keda.prometheus.serverAddress", "keda.prometheus.triggerAuthentication", "keda.prometheus.triggerAuthenticationKind", "keda.prometheus.authModes", "keda.prometheus.tenancy", "keda.triggers", "keda.pollingInterval", "keda.cooldownPeriod", "keda.behavior"]}` -}}
{{- end }}


{{- define "llm-stack.data.components" -}}
{{- `["dashboard", "open-webui", "pipelines", "nextchat", "web", "api", "web", "picker", "network", "tests"]` -}}
{{- end }}


{{- define "llm-stack.data.manifests" -}}
{{- `["base/extra-objects.yaml", "base/service-account.yaml", "server/deployment.yaml", "server/files.yaml", "server/pods-service.yaml", "server/service.yaml", "server/stateful-set.yaml", "workload/leader-worker-set/leader-worker-set.yaml", "workload/ray-service/ray-service.yaml", "workload/batch/claim.yaml", "workload/batch/cron-job.yaml", "workload/batch/job.yaml", "gpu/claim-template.yaml", "loader/job.yaml", "delivery/cronjob/cron-job.yaml", "delivery/daemonset/daemon-set.yaml", "reload/role-binding.yaml", "reload/role.yaml", "storage/model-cache/claim.yaml", "scale/autoscaling/horizontal-pod-autoscaler.yaml", "scale/pod-disruption-budget/pod-disruption-budget.yaml", "observe/monitor/pod-monitor.yaml", "observe/monitor/service-monitor.yaml", "observe/alerts/prometheus-rule.yaml", "observe/dashboard/config-map.yaml", "scale/keda/scaled-object.yaml", "ui/open-webui/claim.yaml", "ui/open-webui/deployment.yaml", "ui/open-webui/files.yaml", "ui/open-webui/secret.yaml", "ui/open-webui/service.yaml", "ui/pipelines/claim.yaml", "ui/pipelines/deployment.yaml", "ui/pipelines/files.yaml", "ui/pipelines/secret.yaml", "ui/pipelines/service.yaml", "ui/nextchat/deployment.yaml", "ui/nextchat/secret.yaml", "ui/nextchat/service.yaml", "expose/ingress/ingress.yaml", "expose/http-route/http-route.yaml", "expose/http-route/policies.yaml", "expose/http-route/reference-grant.yaml", "route/inference-pool/config.yaml", "route/inference-pool/deployment.yaml", "route/inference-pool/destination-rule.yaml", "route/inference-pool/http-route.yaml", "route/inference-pool/inference-pool.yaml", "route/inference-pool/role-binding.yaml", "route/inference-pool/role.yaml", "route/inference-pool/service.yaml", "secure/network-policy/component.yaml", "secure/network-policy/default-deny.yaml", "verify/helm-test/page.yaml", "verify/helm-test/scripts.yaml", "verify/helm-test/server.yaml"]` -}}
{{- end }}
