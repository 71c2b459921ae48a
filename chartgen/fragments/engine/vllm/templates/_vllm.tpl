{{- define "fragment.engine.vllm.facts" -}}
{{- $gpu := .Facts.gpu -}}
{{- $serve := (.Facts.group | default dict).serve -}}
{{- $images := dict "nvidia" (ternary "rayLlm" "vllm" (not (empty $serve))) "amd" "vllmRocm" "intel" "vllmXpu" "ascend" "vllmAscend" "none" "vllmCpu" -}}
{{ include "fragment.imagesByVendor" (dict "vendor" $gpu.vendor "images" $images) }}
port: 8000
{{- /* Ray exports the metrics of vLLM under other names. */}}
{{- if not $serve }}
# Names as in vLLM's v1/metrics/loggers.py.
metrics:
  port: http
  path: /metrics
  running: vllm:num_requests_running
  waiting: vllm:num_requests_waiting
  cache: vllm:kv_cache_usage_perc
  requests: vllm:request_success_total
  promptTokens: vllm:prompt_tokens_total
  generatedTokens: vllm:generation_tokens_total
  firstToken: vllm:time_to_first_token_seconds
  latency: vllm:e2e_request_latency_seconds
{{- end }}
protocol: openai
model: {{ include "fragment.engine.vllm.name" . | quote }}
formats: [directory]
copies: {{ int64 .Values.vllm.dataParallelSize }}
# FusedMoEParallelConfig of vllm/model_executor/layers/fused_moe/config.py: with and without --enable-expert-parallel.
sharesExperts: true
parallelism: {{ include "fragment.engine.vllm.parallelism" . | quote }}
{{- $embeds := include "fragment.engine.vllm.embeds" . }}
embeds: {{ not (empty $embeds) }}
group:
  port: 29500
  requests:
    {{- $name := dict "model" (include "fragment.engine.vllm.name" .) }}
    {{- if $embeds }}
    # vllm/entrypoints/pooling: which of them a model has depends on what it was trained for.
    /pooling: {{ merge (dict "input" "0") $name | toJson }}
    /v1/embeddings: {{ merge (dict "input" "0") $name | toJson }}
    /v1/rerank: {{ merge (dict "query" "0" "documents" (list "0")) $name | toJson }}
    /classify: {{ merge (dict "input" "0") $name | toJson }}
    {{- else }}
    /v1/completions: {{ merge (dict "prompt" "0" "max_tokens" 1) $name | toJson }}
    {{- end }}
  variables: [VLLM_HOST_IP]
parallel: {{ max 1 (mul (int64 .Values.vllm.maxNumSeqs) (int64 .Values.vllm.dataParallelSize)) }}
readOnly: true
{{- if not $serve }}
versions: files/engine/vllm/versions.yaml
{{- end }}
usablePercent: {{ round (mulf .Values.vllm.gpuMemoryUtilization 100) 0 | int64 }}
batch: true
# vllm/v1/core/kv_cache_utils.py: without the hybrid manager, every layer keeps the whole context.
slidingWindow: {{ not (has "--disable-hybrid-kv-cache-manager" .Values.extraArgs) }}
{{- $cache := include "fragment.argument" (list .Values.extraArgs (list "--kv-cache-dtype")) | default .Values.vllm.kvCacheDtype }}
kvCacheTypes: [{{ ternary .Values.vllm.dtype $cache (eq $cache "auto") | quote }}]
servesOneModel: {{ empty .Values.vllm.lora.adapters }}
# Returns 200 after the model is loaded, and 503 if the engine process has died.
health: {ready: /health, live: /health}
# vllm/entrypoints/launcher.py, cli/serve.py and openai/cli_args.py.
hides: {--ssl-keyfile: tls, --ssl-certfile: tls, --uds: api, --grpc: api, --headless: api, --api-server-count=0: api, -asc=0: api}
ready: [{{ ternary "/v1/models" "/health" (not (empty $serve)) }}]
sharedMemory: {{ .Values.vllm.sharedMemory | default (printf "%dGi" (mul 2 (max 1 (int64 $gpu.count)))) | quote }}
offline: true
# vllm/engine/arg_utils.py
arguments:
  --max-model-len: model.contextLength
  --model: model.name
  --served-model-name: vllm.servedModelName
  --gpu-memory-utilization: vllm.gpuMemoryUtilization
  --max-num-seqs: vllm.maxNumSeqs
  --tensor-parallel-size: &tensor vllm.tensorParallelSize
  -tp: *tensor
  --pipeline-parallel-size: &pipeline vllm.pipelineParallelSize
  -pp: *pipeline
  --data-parallel-size: &copies vllm.dataParallelSize
  -dp: *copies
  --dtype: vllm.dtype
  --quantization: &quantization vllm.quantization
  -q: *quantization
  --shutdown-timeout: terminationGracePeriodSeconds
  --input-file: &input vllm.batch.inputFile
  -i: *input
  --output-file: &output vllm.batch.outputFile
  -o: *output
  {{- if .Values.vllm.chatTemplate }}
  --chat-template: vllm.chatTemplate
  {{- end }}
  {{- if .Values.vllm.lora.adapters }}
  --lora-modules: vllm.lora.adapters
  --max-lora-rank: vllm.lora.maxLoraRank
  --max-loras: vllm.lora.maxLoras
  {{- end }}
  {{- if .Facts.group }}
  --nnodes: &nodes nodes.count
  -n: *nodes
  --node-rank: *nodes
  -r: *nodes
  --master-addr: *nodes
  --master-port: *nodes
  --distributed-executor-backend: nodes.workload
  {{- end }}
# human_readable_int_or_auto in vllm/utils/argparse_utils.py. With auto, the context is as long as the memory allows.
{{- $context := int64 .Values.model.contextLength }}
{{- $texts := list "auto" "-1" }}
{{- range $unit, $size := dict "k" 1000 "K" 1024 }}
{{- if eq (mod $context $size) 0 }}
{{- $texts = append $texts (printf "%d%s" (div $context $size) $unit) }}
{{- end }}
{{- end }}
alsoAccepted: {model.contextLength: {{ join " " $texts | quote }}}
{{- /* With auto, vLLM computes in float16 on cards without bfloat16, except these models, whose values it cannot hold
(_FLOAT16_NOT_SUPPORTED_MODELS in vllm/config/model.py). */}}
{{- $wide := regexMatch "(?i)(gemma-?[23]|plamo-?2|glm-?4-)" (include "fragment.engine.vllm.name" . | default "") }}
{{- $dtypes := dict "half" "float16" "float" "float32" "auto" (ternary "bfloat16" "" $wide) }}
dtype: {{ hasKey $dtypes .Values.vllm.dtype | ternary (get $dtypes .Values.vllm.dtype) .Values.vllm.dtype | quote }}
quantization: {{ .Values.vllm.quantization | quote }}
tensorParallel: true
tensorParallelSize: {{ include "fragment.engine.vllm.tensorParallelSize" . | int64 }}
# docs/features/quantization/README.md and docs/getting_started/installation/gpu.rocm.inc.md. bfloat16 needs compute
# capability 8.0. fp8, nvfp4 and mxfp4 have weight-only kernels from 8.0.
# On AMD, awq and gptq have kernels in Triton (vllm/platforms/rocm.py).
cards:
  nvidia: {any: "7.5", bfloat16: "8.0", awq: "7.5", gptq: "7.5", int4: "8.0", int8: "7.5", fp8: "8.0", nvfp4: "8.0", mxfp4: "8.0", bitsandbytes: "7.5"}
  amd: {any: gfx90a gfx942 gfx950 gfx1100 gfx1101 gfx1200 gfx1201, fp8: gfx942 gfx950, mxfp4: gfx942 gfx950, int8: "", bitsandbytes: "", nvfp4: ""}
{{- if $serve }}
access: Its API has no authentication, and who reaches ports 8265, 6379 or 10001 of its head pod can run programs in the cluster of Ray.
{{- else }}
{{- with .Values.vllm.apiKey }}
{{- if .existingSecret }}
secret: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
access: {{ printf "Requests to paths below /v1 require the key in Secret %s. Other paths require none, such as /invocations, which generates text, too." .existingSecret | quote }}
{{- else }}
keyVariable: VLLM_API_KEY
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.engine.vllm.source" -}}
huggingface
{{- end }}

{{- /* The models that are not adapters, as a JSON list: the model that vLLM serves. */}}
{{- define "fragment.engine.vllm.models" -}}
{{- $adapters := list }}
{{- range .Values.vllm.lora.adapters }}
{{- $adapters = append $adapters (.model | default "") }}
{{- end }}
{{- $found := list }}
{{- range .Facts.models }}
{{- if not (has .key $adapters) }}
{{- $found = append $found . }}
{{- end }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}

{{- define "fragment.engine.vllm.name" -}}
{{- $models := include "fragment.engine.vllm.models" . | mustFromJson }}
{{- .Values.vllm.servedModelName | default (first $models | default dict).name | default .Values.model.name }}
{{- end }}

{{- /* The path of the downloaded files: the model, or a folder that contains the model. */}}
{{- define "fragment.engine.vllm.brought" -}}
{{- $folder := .Facts.model.folder }}
{{- if .Values.models }}
{{- $folder = (include "fragment.engine.vllm.models" . | mustFromJson | first | default dict).folder }}
{{- end }}
{{- list "/models" $folder | compact | join "/" }}
{{- end }}

{{- /* The number of GPUs that each layer is split across. */}}
{{- define "fragment.engine.vllm.tensorParallelSize" -}}
{{- $cards := mul (int64 .Facts.gpu.count) (int64 .Values.nodes.count) }}
{{- $others := mul (include "fragment.engine.vllm.pipelineParallelSize" . | int64) (int64 .Values.vllm.dataParallelSize) }}
{{- int64 .Values.vllm.tensorParallelSize | default (max 1 (div $cards $others)) }}
{{- end }}

{{- /* The number of groups of GPUs that the layers are split across: the nodes, unless the values split the model in
another way. Nodes exchange less data between layers than within one. */}}
{{- define "fragment.engine.vllm.pipelineParallelSize" -}}
{{- $own := int64 .Values.vllm.pipelineParallelSize }}
{{- $tensor := int64 .Values.vllm.tensorParallelSize }}
{{- if and (eq $own 1) (le $tensor (max 1 (int64 .Facts.gpu.count))) }}
{{- $own = int64 .Values.nodes.count }}
{{- end }}
{{- $own }}
{{- end }}

{{- define "fragment.engine.vllm.parallelism" -}}
tensor parallel {{ include "fragment.engine.vllm.tensorParallelSize" . }}, pipeline parallel {{ include "fragment.engine.vllm.pipelineParallelSize" . }}, data parallel {{ int64 .Values.vllm.dataParallelSize }}
{{- end }}

{{- /* The images' entrypoint is `vllm serve` (vLLM's docker/Dockerfile and the other Dockerfiles there). The image
for Ascend has no entrypoint. */}}
{{- define "fragment.engine.vllm.command" -}}
{{- if (.Facts.group | default dict).serve }}
{{- else if eq .Facts.gpu.vendor "ascend" }}
- bash
- /opt/files/ascend.sh
- {{ ternary "run-batch" "serve" (not (empty .Facts.batch)) }}
{{- else if .Facts.batch }}
- vllm
- run-batch
{{- end }}
{{- end }}

{{- /*
Flags as in vLLM 0.33.0, vllm/engine/arg_utils.py, vllm/entrypoints/common/cli_args.py and, for a batch,
vllm/entrypoints/launchers/run_batch.py. Those that other versions do not have are in files/versions.yaml.
*/}}
{{- define "fragment.engine.vllm.args" -}}
{{- if not (.Facts.group | default dict).serve }}
{{- $vllm := .Values.vllm -}}
{{- $model := list (include "fragment.engine.vllm.brought" .) $vllm.folder | compact | join "/" }}
{{- with .Facts.batch }}
- {{ printf "--input-file=%s" $vllm.batch.inputFile | quote }}
- {{ printf "--output-file=%s" ($vllm.batch.outputFile | default (printf "%s.jsonl" .output)) | quote }}
- {{ printf "--model=%s" $model | quote }}
{{- else }}
- {{ quote $model }}
{{- end }}
- {{ printf "--served-model-name=%v" (include "fragment.engine.vllm.name" .) | quote }}
{{- if not .Facts.batch }}
- --host=0.0.0.0
- --port={{ int64 $.Facts.engine.port }}
# Running requests are completed before the pod stops.
- --shutdown-timeout={{ max 0 (sub (int64 .Values.terminationGracePeriodSeconds) 5) }}
{{- end }}
- --max-model-len={{ int64 .Values.model.contextLength }}
- {{ printf "--gpu-memory-utilization=%v" $vllm.gpuMemoryUtilization | quote }}
- {{ printf "--tensor-parallel-size=%v" (include "fragment.engine.vllm.tensorParallelSize" .) | quote }}
{{- $pipeline := include "fragment.engine.vllm.pipelineParallelSize" . | int64 }}
{{- if gt $pipeline 1 }}
- --pipeline-parallel-size={{ int64 $pipeline }}
{{- end }}
{{- with .Facts.group }}
- --distributed-executor-backend=mp
- --nnodes={{ int64 .size }}
- {{ printf "--node-rank=%s" .rank | quote }}
- {{ printf "--master-addr=%s" .leader | quote }}
- --master-port={{ int64 $.Facts.engine.group.port }}
{{- if $.Worker }}
- --headless
{{- end }}
{{- end }}
{{- if gt (int64 $vllm.dataParallelSize) 1 }}
- --data-parallel-size={{ int64 $vllm.dataParallelSize }}
{{- end }}
{{- with int64 $vllm.maxNumSeqs }}
- {{ printf "--max-num-seqs=%v" . | quote }}
{{- end }}
{{- if ne $vllm.dtype "auto" }}
- {{ printf "--dtype=%v" $vllm.dtype | quote }}
{{- end }}
{{- with $vllm.quantization }}
- {{ printf "--quantization=%v" . | quote }}
{{- end }}
{{- if ne $vllm.kvCacheDtype "auto" }}
- {{ printf "--kv-cache-dtype=%v" $vllm.kvCacheDtype | quote }}
{{- end }}
{{- if $vllm.chatTemplate }}
- --chat-template=/opt/files/chat-template.jinja
{{- end }}
{{- include "fragment.engine.vllm.lora" . }}
{{- end }}
{{- end }}

{{- /* LLMConfig of Ray's python/ray/llm/_internal/serve/core/configs/llm_config.py. The keys of engine_kwargs are those of
vLLM's AsyncEngineArgs. */}}
{{- define "fragment.engine.vllm.application" -}}
{{- $vllm := .Values.vllm -}}
model_loading_config:
  model_id: {{ include "fragment.engine.vllm.name" . | quote }}
  model_source: {{ list (include "fragment.engine.vllm.brought" .) $vllm.folder | compact | join "/" | quote }}
engine_kwargs:
  tensor_parallel_size: {{ include "fragment.engine.vllm.tensorParallelSize" . | int64 }}
  pipeline_parallel_size: {{ include "fragment.engine.vllm.pipelineParallelSize" . | int64 }}
  distributed_executor_backend: ray
  max_model_len: {{ int64 .Values.model.contextLength }}
  gpu_memory_utilization: {{ $vllm.gpuMemoryUtilization }}
  {{- with int64 $vllm.maxNumSeqs }}
  max_num_seqs: {{ int64 . }}
  {{- end }}
  {{- if ne $vllm.dtype "auto" }}
  dtype: {{ quote $vllm.dtype }}
  {{- end }}
  {{- with $vllm.quantization }}
  quantization: {{ quote . }}
  {{- end }}
  {{- if ne $vllm.kvCacheDtype "auto" }}
  kv_cache_dtype: {{ quote $vllm.kvCacheDtype }}
  {{- end }}
{{- end }}

{{- define "fragment.engine.vllm.lora" -}}
{{- $lora := .Values.vllm.lora }}
{{- if $lora.adapters }}
{{- $folders := dict }}
{{- range .Facts.models }}
{{- $_ := set $folders .key (printf "/models/%s" .folder) }}
{{- end }}
{{- $own := include "fragment.engine.vllm.brought" . }}
- --enable-lora
- --max-lora-rank={{ int64 $lora.maxLoraRank }}
- --max-loras={{ int64 $lora.maxLoras }}
- --lora-modules
{{- range $name, $adapter := $lora.adapters }}
{{- $folder := get $folders ($adapter.model | default "") | default $own }}
- {{ list $folder ($adapter.path | default "") | compact | join "/" | printf "%s=%s" $name | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
vLLM writes below HOME (vllm/envs.py: VLLM_CACHE_ROOT and VLLM_CONFIG_ROOT; the kernel caches of Triton, FlashInfer
and others) and to /tmp.
*/}}
{{- define "fragment.engine.vllm.env" -}}
# An arbitrary user ID has no entry in /etc/passwd, and PyTorch requires a user name.
USER: vllm
VLLM_NO_USAGE_STATS: "1"
{{- if .Facts.group }}
VLLM_HOST_IP:
  valueFrom:
    fieldRef: {fieldPath: status.podIP}
{{- end }}
{{- with .Values.vllm.apiKey }}
{{- if and (not ($.Facts.group | default dict).serve) .existingSecret }}
VLLM_API_KEY:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.engine.vllm.files" -}}
{{- if eq .Facts.gpu.vendor "ascend" -}}
ascend.sh: {file: files/engine/vllm/ascend.sh}
{{- end }}
{{- with .Values.vllm.chatTemplate }}
chat-template.jinja: {{ toJson . }}
{{- end }}
{{- end }}

{{- /* vLLM reads it only at its start, so a change restarts the pods. */}}
{{- define "fragment.engine.vllm.annotations" -}}
{{- with .Values.vllm.chatTemplate -}}
checksum/chat-template: {{ sha256sum . | trunc 16 | quote }}
{{- end }}
{{- end }}

{{- define "fragment.engine.vllm.needs" -}}
{{- with .Values.vllm.apiKey.existingSecret -}}
Secret/{{ . }}
{{- end }}
{{- end }}

{{- define "fragment.engine.vllm.checks" -}}
{{- $vllm := .Values.vllm }}
{{ include "fragment.envFaults" (list "env" .Values.env (dict "VLLM_API_KEY" "vllm.apiKey.existingSecret")) }}
{{ include "fragment.keyFaults" (list .Values.extraArgs "vllm.apiKey.existingSecret") }}
{{- if (.Facts.group | default dict).serve }}
{{- if $vllm.apiKey.existingSecret }}
vllm.apiKey.existingSecret: is set, but the chart does not give an API key to Ray Serve, so its API would be open; remove it, or set nodes.workload to LeaderWorkerSet
{{- end }}
{{- /* Of extraArgs, the chart reads the type of the cache itself. */}}
{{- $own := merge (dict "--kv-cache-dtype" "vllm.kvCacheDtype" "--data-parallel-size" "replicas") (omit .Facts.engine.arguments "--distributed-executor-backend") }}
{{- range $name, $value := .Values.nodes.ray.engineArgs }}
{{- with get $own (printf "--%s" (replace "_" "-" $name)) }}
nodes.ray.engineArgs.{{ $name }}: {{ . }} is the value for it, which the chart reads, too; remove it, and set {{ . }}
{{- end }}
{{- if and (eq $name "distributed_executor_backend") (ne (toString $value) "ray") }}
nodes.ray.engineArgs.distributed_executor_backend: Ray Serve only starts vLLM with ray; remove it
{{- else if eq $name "api_key" }}
nodes.ray.engineArgs.api_key: Ray Serve does not check API keys, so its API would be open, and the RayService would show the key; remove it, or set nodes.workload to LeaderWorkerSet with vllm.apiKey.existingSecret
{{- end }}
{{- end }}
{{- if $vllm.chatTemplate }}
vllm.chatTemplate: is set, but the chart does not give a chat template to Ray Serve; remove it, or set nodes.workload to LeaderWorkerSet
{{- end }}
{{- if $vllm.lora.adapters }}
vllm.lora.adapters: are set, but Ray Serve loads LoRA adapters from an object store only; remove them, or set nodes.workload to LeaderWorkerSet
{{- end }}
{{- end }}
{{- $tensor := include "fragment.engine.vllm.tensorParallelSize" . | int64 }}
{{- $pipeline := include "fragment.engine.vllm.pipelineParallelSize" . | int64 }}
{{- $split := mul $tensor $pipeline (int64 $vllm.dataParallelSize) }}
{{- $nodes := int64 .Values.nodes.count }}
{{- $cards := mul (int64 .Facts.gpu.count) $nodes }}
{{- if and (gt $nodes 1) (gt (int64 $vllm.dataParallelSize) 1) }}
vllm.dataParallelSize: {{ int64 $vllm.dataParallelSize }} is set, but nodes.count is {{ $nodes }}; remove it, and set replicas to the number of copies
{{- else if and $cards (ne $split $cards) }}
vllm.tensorParallelSize: {{ $tensor }} times vllm.pipelineParallelSize {{ $pipeline }}{{ with int64 $vllm.dataParallelSize }}{{ if gt . 1 }} times vllm.dataParallelSize {{ . }}{{ end }}{{ end }} is {{ $split }} GPUs, but {{ if gt $nodes 1 }}nodes.count {{ $nodes }} times gpu.count {{ int64 .Facts.gpu.count }}{{ else }}gpu.count{{ end }} is {{ $cards }}; make them equal
{{- end }}
{{ include "fragment.ggufFaults" (list .Facts.models "vllm" $vllm.folder) }}
{{- if and (hasPrefix "nvfp4" $vllm.kvCacheDtype) (not (has .Facts.gpu.vendor (list "nvidia" "other"))) }}
vllm.kvCacheDtype: {{ $vllm.kvCacheDtype }} is a data type of NVIDIA's GPUs, but gpu.vendor is {{ .Facts.gpu.vendor }}; set kvCacheDtype to auto
{{- end }}
{{- range $name, $adapter := $vllm.lora.adapters }}
{{- if eq $name (include "fragment.engine.vllm.name" $) }}
vllm.lora.adapters: {{ $name }} is the name of the model itself, so no request reaches the adapter; rename the adapter, or set vllm.servedModelName
{{- end }}
{{- if $adapter.model }}
{{- $known := list }}
{{- range $.Facts.models }}
{{- $known = append $known .key }}
{{- end }}
{{- if not (has $adapter.model $known) }}
vllm.lora.adapters: adapter {{ $name }} names the model {{ $adapter.model }}, which is not under models; add it there, or remove model if the adapter is a folder of the served model
{{- end }}
{{- else if not $adapter.path }}
vllm.lora.adapters: {{ $name }} has neither path nor model; set path to its folder in the model, or model to its entry of models
{{- end }}
{{- end }}
{{- with .Facts.batch }}
{{- $folders := .folders }}
{{- range $.Values.volumeMounts }}
{{- $folders = append $folders .mountPath }}
{{- end }}
{{- range $key, $path := dict "inputFile" $vllm.batch.inputFile "outputFile" ($vllm.batch.outputFile | default .output) }}
{{- $found := false }}
{{- range $folders }}
{{- $found = or $found (hasPrefix (printf "%s/" (trimSuffix "/" .)) $path) }}
{{- end }}
{{- if and (eq $key "inputFile") (not $path) }}
vllm.batch.inputFile: is empty; set it to a file with requests, such as /data/requests.jsonl on batch.data.existingClaim
{{- else if not $found }}
vllm.batch.{{ $key }}: {{ $path }} is on no volume; set it to a path below {{ join " or " $folders }}, or mount another volume
{{- end }}
{{- end }}
{{- else }}
{{- range $key, $path := $vllm.batch }}
{{- if $path }}
vllm.batch.{{ $key }}: is set, but batch.enabled is false; set it to true, or remove {{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- $served := list }}
{{- range include "fragment.engine.vllm.models" . | mustFromJson }}
{{- $served = append $served .key }}
{{- end }}
{{- if and $vllm.lora.adapters (gt (len $served) 1) }}
models: vLLM serves one model, but there are {{ len $served }}, {{ join " and " $served }}; set one of them under model and give each other model its own server under servers, or list the LoRA adapters among them in vllm.lora.adapters
{{- else if not $served }}
models: all models are LoRA adapters; add the model that vLLM serves
{{- end }}
{{- end }}

{{- /* Whether the model embeds, classifies or scores, and so does not chat: vllm/config/model.py. */}}
{{- define "fragment.engine.vllm.embeds" -}}
{{- $runner := include "fragment.argument" (list .Values.extraArgs (list "--runner")) }}
{{- $convert := include "fragment.argument" (list .Values.extraArgs (list "--convert")) }}
{{- $task := include "fragment.argument" (list .Values.extraArgs (list "--task")) }}
{{- if or (eq $runner "pooling") (has $convert (list "embed" "classify" "reward")) (has $task (list "embed" "embedding" "classify" "score" "reward")) -}}
true
{{- end }}
{{- end }}
