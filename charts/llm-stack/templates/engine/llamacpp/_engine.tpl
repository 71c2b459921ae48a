{{- define "llm-stack.engine.llamacpp.facts" -}}
{{- $llamacpp := .Values.llamacpp }}
{{- $images := dict "nvidia" "llamacppCuda" "amd" "llamacppRocm" "intel" "llamacppIntel" "none" "llamacpp" -}}
{{ include "llm-stack.imagesByVendor" (dict "vendor" .Facts.gpu.vendor "images" $images) }}
port: 8080
# Names as in llama.cpp's tools/server/server-task.cpp.
metrics:
  port: http
  path: /metrics
  secret: true
  running: llamacpp:requests_processing
  waiting: llamacpp:requests_deferred
  promptTokens: llamacpp:prompt_tokens_total
  generatedTokens: llamacpp:tokens_predicted_total
protocol: openai
model: {{ $llamacpp.servedModelName | default .Facts.model.name | quote }}
servesOneModel: true
# common/arg.cpp: a server that scores documents has no chat either.
embeds: {{ or $llamacpp.embeddings (has "--reranking" .Values.extraArgs) (has "--rerank" .Values.extraArgs) }}
formats: [directory]
{{- with $llamacpp.file }}
modelFile: {{ quote . }}
{{- end }}
readOnly: true
# common/arg.cpp. The variables would be without effect, since arguments come first.
arguments:
  --ctx-size: &context model.contextLength
  -c: *context
  --parallel: &parallel llamacpp.parallel
  -np: *parallel
  --model: &file llamacpp.file
  -m: *file
  --alias: &name llamacpp.servedModelName
  -a: *name
  --cache-ram: &prompts llamacpp.promptCacheMiB
  -cram: *prompts
  --embeddings: &embeddings llamacpp.embeddings
  --embedding: *embeddings
  {{- if $llamacpp.mmproj }}
  --mmproj: &projector llamacpp.mmproj
  -mm: *projector
  {{- end }}
  {{- if ne $llamacpp.loadMode "auto" }}
  --load-mode: &load llamacpp.loadMode
  -lm: *load
  {{- end }}
  {{- if int64 .Facts.gpu.count }}
  --n-gpu-layers: &layers llamacpp.gpuLayers
  --gpu-layers: *layers
  -ngl: *layers
  {{- end }}
variables:
  LLAMA_ARG_CTX_SIZE: *context
  LLAMA_ARG_N_PARALLEL: *parallel
  LLAMA_ARG_MODEL: *file
  LLAMA_ARG_ALIAS: *name
  LLAMA_ARG_CACHE_RAM: *prompts
  LLAMA_ARG_EMBEDDINGS: *embeddings
  {{- if int64 .Facts.gpu.count }}
  LLAMA_ARG_N_GPU_LAYERS: *layers
  {{- end }}
# With 0, the context is that of the model, which llama.cpp shortens to what fits on its GPUs (common/fit.cpp). People write 99
# and more for all layers.
alsoAccepted: {model.contextLength: "0", llamacpp.gpuLayers: {{ ternary "99 100 128 256 999 1000 9999" "" (eq $llamacpp.gpuLayers "all") | quote }}}
lists: [llamacpp.servedModelName]
{{- $own := include "llm-stack.argument" (list .Values.extraArgs (list "--ctx-size" "-c")) }}
wholeContext: {{ and (eq $own "0") (not (int64 .Facts.gpu.count)) }}
parallel: {{ int64 $llamacpp.parallel }}
promptCacheMiB: {{ int64 $llamacpp.promptCacheMiB }}
{{- $types := list }}
{{- range $part := list "k" "v" }}
{{- $variable := get $.Values.env (printf "LLAMA_ARG_CACHE_TYPE_%s" (upper $part)) | default "" }}
{{- $own := include "llm-stack.argument" (list $.Values.extraArgs (list (printf "--cache-type-%s" $part) (printf "-ct%s" $part))) }}
{{- $types = append $types ($own | default (ternary $variable "" (kindIs "string" $variable))) }}
{{- end }}
kvCacheTypes: {{ toJson $types }}
slidingWindow: {{ not (has "--swa-full" .Values.extraArgs) }}
offloadsToMemory: {{ ne $llamacpp.gpuLayers "all" }}
mapsWeights: {{ has $llamacpp.loadMode (list "auto" "mmap") }}
# ggml/src/ggml-cuda/CMakeLists.txt, for CUDA 12; the architectures that all ROCm versions of .devops/rocm.Dockerfile have.
cards:
  nvidia: {any: "5.0"}
  amd: {any: gfx908 gfx90a gfx942 gfx1030 gfx1100 gfx1101 gfx1102 gfx1151 gfx1200 gfx1201}
# Returns 503 while the model is loaded.
health: {ready: /health, live: /health}
ready: [/health]
# common/arg.cpp, tools/server/server-http.cpp
hides:
  --ssl-key-file: tls
  --ssl-cert-file: tls
  --api-prefix: paths
  LLAMA_ARG_SSL_KEY_FILE: tls
  LLAMA_ARG_SSL_CERT_FILE: tls
  LLAMA_ARG_API_PREFIX: paths
  {{- if int64 .Facts.gpu.count }}
  --device=none: cpus
  -dev=none: cpus
  {{- end }}
{{- with $llamacpp.apiKey }}
{{- if .existingSecret }}
secret: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
# public_endpoints in tools/server/server-http.cpp
access: {{ printf "Requests to its API require the key in Secret %s, except for its health and the names of its models." .existingSecret | quote }}
{{- else }}
keyVariable: LLAMA_API_KEY
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.llamacpp.source" -}}
huggingface
{{- end }}


{{- define "llm-stack.engine.llamacpp.values" -}}
{{- $llamacpp := .Values.llamacpp }}
{{- $hub := has .Values.model.source (list "" "huggingface" "s3") }}
{{- if and $llamacpp.file $hub (ne .Values.model.delivery "none") (not .Values.models) (not .Values.model.filter) -}}
model.filter: {{ list (include "llm-stack.engine.llamacpp.parts" $llamacpp.file) $llamacpp.mmproj | compact | toJson }}
{{- end }}
{{- end }}


{{- define "llm-stack.engine.llamacpp.parts" -}}
{{- regexReplaceAll "-00001-of-([0-9]{5}\\.gguf)$" . "-*-of-${1}" }}
{{- end }}


{{- define "llm-stack.engine.llamacpp.device" -}}
{{- get (dict "nvidia" "CUDA" "amd" "ROCm" "intel" "SYCL" "mthreads" "MUSA") .Facts.gpu.vendor }}
{{- end }}






{{- define "llm-stack.engine.llamacpp.args" -}}
{{- $llamacpp := .Values.llamacpp }}
{{- $context := int64 .Values.model.contextLength }}
{{- $gpu := .Facts.gpu }}
{{- $name := include "llm-stack.engine.llamacpp.device" . -}}
- --model
- {{ printf "%s/%s" .Facts.model.path $llamacpp.file | quote }}
{{- with $llamacpp.mmproj }}
- --mmproj
- {{ printf "%s/%s" $.Facts.model.path . | quote }}
{{- end }}
- --alias
- {{ $llamacpp.servedModelName | default .Facts.model.name | quote }}
- --host
- 0.0.0.0
- --port
- {{ int64 .Facts.engine.port | quote }}
- --offline
- --metrics
- --parallel
- {{ int64 $llamacpp.parallel | toString | quote }}
- --ctx-size
- {{ mul $context (int64 $llamacpp.parallel) | toString | quote }}
- --cache-ram
- {{ int64 $llamacpp.promptCacheMiB | toString | quote }}
{{- if ne $llamacpp.loadMode "auto" }}
- --load-mode
- {{ quote $llamacpp.loadMode }}
{{- end }}
{{- if $llamacpp.embeddings }}
- --embeddings
# An input is computed in one batch.
- --batch-size
- {{ $context | toString | quote }}
- --ubatch-size
- {{ $context | toString | quote }}
{{- end }}
{{- if int64 $gpu.count }}
- --n-gpu-layers
- {{ quote $llamacpp.gpuLayers }}
{{- if $name }}
{{- $devices := list }}
{{- range until (int $gpu.count) }}
{{- $devices = append $devices (printf "%s%d" $name .) }}
{{- end }}
- --device
- {{ join "," $devices | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.llamacpp.env" -}}
{{- with .Values.llamacpp.apiKey }}
{{- if .existingSecret -}}
LLAMA_API_KEY:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.llamacpp.needs" -}}
{{- with .Values.llamacpp.apiKey.existingSecret -}}
Secret/{{ . }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.llamacpp.checks" -}}
{{- $llamacpp := .Values.llamacpp }}
{{ include "llm-stack.envFaults" (list "env" .Values.env (dict "LLAMA_API_KEY" "llamacpp.apiKey.existingSecret")) }}
{{ include "llm-stack.keyFaults" (list .Values.extraArgs "llamacpp.apiKey.existingSecret") }}
{{- if not $llamacpp.file }}
llamacpp.file: is empty; set it to the GGUF file of the model, such as qwen2.5-0.5b-instruct-q4_k_m.gguf
{{- else if regexMatch "-[0-9]{5}-of-[0-9]{5}\\.gguf$" $llamacpp.file | and (not (regexMatch "-00001-of-[0-9]{5}\\.gguf$" $llamacpp.file)) }}
llamacpp.file: {{ $llamacpp.file }} is not the first part of the model; set it to {{ regexReplaceAll "-[0-9]{5}-of-" $llamacpp.file "-00001-of-" }}
{{- end }}
{{- range .Values.extraArgs }}
{{- if regexMatch "^--?[A-Za-z][A-Za-z0-9_-]*=" . }}
extraArgs: llama.cpp refuses {{ include "llm-stack.flag" . }} and its value in one item; write the value as the next item
{{- end }}
{{- end }}
{{- range .Facts.models }}
{{- if regexMatch "^(UD-)?(I?Q[0-9]_|BF16$|F16$|F32$|MXFP4)" .tag }}
model.tag: {{ .tag }} is a quantization, but a tag is a branch or a commit; remove it, and set llamacpp.file to the file of that quantization
{{- end }}
{{- end }}
{{- $named := include "llm-stack.argument" (list .Values.extraArgs (list "--device" "-dev")) }}
{{- if and (int64 .Facts.gpu.count) (not (or $named (include "llm-stack.engine.llamacpp.device" .) (hasKey .Values.env "LLAMA_ARG_DEVICE"))) }}
extraArgs: has no --device, without which llama.cpp runs on the CPUs if it finds no GPU, and would be ready; add --device and the names that `llama-server --list-devices` prints in your image, such as Vulkan0
{{- end }}
{{- if and (eq .Facts.gpu.vendor "none") (ne $llamacpp.gpuLayers "all") }}
llamacpp.gpuLayers: {{ $llamacpp.gpuLayers }} is set, but gpu.vendor is none; set gpu.vendor to the vendor of the GPU, or remove gpuLayers
{{- end }}
{{- end }}
