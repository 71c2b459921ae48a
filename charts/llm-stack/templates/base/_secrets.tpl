{{- /*
{context, secret, key}: in base64, what the Secret holds already under the key, else something new. For the Secret
alone: without a cluster to ask, every render makes another, so nothing else may depend on it, checksums least of all.
*/}}
{{- define "llm-stack.secretData" -}}
{{- $found := lookup "v1" "Secret" .context.Release.Namespace .secret | default dict }}
{{- dig "data" .key "" $found | default (randAlphaNum 64 | b64enc) }}
{{- end }}
