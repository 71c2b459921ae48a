{{- /* What the other fragments know of the engine. `chartgen fragments model` lists all facts with their meaning. */}}
{{- define "fragment.DOTTED.facts" -}}
# The image for each vendor of accelerators, by its name under `images`. Add `none` for an image that runs on CPUs.
{{ include "fragment.imagesByVendor" (dict "vendor" .Facts.gpu.vendor "images" (dict "nvidia" "KEY")) }}
port: 8080
protocol: openai
model: {{ .Facts.model.name | quote }}
servesOneModel: true
formats: [directory]
readOnly: true
parallel: {{ int64 .Values.KEY.maxBatchSize }}
# The paths of the probes, and the path that answers 200 once the model can be used.
health: {ready: /health, live: /health}
ready: [/health]
metrics: {port: http, path: /metrics}
# The size of /dev/shm, and whether Hugging Face's libraries must not use the network.
sharedMemory: 2Gi
offline: true
{{- end }}

{{- /* The default of model.source. */}}
{{- define "fragment.DOTTED.source" -}}
huggingface
{{- end }}

{{- define "fragment.DOTTED.args" -}}
- {{ printf "--model=%s" .Facts.model.path | quote }}
- {{ printf "--served-model-name=%s" .Facts.model.name | quote }}
- --host=0.0.0.0
- --port={{ int64 .Facts.engine.port }}
- --max-model-len={{ int64 .Values.model.contextLength }}
- --max-batch-size={{ int64 .Values.KEY.maxBatchSize }}
{{- end }}

{{- /* HOME is /tmp/home. The root file system is read-only. */}}
{{- define "fragment.DOTTED.env" -}}
LOG_LEVEL: info
{{- end }}
