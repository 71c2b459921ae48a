{{- define "llm-stack.source.ollama.facts" -}}
format: ollama
image: ollama
{{- end }}

{{- define "llm-stack.source.ollama.script" -}}
load.sh
{{- end }}

{{- define "llm-stack.source.ollama.env" -}}
INSECURE: {{ .Values.ollamaSource.insecure | quote }}
{{- end }}

{{- define "llm-stack.source.ollama.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {{ .Files.Get "files/source/ollama/load.sh" | toJson }}
{{- end }}
{{- end }}
