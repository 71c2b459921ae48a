{{- /*
{context, secret, key}: the value under the key in the existing Secret, in base64, or a new random value. Use it only
in the Secret itself: without access to a cluster, every render makes a new value, so no checksum or other field may
depend on it.
*/}}
{{- define "llm-stack.secretData" -}}
{{- $found := lookup "v1" "Secret" .context.Release.Namespace .secret | default dict }}
{{- dig "data" .key "" $found | default (randAlphaNum 64 | b64enc) }}
{{- end }}
