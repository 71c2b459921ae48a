{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Values.KEY.labels) }}
KEY.labels: is empty, so Grafana cannot find the dashboard; set the label that its sidecar selects
{{- end }}
{{- end }}
