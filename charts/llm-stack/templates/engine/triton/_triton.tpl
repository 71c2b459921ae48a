{{- define "llm-stack.engine.triton.facts" -}}
{{- $models := include "llm-stack.engine.triton.models" . | mustFromJson }}
{{- $ready := list }}
{{- range $models }}
{{- $ready = append $ready (printf "/v2/models/%s/ready" .name) }}
{{- end -}}
{{ include "llm-stack.imagesByVendor" (dict "vendor" .Facts.gpu.vendor "images" (dict "nvidia" "triton" "none" "triton")) }}
port: 8000
ports: {grpc: 8001, metrics: 8002}
# The name is in the core's src/metrics.cc.
metrics: {port: metrics, path: /metrics, requests: nv_inference_request_success}
protocol: kserve
model: {{ (first $models).name | quote }}
formats: [directory]
parallel: 1
readOnly: true
# The image has CUDA 13, which ended the support of older architectures.
cards: {nvidia: {any: "7.5"}}
# The path returns 400 until all models are ready (Triton's src/http_server.cc, core's src/server.cc).
health: {ready: /v2/health/ready, live: /v2/health/live}
ready: {{ $ready | uniq | toJson }}
# src/command_line_parser.cc
hides:
  --allow-http=false: api
  --allow-http=off: api
  --allow-http=0: api
  --strict-readiness=false: early
  --strict-readiness=off: early
  --strict-readiness=0: early
sharedMemory: {{ .Values.triton.sharedMemory | quote }}
{{- end }}


{{- define "llm-stack.engine.triton.models" -}}
{{- $found := list }}
{{- range .Facts.models }}
{{- $version := regexFind "/[1-9][0-9]*$" .folder }}
{{- $found = append $found (dict "folder" .folder "name" (trimSuffix $version .folder) "version" (trimPrefix "/" $version)) }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}








{{- define "llm-stack.engine.triton.args" -}}
- sh
- /opt/files/repository.sh
- serve
- tritonserver
- --model-repository=/repository/models
# Not poll: Triton would read a folder while the loader changes it.
- --model-control-mode=explicit
{{- $names := list }}
{{- range include "llm-stack.engine.triton.models" . | mustFromJson }}
{{- $names = append $names .name }}
{{- end }}
{{- range uniq $names }}
- {{ printf "--load-model=%v" . | quote }}
{{- end }}
# Running requests are completed before the pod stops.
- --exit-timeout-secs={{ max 0 (sub (int64 .Values.terminationGracePeriodSeconds) 5) }}
{{- end }}

{{- define "llm-stack.engine.triton.env" -}}
{{- include "llm-stack.engine.triton.places" . }}
{{- end }}


{{- define "llm-stack.engine.triton.places" -}}
MODELS: /models
REPOSITORY: /repository
LAYOUT: /opt/files/repository.tsv
CONFIGS: /opt/files
{{- end }}



{{- define "llm-stack.engine.triton.reload" -}}
{{- range include "llm-stack.engine.triton.models" . | mustFromJson }}
- path: {{ printf "/v2/repository/models/%s/load" .name | quote }}
  folder: {{ .folder | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.triton.reloader" -}}
prepare: sh /opt/files/repository.sh link
header: /repository/key
env:
  {{- include "llm-stack.engine.triton.places" . | nindent 2 }}
volumeMounts:
- name: repository
  mountPath: /repository
{{- end }}

{{- define "llm-stack.engine.triton.files" -}}
repository.sh: {file: files/engine/triton/repository.sh}
repository.tsv: {{ include "llm-stack.engine.triton.layout" . | toJson }}
{{- range $name, $model := .Values.triton.models }}
{{ printf "%s.pbtxt" $name | quote }}: {{ include "llm-stack.engine.triton.config" $model | trim | printf "%s\n" | toJson }}
{{- end }}
{{- end }}


{{- define "llm-stack.engine.triton.layout" -}}
{{- range include "llm-stack.engine.triton.models" . | mustFromJson }}
{{- printf "%s\t%s\t%s\n" .folder .name .version }}
{{- end }}
{{- end }}


{{- define "llm-stack.engine.triton.config" -}}
{{- with .platform }}platform: {{ quote . }}
{{ end }}
{{- with .backend }}backend: {{ quote . }}
{{ end }}
{{- if hasKey . "maxBatchSize" }}max_batch_size: {{ int64 .maxBatchSize }}
{{ end }}
{{- include "llm-stack.engine.triton.tensors" (dict "field" "input" "tensors" .inputs) }}
{{- include "llm-stack.engine.triton.tensors" (dict "field" "output" "tensors" .outputs) }}
{{- with .config }}
{{- . }}
{{- end }}
{{- end }}


{{- define "llm-stack.engine.triton.tensors" -}}
{{- with .tensors -}}
{{ $.field }} [
{{- range $at, $tensor := . }}
{{- $dims := list }}
{{- range $tensor.dims }}
{{- $dims = append $dims (int64 .) }}
{{- end }}
{{- if $at }},{{ end }}
  { name: {{ quote $tensor.name }}, data_type: {{ $tensor.dataType }}, dims: {{ $dims | toJson }} }
{{- end }}
]
{{ end }}
{{- end }}

{{- define "llm-stack.engine.triton.volumes" -}}
- name: repository
  emptyDir: {}
{{- end }}

{{- define "llm-stack.engine.triton.volumeMounts" -}}
- name: repository
  mountPath: /repository
{{- end }}


{{- define "llm-stack.engine.triton.annotations" -}}
{{- $read := dict "layout" (include "llm-stack.engine.triton.layout" .) "models" .Values.triton.models -}}
checksum/repository: {{ $read | mustToJson | sha256sum | trunc 16 | quote }}
{{- end }}

{{- define "llm-stack.engine.triton.checks" -}}
{{- if regexMatch "^([^:]*,)? *health *[,:]" (include "llm-stack.argument" (list .Values.extraArgs (list "--http-restricted-api"))) }}
extraArgs: --http-restricted-api restricts health, which the probes request without a key, so that the server would never be ready; remove health from its list
{{- end }}
{{- range $name, $port := dict "http" 8000 "grpc" 8001 "metrics" 8002 }}
{{- with include "llm-stack.argument" (list $.Values.extraArgs (list (printf "--%s-port" $name))) }}
{{- if ne . (toString $port) }}
extraArgs: --{{ $name }}-port {{ . }} is not the port {{ $port }}, where the probes and the Service reach the server; remove it, and set service.port if clients need another port
{{- end }}
{{- end }}
{{- with include "llm-stack.argument" (list $.Values.extraArgs (list (printf "--%s-address" $name))) }}
{{- if not (has . (list "0.0.0.0" "::")) }}
extraArgs: --{{ $name }}-address {{ . }} hides the server from the probes and the Service; remove it
{{- end }}
{{- end }}
{{- end }}
{{- $names := list }}
{{- $whole := list }}
{{- range include "llm-stack.engine.triton.models" . | mustFromJson }}
{{- if contains "/" .name }}
models: {{ .folder }} is not a folder for Triton, which needs NAME or NAME/VERSION; set path to {{ .name | splitList "/" | last }}/{{ .version | default "1" }}
{{- end }}
{{- if or (has .name $whole) (and (not .version) (has .name $names)) }}
models: {{ .name }} has two folders, one of them without a version; give each a path with a version, such as {{ .name }}/1
{{- end }}
{{- $names = append $names .name }}
{{- if not .version }}
{{- $whole = append $whole .name }}
{{- end }}
{{- end }}
{{- if not (or .Values.models .Values.model.path (ne .Values.model.delivery "none")) }}
model.path: is empty, but Triton serves a model under the name of its folder; set model.path to the model's folder in the cache, such as {{ .Values.model.name }}/1
{{- end }}
{{- range $name, $model := .Values.triton.models }}
{{- if not (has $name $names) }}
triton.models: {{ $name }} is not a model of this server, which serves {{ $names | uniq | join " and " }}; use the name of one of them
{{- end }}
{{- if and $model.platform $model.backend }}
triton.models: {{ $name }} has both platform and backend; remove one of them
{{- end }}
{{- end }}
{{- end }}
