{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Facts.ui) }}
KEY.enabled: the release has no UI to test; enable one, or set KEY.enabled to false
{{- end }}
{{- end }}
