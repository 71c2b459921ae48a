{{- /* Values that cannot be used together, one sentence a line. Any of them stops the install. */}}
{{- define "fragment.greeting.checks" -}}
{{- if and .Values.greeting.enabled (not .Values.greeting.text) }}
greeting.text: is empty, but greeting.enabled is true; set it, or set greeting.enabled to false
{{- end }}
{{- end }}
