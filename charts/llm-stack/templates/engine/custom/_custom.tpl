{{- define "llm-stack.engine.custom.facts" -}}
{{- $custom := .Values.custom -}}
port: {{ int64 $custom.port }}
protocol: {{ $custom.protocol | quote }}
{{- $models := .Facts.models }}
model: {{ $custom.servedModelName | default (ternary (first $models).reference (first $models).name (eq $custom.protocol "ollama")) | quote }}
formats: [directory, ollama]
vendors: []
partitions: true
parallel: 1
batch: true
mapsWeights: true
readOnly: true
reloadValue: custom.reload.path
mountPath: {{ $custom.mountPath | quote }}
{{- if eq $custom.mount "model" }}
subPath: {{ .Facts.model.folder | quote }}
{{- end }}
ports: {{ toJson $custom.ports }}
{{- with $custom.sharedMemory | default (ternary (printf "%dGi" (mul 2 (int64 .Facts.gpu.count))) "" (gt (int64 .Facts.gpu.count) 0)) }}
sharedMemory: {{ quote . }}
{{- end }}
health: {ready: {{ $custom.readinessPath | default $custom.livenessPath | quote }}, live: {{ quote $custom.livenessPath }}}
ready: {{ $custom.readinessPath | default $custom.livenessPath | list | compact | toJson }}
{{- if $custom.apiKey.existingSecret }}
secret: {name: {{ $custom.apiKey.existingSecret | quote }}, key: {{ $custom.apiKey.key | quote }}}
access: {{ printf "Clients in the release send the key in Secret %s. Your program decides whether others need it." $custom.apiKey.existingSecret | quote }}
{{- else }}
access: Your program decides what its API requires of a client.
{{- end }}
{{- with $custom.metricsPath }}
metrics: {port: {{ ternary "metrics" "http" (hasKey $custom.ports "metrics") | quote }}, path: {{ quote . }}}
{{- end }}
{{- end }}


{{- define "llm-stack.engine.custom.env" -}}
USER: server
{{- end }}

{{- define "llm-stack.engine.custom.volumes" -}}
{{- if .Values.custom.writablePaths -}}
- name: writable
  emptyDir: {}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.custom.volumeMounts" -}}
{{- range .Values.custom.writablePaths }}
- name: writable
  mountPath: {{ quote . }}
  subPath: {{ trimPrefix "/" . | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.custom.command" -}}
{{- with .Values.custom.command }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.custom.needs" -}}
{{- with .Values.custom.apiKey.existingSecret -}}
Secret/{{ . }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.custom.reload" -}}
{{- $reload := .Values.custom.reload }}
{{- if $reload.path -}}
- path: {{ quote $reload.path }}
  method: {{ $reload.method | quote }}
  {{- with $reload.body }}
  body: {{ quote . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.custom.checks" -}}
{{- $custom := .Values.custom }}
{{- if not .Values.image.repository }}
image.repository: engine custom has no default image; set image.repository and image.tag to your image
{{- else if not (or .Values.image.tag .Values.image.digest) }}
image.tag: {{ .Values.image.repository }} has no tag, so Kubernetes would use latest; set image.tag or image.digest
{{- end }}
{{- $others := dict "/tmp" false "/opt/files" true "/dev/shm" false }}
{{ include "llm-stack.mountFaults" (dict "key" "custom.mountPath" "path" $custom.mountPath "readOnly" true "others" $others) }}
{{- $taken := dict }}
{{- range $name, $port := $custom.ports }}
{{- with get $taken (toString $port) }}
custom.ports: {{ . }} and {{ $name }} have the same port {{ int64 $port }}; remove one of them, or give it another port
{{- end }}
{{- $_ := set $taken (toString $port) $name }}
{{- if eq $name "http" }}
custom.ports: the name http is reserved for custom.port; rename the other port
{{- else if eq (int64 $port) (int64 $custom.port) }}
custom.ports: {{ $name }} is {{ int64 $port }}, the same as custom.port; remove it, or give it another port
{{- end }}
{{- end }}
{{- $batch := .Facts.batch | default dict }}
{{- range $batch.folders }}
{{- $_ := set $others . (not (hasPrefix (printf "%s/" .) $batch.output)) }}
{{- end }}
{{- $_ := set $others $custom.mountPath true }}
{{- range $custom.writablePaths }}
{{ include "llm-stack.mountFaults" (dict "key" "custom.writablePaths" "path" . "readOnly" false "others" $others) }}
{{- end }}
{{- if .Facts.batch }}
{{- range $key, $value := merge (dict "protocol" (ne $custom.protocol "none")) (pick $custom "ports" "livenessPath" "readinessPath" "metricsPath") }}
{{- if $value }}
custom.{{ $key }}: is set, but a batch program serves nothing; remove it for this server
{{- end }}
{{- end }}
{{- end }}
{{- if and (hasKey $custom.ports "metrics") (not $custom.metricsPath) }}
custom.metricsPath: is empty, but custom.ports has a port for metrics; set it, for example to /metrics
{{- end }}
{{- if and $custom.reload.body (not $custom.reload.path) }}
custom.reload.body: is set, but custom.reload.path is empty, so no reload request is sent; set custom.reload.path, for example to /reload, or remove body
{{- end }}
{{- if and (eq $custom.mount "model") $custom.reload.path }}
custom.reload.path: is set, but with custom.mount model the container keeps the folder that it started with; set custom.mount to cache, or remove custom.reload.path
{{- end }}
{{- if and (eq $custom.mount "model") .Values.models }}
custom.mount: model mounts the folder of one model, but there are several models; set custom.mount to cache
{{- end }}
{{- end }}
