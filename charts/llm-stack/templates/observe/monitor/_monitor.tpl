{{- define "llm-stack.observe.monitor.facts" -}}
enabled: {{ toJson .Values.monitoring.enabled }}
labels:
  namespace: {{ .Release.Namespace | quote }}
  llm_release: {{ .Release.Name | quote }}
  llm_server: {{ .Server | quote }}
{{- end }}



{{- define "llm-stack.observe.monitor.endpoint" -}}
{{- $metrics := .Facts.engine.metrics -}}
- port: {{ $metrics.port | quote }}
  path: {{ $metrics.path | quote }}
  interval: {{ .Values.monitoring.interval | quote }}
  {{- if and $metrics.secret .Facts.engine.secret }}
  authorization:
    credentials: {{ pick .Facts.engine.secret "name" "key" | toJson }}
  {{- end }}
  relabelings:
  - targetLabel: llm_release
    replacement: {{ .Release.Name | quote }}
  - targetLabel: llm_server
    replacement: {{ .Server | quote }}
{{- end }}

{{- define "llm-stack.observe.monitor.checks" -}}
{{- if and .Values.monitoring.enabled .Facts.batch }}
monitoring.enabled: a batch program serves no metrics; set monitoring.enabled to false for this server
{{- else if and .Values.monitoring.enabled (eq .Facts.server.kind "RayService") }}
monitoring.enabled: the chart has no monitor for a RayService, whose metrics Ray exports under its own names; set monitoring.enabled to false for this server, and add a PodMonitor for port metrics to extraObjects
{{- else if and .Values.monitoring.enabled (not .Facts.engine.metrics) }}
monitoring.enabled: engine {{ .Values.engine }} exports no metrics; set monitoring.enabled to false for this server
{{- end }}
{{- end }}
