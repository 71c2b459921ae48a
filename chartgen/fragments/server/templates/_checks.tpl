{{- define "fragment.server.checks" -}}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
service.nodePort: {{ int64 .Values.service.nodePort }} is given, but a Service of type ClusterIP has none; set service.type to NodePort, or leave nodePort out
{{- end }}
{{- end }}
