{{- /* Values that cannot be used together, one sentence a line. Any of them stops the install. */}}
{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Values.KEY.text) }}
KEY.text: is empty, but KEY.enabled is true; set it, or set KEY.enabled to false
{{- end }}
{{- end }}
