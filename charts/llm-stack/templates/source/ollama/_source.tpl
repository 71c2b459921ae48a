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
load.sh: {file: files/source/ollama/load.sh}
{{- end }}
{{- end }}

{{- define "llm-stack.source.ollama.checks" -}}
{{- range .Facts.models }}
{{- if .digest }}
model.digest: ollama pulls no model by its digest, of {{ .name }} neither; leave digest out
{{- end }}
{{- if .filters }}
model.filter: ollama brings a model whole, {{ .name }} too; leave filter out
{{- end }}
{{- end }}
{{- end }}
