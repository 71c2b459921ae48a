{{- define "fragment.DOTTED.facts" -}}
format: directory
image: KEY
{{- end }}

{{- /* Where it downloads from, for NetworkPolicies. */}}
{{- define "fragment.DOTTED.urls" -}}
{{- with .Values.KEY.url }}
- {{ quote . }}
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.script" -}}
load.sh
{{- end }}

{{- define "fragment.DOTTED.env" -}}
URL: {{ .Values.KEY.url | quote }}
{{- end }}

{{- define "fragment.DOTTED.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {file: files/ID/load.sh}
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- if and (ne .Values.model.delivery "none") (not .Values.KEY.url) }}
KEY.url: is empty; set it to the URL of the folder with the archives
{{- end }}
{{- range .Facts.models }}
{{- if .filters }}
model.filter: an archive is downloaded completely, {{ .name }} too; remove filter
{{- end }}
{{- end }}
{{- end }}
