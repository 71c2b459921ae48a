{{- define "fragment.source.ollama.facts" -}}
format: ollama
image: ollama
{{- end }}

{{- define "fragment.source.ollama.script" -}}
load.sh
{{- end }}

{{- define "fragment.source.ollama.env" -}}
INSECURE: {{ .Values.ollamaSource.insecure | quote }}
{{- end }}

{{- define "fragment.source.ollama.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {{ .Files.Get "files/source/ollama/load.sh" | toJson }}
{{- end }}
{{- end }}
