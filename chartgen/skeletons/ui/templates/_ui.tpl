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

{{- /* Which connections the NetworkPolicies allow: from clients to its pods, and from its pods to the servers. */}}
{{- define "fragment.DOTTED.network" -}}
{{- if .Values.KEY.enabled }}
{{- $urls := list }}
{{- range .Facts.endpoints }}
{{- $urls = append $urls .url }}
{{- end -}}
- component: WORD
  service: {{ include "fragment.name" (list . "WORD") }}
  ports: [8080]
  public: true
  urls: {{ toJson $urls }}
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Facts.endpoints) }}
KEY.enabled: no server of this release has an API for chats; enable one, or set KEY.enabled to false
{{- end }}
{{- end }}
