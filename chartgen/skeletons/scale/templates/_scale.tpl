{{- /* While it says something, the workload has no number of pods. */}}
{{- define "fragment.DOTTED.scale" -}}
{{- with .Values.KEY }}
{{- if .enabled -}}
minReplicas: {{ int64 .minReplicas }}
maxReplicas: {{ int64 .maxReplicas }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- with .Values.KEY }}
{{- if .enabled }}
{{- if not .metric }}
KEY.metric: is empty, but KEY.enabled is true; set it to the name of a metric
{{- end }}
{{- if gt (int64 .minReplicas) (int64 .maxReplicas) }}
KEY.maxReplicas: {{ int64 .maxReplicas }} is less than KEY.minReplicas, {{ int64 .minReplicas }}; raise one, or lower the other
{{- end }}
{{- end }}
{{- end }}
{{- end }}
