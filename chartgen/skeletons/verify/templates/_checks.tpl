{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Servers) }}
KEY.enabled: the release has no model server to test; enable one, or set KEY.enabled to false
{{- end }}
{{- end }}
