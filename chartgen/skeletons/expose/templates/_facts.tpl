{{- /* The URLs of the release; NOTES prints them. */}}
{{- define "fragment.DOTTED.facts" -}}
{{- with .Values.KEY }}
{{- if .enabled }}
{{- $backend := include "fragment.backend" (list $ .backend) | mustFromJson }}
{{- with $backend.service }}
- url: {{ include "fragment.url" (dict "host" $.Values.KEY.host) | quote }}
  service: {{ quote . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- with .Values.KEY }}
{{- if .enabled }}
{{- if not .host }}
KEY.host: is empty; set it to the host name, chat.example.com for instance
{{- end }}
{{ include "fragment.backendFault" (dict "context" $ "name" .backend "key" "KEY.backend") }}
{{- end }}
{{- end }}
{{- end }}
