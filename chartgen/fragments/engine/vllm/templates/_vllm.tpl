{{- define "fragment.engine.vllm.facts" -}}
{{- $gpu := include "fragment.slot.gpu.facts" . | fromYaml -}}
image: {{ get (dict "amd" "vllmRocm" "intel" "vllmXpu" "none" "vllmCpu") ($gpu.vendor | default "none") | default "vllm" }}
port: 8000
protocol: openai
model: {{ .Values.vllm.servedName | default .Values.model.name | quote }}
formats: [directory]
vendors: [nvidia, amd, intel]
parallel: 1
{{- end }}

{{- /* How many GPUs each layer is split over. */}}
{{- define "fragment.engine.vllm.tensorParallel" -}}
{{- $gpu := include "fragment.slot.gpu.facts" . | fromYaml }}
{{- int64 .Values.vllm.tensorParallel | default (max 1 (div (int64 $gpu.count) (int64 .Values.vllm.pipelineParallel))) }}
{{- end }}

{{- /* The image's entrypoint is `vllm serve`. Flags as in vLLM's `vllm serve --help`. */}}
{{- define "fragment.engine.vllm.args" -}}
- {{ trimSuffix "/" (printf "/models/%s" (include "fragment.modelFolder" .)) }}
- --served-model-name={{ .Values.vllm.servedName | default .Values.model.name }}
- --host=0.0.0.0
- --port=8000
# Answers under way are finished before the pod ends.
- --shutdown-timeout={{ max 0 (sub (int64 .Values.terminationGracePeriodSeconds) 5) }}
- --max-model-len={{ int64 .Values.model.context }}
- --tensor-parallel-size={{ include "fragment.engine.vllm.tensorParallel" . }}
{{- with int64 .Values.vllm.pipelineParallel }}
{{- if gt . 1 }}
- --pipeline-parallel-size={{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.engine.vllm.env" -}}
HOME: /tmp/home
# An arbitrary user id has no entry in /etc/passwd, and PyTorch asks for its name.
USER: vllm
HF_HUB_OFFLINE: "1"
TRANSFORMERS_OFFLINE: "1"
VLLM_NO_USAGE_STATS: "1"
DO_NOT_TRACK: "1"
{{- end }}

{{- /* /health answers 200 once the model is loaded, and 503 when the engine behind it is dead. */}}
{{- define "fragment.engine.vllm.probes" -}}
startupProbe:
  httpGet: {path: /health, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ div (add (int64 .Values.startupSeconds) 9) 10 }}
readinessProbe:
  httpGet: {path: /health, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  httpGet: {path: /health, port: http}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "fragment.engine.vllm.volumes" -}}
- name: shm
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.vllm.sharedMemory | default (printf "%dGi" (mul 2 (max 1 (int64 (include "fragment.slot.gpu.facts" . | fromYaml).count)))) }}
{{- end }}

{{- define "fragment.engine.vllm.volumeMounts" -}}
- name: shm
  mountPath: /dev/shm
{{- end }}

{{- define "fragment.engine.vllm.checks" -}}
{{- $split := mul (int64 (include "fragment.engine.vllm.tensorParallel" .)) (int64 .Values.vllm.pipelineParallel) }}
{{- $cards := int64 (include "fragment.slot.gpu.facts" . | fromYaml).count }}
{{- if and $cards (ne $split $cards) }}
vllm.tensorParallel: {{ include "fragment.engine.vllm.tensorParallel" . }} times vllm.pipelineParallel {{ int64 .Values.vllm.pipelineParallel }} is {{ $split }} GPUs, but gpu.count is {{ $cards }}; make them equal
{{- end }}
{{- if .Values.models }}
models: vLLM serves one model; name it under model, and give each other model a server of its own under servers
{{- end }}
{{- end }}
