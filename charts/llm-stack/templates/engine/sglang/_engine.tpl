{{- define "llm-stack.engine.sglang.facts" -}}
{{- $sglang := .Values.sglang }}
{{- $images := dict "nvidia" "sglang" "amd" "sglangRocm" "intel" "sglangXpu" "none" "sglangCpu" -}}
{{ include "llm-stack.imagesByVendor" (dict "vendor" .Facts.gpu.vendor "images" $images) }}
port: 30000
# Names as in SGLang's srt/observability/metrics_collector.py.
metrics:
  port: http
  path: /metrics
  running: sglang:num_running_reqs
  waiting: sglang:num_queue_reqs
  cache: sglang:token_usage
  requests: sglang:num_requests_total
  promptTokens: sglang:prompt_tokens_total
  generatedTokens: sglang:generation_tokens_total
  firstToken: sglang:time_to_first_token_seconds
  latency: sglang:e2e_request_latency_seconds
protocol: openai
model: {{ $sglang.servedModelName | default .Facts.model.name | quote }}
servesOneModel: true
embeds: {{ toJson $sglang.embeddings }}
formats: [directory]
copies: {{ int64 $sglang.dataParallelSize }}
parallelism: {{ include "llm-stack.engine.sglang.parallelism" . | quote }}
{{- $asked := dict "model" ($sglang.servedModelName | default .Facts.model.name) }}
group:
  port: 20000
  requests:
    {{- if $sglang.embeddings }}
    /v1/embeddings: {{ merge (dict "input" "0") $asked | toJson }}
    /v1/rerank: {{ merge (dict "query" "0" "documents" (list "0")) $asked | toJson }}
    /classify: {{ merge (dict "input" "0") $asked | toJson }}
    {{- else }}
    /v1/completions: {{ merge (dict "prompt" "0" "max_tokens" 1) $asked | toJson }}
    {{- end }}
parallel: {{ max 1 (mul (int64 $sglang.maxRunningRequests) (int64 $sglang.dataParallelSize)) }}
{{- with include "llm-stack.argument" (list .Values.extraArgs (list "--kv-cache-dtype")) }}
kvCacheTypes: [{{ quote . }}]
{{- end }}
readOnly: true
{{- with $sglang.memFractionStatic }}
usablePercent: {{ round (mulf . 100) 0 | int64 }}
{{- end }}
ready: [/ready]
# sglang/srt/entrypoints/http_server.py, launch_server.py
hides:
  --ssl-keyfile: tls
  --ssl-certfile: tls
  --grpc-mode: api
  --smg-grpc-mode: api
  {{- if int64 .Facts.gpu.count }}
  --device=cpu: cpus
  {{- end }}
sharedMemory: {{ $sglang.sharedMemory | default (printf "%dGi" (mul 2 (max 1 (int64 .Facts.gpu.count)))) | quote }}
offline: true
{{- /**/}}
arguments:
  --context-length: model.contextLength
  --model-path: &model model.name
  --model: *model
  --served-model-name: sglang.servedModelName
  --mem-fraction-static: sglang.memFractionStatic
  --max-running-requests: sglang.maxRunningRequests
  --is-embedding: sglang.embeddings
  --tensor-parallel-size: &tensor sglang.tensorParallelSize
  --tp-size: *tensor
  --tp: *tensor
  --pipeline-parallel-size: &pipeline sglang.pipelineParallelSize
  --pp-size: *pipeline
  --pp: *pipeline
  {{- if not (has "--enable-dp-attention" .Values.extraArgs) }}
  --data-parallel-size: &copies sglang.dataParallelSize
  --dp-size: *copies
  --dp: *copies
  {{- end }}
  {{- if .Facts.group }}
  --nnodes: &nodes nodes.count
  --node-rank: *nodes
  --dist-init-addr: *nodes
  {{- end }}
tensorParallel: true

{{- if not (has "--enable-dp-attention" .Values.extraArgs) }}
tensorParallelSize: {{ include "llm-stack.engine.sglang.tensorParallelSize" . | int64 }}
{{- end }}
# docs/platforms/: Turing and newer, and AMD Instinct; weight-only fp8 from Ampere. Without bfloat16, it computes in float16
# (model_runner.py).
cards:
  nvidia: {any: "7.5", fp8: "8.0"}
  amd: {any: gfx942 gfx950}
{{- with $sglang.apiKey }}
{{- if .existingSecret }}
secret: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
access: {{ printf "Requests to its API require the key in Secret %s, except for its health and its metrics." .existingSecret | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.sglang.source" -}}
huggingface
{{- end }}


{{- define "llm-stack.engine.sglang.tensorParallelSize" -}}
{{- $others := mul (int64 .Values.sglang.pipelineParallelSize) (int64 .Values.sglang.dataParallelSize) }}
{{- $cards := max 1 (int64 .Facts.gpu.count) | mul (int64 .Values.nodes.count) }}
{{- int64 .Values.sglang.tensorParallelSize | default (max 1 (div $cards $others)) }}
{{- end }}

{{- define "llm-stack.engine.sglang.parallelism" -}}
tensor parallel {{ include "llm-stack.engine.sglang.tensorParallelSize" . }}, pipeline parallel {{ int64 .Values.sglang.pipelineParallelSize }}, data parallel {{ int64 .Values.sglang.dataParallelSize }}
{{- end }}


{{- define "llm-stack.engine.sglang.command" -}}
- python3
- -m
- sglang.launch_server
{{- end }}



{{- define "llm-stack.engine.sglang.args" -}}
{{- $sglang := .Values.sglang -}}
- {{ list .Facts.model.path $sglang.folder | compact | join "/" | printf "--model-path=%s" | quote }}
- {{ printf "--served-model-name=%v" ($sglang.servedModelName | default .Facts.model.name) | quote }}
- --host=0.0.0.0
- --port={{ int64 .Facts.engine.port }}
- --enable-metrics
- --context-length={{ int64 .Values.model.contextLength }}
- {{ printf "--tp-size=%v" (include "llm-stack.engine.sglang.tensorParallelSize" .) | quote }}
{{- if gt (int64 $sglang.pipelineParallelSize) 1 }}
- --pp-size={{ int64 $sglang.pipelineParallelSize }}
{{- end }}
{{- if gt (int64 $sglang.dataParallelSize) 1 }}
- --dp-size={{ int64 $sglang.dataParallelSize }}
{{- end }}
{{- with .Facts.group }}
- {{ printf "--dist-init-addr=%s:%d" .leader (int64 $.Facts.engine.group.port) | quote }}
- --nnodes={{ int64 .size }}
- {{ printf "--node-rank=%s" .rank | quote }}
{{- end }}
{{- with int64 $sglang.maxRunningRequests }}
- --max-running-requests={{ int64 . }}
{{- end }}
{{- with $sglang.memFractionStatic }}
- {{ printf "--mem-fraction-static=%v" . | quote }}
{{- end }}
{{- if $sglang.embeddings }}
- --is-embedding
{{- end }}
{{- if eq .Facts.gpu.vendor "none" }}
- --device=cpu
{{- end }}
{{- if $sglang.apiKey.existingSecret }}
- --api-key=$(SGLANG_API_KEY)
{{- end }}
{{- end }}


{{- define "llm-stack.engine.sglang.env" -}}
# An arbitrary user ID has no entry in /etc/passwd, and PyTorch requires a user name.
USER: sglang
{{- with .Values.sglang.apiKey }}
{{- if .existingSecret }}
SGLANG_API_KEY:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}






{{- define "llm-stack.engine.sglang.probes" -}}
startupProbe:
  httpGet: {path: /ready, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ div (add (int64 .Values.startupTimeoutSeconds) 9) 10 }}
readinessProbe:
  httpGet: {path: /ready, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  httpGet: {path: /health, port: http}
  periodSeconds: 60
  timeoutSeconds: 30
  failureThreshold: 10
{{- end }}

{{- define "llm-stack.engine.sglang.needs" -}}
{{- with .Values.sglang.apiKey.existingSecret -}}
Secret/{{ . }}
{{- end }}
{{- end }}

{{- define "llm-stack.engine.sglang.checks" -}}
{{- $sglang := .Values.sglang }}
{{ include "llm-stack.envFaults" (list "env" .Values.env (dict "SGLANG_API_KEY" "sglang.apiKey.existingSecret")) }}
{{ include "llm-stack.ggufFaults" (list .Facts.models "sglang" .Values.sglang.folder) }}
{{ include "llm-stack.keyFaults" (list .Values.extraArgs "sglang.apiKey.existingSecret") }}
{{- $tensor := include "llm-stack.engine.sglang.tensorParallelSize" . | int64 }}
{{- $split := mul $tensor (int64 $sglang.pipelineParallelSize) (int64 $sglang.dataParallelSize) }}
{{- $nodes := int64 .Values.nodes.count }}
{{- $cards := mul (int64 .Facts.gpu.count) $nodes }}

{{- $name := $sglang.servedModelName | default .Facts.model.name }}
{{- if contains ":" $name }}
sglang.servedModelName: SGLang refuses a name with a colon, and the name is {{ $name }}; set sglang.servedModelName to a name without one
{{- end }}
{{- if and (gt $nodes 1) (gt (int64 $sglang.dataParallelSize) 1) }}
sglang.dataParallelSize: {{ int64 $sglang.dataParallelSize }} is set, but nodes.count is {{ $nodes }}, and SGLang has no copies across nodes; remove it, and set replicas to the number of copies, or for attention in parallel set extraArgs to --enable-dp-attention and --dp-size
{{- else if and $cards (ne $split $cards) }}
sglang.tensorParallelSize: {{ $tensor }} times sglang.pipelineParallelSize {{ int64 $sglang.pipelineParallelSize }} times sglang.dataParallelSize {{ int64 $sglang.dataParallelSize }} is {{ $split }} GPUs, but {{ if gt $nodes 1 }}nodes.count {{ $nodes }} times gpu.count {{ int64 .Facts.gpu.count }}{{ else }}gpu.count{{ end }} is {{ $cards }}; make them equal
{{- end }}
{{- end }}
