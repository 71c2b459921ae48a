{{- define "llm-stack.engine.ollama.facts" -}}
{{ include "llm-stack.imagesByVendor" (dict "vendor" .Facts.gpu.vendor "images" (dict "nvidia" "ollama" "amd" "ollamaRocm" "none" "ollama")) }}
port: 11434
protocol: ollama
model: {{ (first .Facts.models).reference | quote }}
{{- if .Values.ollama.modelfiles }}
names: {{ concat (include "llm-stack.engine.ollama.models" . | splitList " ") (keys .Values.ollama.modelfiles | sortAlpha) | toJson }}
{{- end }}
formats: [ollama]
parallel: {{ int64 .Values.ollama.numParallel }}
promptCacheMiB: {{ int64 .Values.ollama.promptCacheMiB }}
kvCacheTypes: [{{ ternary .Values.ollama.kvCacheType "f16" .Values.ollama.flashAttention | quote }}]
slidingWindow: true
variables:
  OLLAMA_CONTEXT_LENGTH: model.contextLength
  OLLAMA_NUM_PARALLEL: ollama.numParallel
  OLLAMA_FLASH_ATTENTION: ollama.flashAttention
  OLLAMA_KV_CACHE_TYPE: ollama.kvCacheType
  LLAMA_ARG_CACHE_RAM: ollama.promptCacheMiB
  # What the probes check.
  MODELS: model.name
  {{- if int64 .Facts.gpu.count }}
  MIN_GPU_PERCENT: ollama.minGpuPercent
  {{- end }}
# A pod is not ready with a model that is offloaded, unless this is lower.
offloadsToMemory: {{ lt (int64 .Values.ollama.minGpuPercent) 100 }}
# docs/gpu.mdx
cards:
  nvidia: {any: "5.0"}
  amd: {any: gfx908 gfx90a gfx940 gfx941 gfx942 gfx1010 gfx1012 gfx1030 gfx1100 gfx1101 gfx1102 gfx1151 gfx1200 gfx1201}
{{- end }}

{{- define "llm-stack.engine.ollama.source" -}}
ollama
{{- end }}

{{- define "llm-stack.engine.ollama.command" -}}
{{- if .Values.ollama.modelfiles -}}
- sh
- /opt/files/serve.sh
{{- else -}}
- ollama
{{- end }}
{{- end }}

{{- define "llm-stack.engine.ollama.args" -}}
{{- if not .Values.ollama.modelfiles -}}
- serve
{{- end }}
{{- end }}

{{- define "llm-stack.engine.ollama.env" -}}
OLLAMA_HOST: {{ printf "0.0.0.0:%d" (int64 .Facts.engine.port) | quote }}
OLLAMA_MODELS: /models
# Without this, a server that starts during a download deletes the partial files.
OLLAMA_NOPRUNE: "1"
OLLAMA_NO_CLOUD: "1"
OLLAMA_CONTEXT_LENGTH: {{ int64 .Values.model.contextLength | quote }}
OLLAMA_KEEP_ALIVE: {{ .Values.ollama.keepAlive | quote }}
OLLAMA_NUM_PARALLEL: {{ int64 .Values.ollama.numParallel | quote }}
OLLAMA_LOAD_TIMEOUT: {{ printf "%ds" (int64 .Values.startupTimeoutSeconds) | quote }}
{{- with int64 .Values.ollama.maxLoadedModels }}
OLLAMA_MAX_LOADED_MODELS: {{ . | quote }}
{{- end }}
{{- if .Values.ollama.flashAttention }}
OLLAMA_FLASH_ATTENTION: "1"
OLLAMA_KV_CACHE_TYPE: {{ .Values.ollama.kvCacheType | quote }}
{{- end }}
# ollama starts llama.cpp's llama-server, which reads this variable (llm/llama_server.go). Its default is 8192.
LLAMA_ARG_CACHE_RAM: {{ int64 .Values.ollama.promptCacheMiB | quote }}
{{- if gt (int64 .Facts.gpu.count) 1 }}
# A model that does not fit on one card is split across all cards.
OLLAMA_SCHED_SPREAD: "1"
{{- end }}
# The models that the probes check.
MODELS: {{ concat (list (include "llm-stack.engine.ollama.models" .)) (keys .Values.ollama.modelfiles | sortAlpha) | join " " | quote }}
{{- if int64 .Facts.gpu.count }}
MIN_GPU_PERCENT: {{ int64 .Values.ollama.minGpuPercent | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.ollama.models" -}}
{{- $found := list }}
{{- range .Facts.models }}
{{- $found = append $found .reference }}
{{- end }}
{{- join " " $found }}
{{- end }}



{{- define "llm-stack.engine.ollama.probes" -}}
startupProbe:
  exec:
    # A single probe uses the complete startup timeout and retries on its own: ollama stops loading a model when the
    # client disconnects, so several short probes would never see a slow model load.
    command: [sh, /opt/files/probe.sh, startup, {{ max 5 (sub (int64 .Values.startupTimeoutSeconds) 5) | quote }}]
  timeoutSeconds: {{ int64 .Values.startupTimeoutSeconds }}
  periodSeconds: 5
  failureThreshold: 1
readinessProbe:
  exec:
    command: [sh, /opt/files/probe.sh, ready]
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 3
livenessProbe:
  httpGet: {path: /api/version, port: http}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "llm-stack.engine.ollama.files" -}}
probe.sh: {file: files/engine/ollama/probe.sh}
{{- if .Values.ollama.modelfiles }}
serve.sh: {file: files/engine/ollama/serve.sh}
{{- range $n, $name := keys .Values.ollama.modelfiles | sortAlpha }}
{{- $text := include "llm-stack.engine.ollama.modelfile" (dict "name" $name "model" (get $.Values.ollama.modelfiles $name) "from" (first $.Facts.models).reference) }}
{{- /**/}}
modelfile-{{ $n }}: {{ regexReplaceAll "[\\x{7f}-\\x{9f}]" $text "?" | toJson }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.engine.ollama.modelfile" -}}
# {{ .name }}
FROM {{ .model.from | default .from }}
{{- range $name, $values := .model.parameters }}
{{- range kindIs "slice" $values | ternary $values (list $values) }}
PARAMETER {{ $name }} """{{ kindIs "string" . | ternary . (toJson .) }}"""
{{- end }}
{{- end }}
{{- with .model.template }}
TEMPLATE """{{ . }}"""
{{- end }}
{{- with .model.system }}
SYSTEM """{{ . }}"""
{{- end }}
{{- with .model.adapter }}
ADAPTER {{ . }}
{{- end }}
{{ end }}


{{- define "llm-stack.engine.ollama.annotations" -}}
{{- with .Values.ollama.modelfiles -}}
checksum/modelfiles: {{ toJson . | sha256sum | trunc 16 | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.ollama.modelfileChecks" -}}
{{- $known := list }}
{{- range .Facts.models }}
{{- $known = append $known .reference }}
{{- end }}
{{- $delivered := ne .Values.model.delivery "none" }}
{{- $readOnly := or .Facts.delivery.readOnly (eq .Facts.cache.type "image") (eq (join "," .Facts.cache.accessModes) "ReadOnlyMany") }}
{{- range $name, $model := .Values.ollama.modelfiles }}
{{- if $readOnly }}
ollama.modelfiles: {{ $name }} cannot be created, because the server can only read the model cache; set modelCache.type to persistentVolumeClaim, volumeClaimTemplate or emptyDir, with a model.delivery other than daemonset
{{- end }}
{{- if has $name $known }}
ollama.modelfiles: {{ $name }} is also a model that the server downloads; use another name
{{- end }}
{{- if and $delivered .from (not (has .from $known)) }}
ollama.modelfiles.{{ $name }}.from: {{ .from }} is not a model of the server; set it to {{ join " or " $known }}, or add it to models
{{- end }}
{{- if contains "\"\"\"" (toString .) }}
ollama.modelfiles.{{ $name }}: a text contains three double quotes, which end a text in a Modelfile; remove them
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.ollama.checks" -}}
{{ include "llm-stack.engine.ollama.modelfileChecks" . }}
{{- with .Values.model.path }}
model.path: {{ . }} is set, but ollama finds models by name in its own store; remove model.path, or set modelCache.subPath to the folder of the claim that has the store
{{- end }}
{{- if .Values.extraArgs }}
extraArgs: ollama accepts no arguments; use the values under ollama, or environment variables under env
{{- end }}
{{- if and (ne .Values.ollama.kvCacheType "f16") (not .Values.ollama.flashAttention) }}
ollama.kvCacheType: {{ .Values.ollama.kvCacheType }} needs flash attention; set ollama.flashAttention to true
{{- end }}

{{- $any := "(0[.]0[.]0[.]0|\\[::\\]|::)?" }}
{{- $port := int64 .Facts.engine.port }}
{{ include "llm-stack.listenFaults" (list "env" .Values.env (dict "OLLAMA_HOST" (printf "^(%s(:%d)?|https?://%s:%d)/?$" $any $port $any $port))) }}
{{- with get .Values.env "OLLAMA_MODELS" }}
{{- if and (kindIs "string" .) (ne (trimSuffix "/" .) "/models") (ne $.Values.model.delivery "none") }}
env.OLLAMA_MODELS: is another folder than /models, where the models are downloaded to; remove it
{{- end }}
{{- end }}
{{- end }}
