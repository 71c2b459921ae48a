{{- /*
(list CONTEXT SECRET KEY): in base64, what the Secret holds already under the key, else something new. For the Secret
alone: without a cluster to ask, every render makes another, so nothing else may depend on it, checksums least of all.
*/}}
{{- define "fragment.secretData" -}}
{{- $found := lookup "v1" "Secret" (index . 0).Release.Namespace (index . 1) | default dict }}
{{- dig "data" (index . 2) "" $found | default (randAlphaNum 64 | b64enc) }}
{{- end }}
