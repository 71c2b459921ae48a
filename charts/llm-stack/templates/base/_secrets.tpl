





{{- define "llm-stack.secretData" -}}
{{- if .value }}
{{- .value | b64enc }}
{{- else }}
{{- $found := lookup "v1" "Secret" .context.Release.Namespace .secret | default dict }}
{{- dig "data" .key "" $found | default (randAlphaNum 64 | b64enc) }}
{{- end }}
{{- end }}
