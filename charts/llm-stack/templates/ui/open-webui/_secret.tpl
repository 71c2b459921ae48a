{{- define "llm-stack.ui.open-webui.secretName" -}}
{{- .Values.openWebui.secretKey.existingSecret | default (include "llm-stack.name" (list . "open-webui")) }}
{{- end }}

{{- /*
The key in base64: the one that the Secret holds already, else a new one. For the Secret alone: without a cluster to
ask, every render makes another, so nothing else may depend on it, checksums least of all.
*/}}
{{- define "llm-stack.ui.open-webui.secretKey" -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace (include "llm-stack.ui.open-webui.secretName" .) }}
{{- dig "data" .Values.openWebui.secretKey.key "" ($found | default dict) | default (randAlphaNum 64 | b64enc) }}
{{- end }}
