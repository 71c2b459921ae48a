
{{- define "llm-stack.loader.checks" -}}
{{ include "llm-stack.resourceFaults" (list "loader.resources" .Values.loader.resources) }}
{{- if hasSuffix "-loader" .Server }}
a server's name cannot end in -loader, which the names of loader pods end in; rename the server
{{- end }}
{{- $delivery := .Facts.delivery }}
{{- $cache := .Facts.cache }}
{{- if $delivery.separateWorkload }}
{{- if ne $cache.type "persistentVolumeClaim" }}
model.delivery: {{ $delivery.separateWorkload }} downloads models to a claim, but modelCache.type is {{ $cache.type }}; set modelCache.type to persistentVolumeClaim, or model.delivery to init
{{- else if not (has "ReadWriteMany" $cache.accessModes) }}
model.delivery: {{ $delivery.separateWorkload }} and the server can mount the model cache on different nodes at the same time, but modelCache.accessModes is {{ join ", " $cache.accessModes }}; set it to ReadWriteMany with a storage class that supports it (an existing claim cannot be changed: name another with modelCache.existingClaim), or set model.delivery to init
{{- end }}
{{- end }}

{{- $around := include (ternary "llm-stack.slot.loader.volumes" "llm-stack.slot.server.volumes" ($delivery.waitsForLoader | default false)) . | include "llm-stack.list" | mustFromJson }}
{{- $names := dict "models" 1 "files" 1 "tmp" 1 }}
{{- range $around }}
{{- $_ := set $names .name (add1 (get $names .name | default 0)) }}
{{- end }}
{{ include "llm-stack.nodePathFaults" (dict "context" . "volumes" .Values.loader.volumes "key" "loader.volumes") }}
{{- range .Values.loader.volumes }}
{{- if gt (get $names .name | default 0 | int) 1 }}
loader.volumes: {{ .name }} is reserved by the chart; rename your volume
{{- end }}
{{- end }}
{{- $paths := dict "/models" 1 "/opt/files" 1 "/tmp" 1 }}
{{- range include "llm-stack.slot.loader.volumeMounts" . | include "llm-stack.list" | mustFromJson }}
{{- $path := clean .mountPath }}
{{- $_ := set $paths $path (add1 (get $paths $path | default 0)) }}
{{- end }}
{{- range .Values.loader.volumeMounts }}
{{- if gt (get $paths (clean .mountPath) | int) 1 }}
loader.volumeMounts: {{ .mountPath }} is already used by a volume of the chart; use another mountPath
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.loader.releaseChecks" -}}
{{- $users := dict }}
{{- $pruned := list }}
{{- $folders := dict }}
{{- include "llm-stack.servers" . }}
{{- range $name, $server := .Servers }}
{{- with $place := .Facts.cache.place }}
{{- $_ := set $users . (append (get $users . | default list) $name) }}
{{- if and $server.Values.loader.prune (ne $server.Values.model.delivery "none") }}
{{- $pruned = append $pruned . }}
{{- end }}
{{- if and (ne $server.Values.model.delivery "none") (eq ($server.Facts.source.format | default "") "directory") }}
{{- range $server.Facts.models }}
{{- $what := append .filters .reference | join " " }}
{{- $at := printf "%s/%s" $place .folder }}
{{- with get $folders $at }}
{{- if ne .what $what }}
model.path: servers {{ .name }} and {{ $name }} would download different files to {{ $at }} and remove each other's; give one of them another path
{{- end }}
{{- else }}
{{- $_ := set $folders $at (dict "what" $what "name" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $place := uniq $pruned }}
{{- with get $users $place }}
{{- if gt (len .) 1 }}
loader.prune: servers {{ join " and " . }} store their models in the same place, {{ $place }}, and would remove each other's; set loader.prune to false
{{- end }}
{{- end }}
{{- end }}
{{- end }}
