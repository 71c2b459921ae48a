{{- /*
{context, secret, key, value}: value, if it is not empty, the value under the key in the existing Secret, or a new random
value, in base64. Use it only
in the Secret itself: without access to a cluster, every render makes a new value, so no checksum or other field may
depend on it.
*/}}
{{- define "llm-stack.secretData" -}}
{{- if .value }}
{{- .value | b64enc }}
{{- else }}
{{- $found := lookup "v1" "Secret" .context.Release.Namespace .secret | default dict }}
{{- dig "data" .key "" $found | default (randAlphaNum 64 | b64enc) }}
{{- end }}
{{- end }}
