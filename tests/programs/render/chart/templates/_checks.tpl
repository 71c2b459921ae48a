{{- define "top.checks" -}}
{{- if .Values.message }}{{ fail .Values.message }}{{ end }}
{{- if eq .Values.fault "nil" }}{{ .Values.a.b.c }}{{ end }}
{{- if eq .Values.fault "include" }}{{ include "top.nope" . }}{{ end }}
{{- if eq .Values.fault "tpl" }}{{ tpl "{{ .Values.model.nope.x }}" . }}{{ end }}
{{- if eq .Values.fault "required" }}{{ required "model.size: is needed; set it" .Values.model.size }}{{ end }}
{{- end }}
