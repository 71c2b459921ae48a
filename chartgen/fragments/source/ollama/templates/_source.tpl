{{- define "fragment.source.ollama.facts" -}}
format: ollama
image: ollama
{{- end }}

{{- define "fragment.source.ollama.urls" -}}
{{- range .Facts.models }}
{{- $host := splitList "/" .reference | first }}
{{- if not (and (contains "/" .reference) (regexMatch "[.:]" $host)) }}
{{- $host = "registry.ollama.ai" }}
{{- end }}
- {{ printf "%s://%s" (ternary "http" "https" $.Values.ollamaSource.insecure) $host | quote }}
{{- end }}
{{- end }}

{{- define "fragment.source.ollama.script" -}}
load.sh
{{- end }}

{{- define "fragment.source.ollama.env" -}}
INSECURE: {{ .Values.ollamaSource.insecure | quote }}
{{- end }}

{{- define "fragment.source.ollama.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {file: files/source/ollama/load.sh}
{{- end }}
{{- end }}

{{- define "fragment.source.ollama.checks" -}}
{{- range .Facts.models }}
{{- if .digest }}
model.digest: is set for {{ .name }}, but ollama cannot pull a model by its digest; remove digest
{{- end }}
{{- if .filters }}
model.filter: is set for {{ .name }}, but ollama always pulls the complete model; remove filter
{{- end }}
{{- end }}
{{- end }}
