{{- /* What others need to know: the Service, for ways in from outside, and the title, for NOTES. */}}
{{- define "fragment.DOTTED.facts" -}}
{{- if .Values.KEY.enabled -}}
- name: WORD
  image: KEY
  service: {{ include "fragment.name" (list . "WORD") }}
  port: {{ int64 .Values.KEY.port }}
  title: WORD
{{- end }}
{{- end }}

{{- /* Who can use it: NOTES and `chartgen validate` print it. */}}
{{- define "fragment.DOTTED.access" -}}
{{- if .Values.KEY.enabled -}}
- title: WORD
  service: {{ include "fragment.name" (list . "WORD") }}
  type: ClusterIP
  who: It has no sign-in.
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Facts.endpoints) }}
KEY.enabled: no server of this release has an API for chats; enable one, or set KEY.enabled to false
{{- end }}
{{- end }}
