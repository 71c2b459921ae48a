{{- define "fragment.ui.open-webui.facts" -}}
{{- if .Values.openWebui.enabled -}}
- name: open-webui
  service: {{ include "fragment.name" (list . "open-webui") }}
  port: {{ int64 .Values.openWebui.service.port }}
  title: Open WebUI
{{- end }}
{{- end }}

{{- define "fragment.ui.open-webui.checks" -}}
{{- if .Values.openWebui.enabled }}
{{- if and .Values.openWebui.service.nodePort (eq .Values.openWebui.service.type "ClusterIP") }}
openWebui.service.nodePort: {{ int64 .Values.openWebui.service.nodePort }} is given, but a Service of type ClusterIP has none; set openWebui.service.type to NodePort, or leave nodePort out
{{- end }}
{{- if not .Values.openWebui.persistence.enabled }}
{{- with .Values.openWebui.persistence.existingClaim }}
openWebui.persistence.existingClaim: {{ . }} is given, but openWebui.persistence.enabled is false; set it to true, or leave existingClaim out
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.ui.open-webui.needs" -}}
{{- if .Values.openWebui.enabled }}
{{- with .Values.openWebui.secretKey.existingSecret }}
Secret/{{ . }}
{{- end }}
{{- range .Values.openWebui.endpoints }}
{{- with .existingSecret }}
Secret/{{ . }}
{{- end }}
{{- end }}
{{- with .Values.openWebui.persistence.existingClaim }}
PersistentVolumeClaim/{{ . }}
{{- end }}
{{- end }}
{{- end }}
