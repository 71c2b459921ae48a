{{- /* What others need to know: the Service, for ways in from outside, and the title, for NOTES. */}}
{{- define "fragment.DOTTED.facts" -}}
{{- if .Values.KEY.enabled -}}
- name: WORD
  service: {{ include "fragment.name" (list . "WORD") }}
  port: {{ int64 .Values.KEY.port }}
  title: WORD
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Facts.endpoints) }}
KEY.enabled: no server of this release has an API for chats; enable one, or set KEY.enabled to false
{{- end }}
{{- end }}
