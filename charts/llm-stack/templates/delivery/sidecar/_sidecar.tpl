
{{- define "llm-stack.delivery.sidecar.container" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "keep-models" "mode" "watch" "sidecar" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.sidecar.facts" -}}
refreshes: true
{{- end }}

{{- define "llm-stack.delivery.sidecar.logs" -}}
{{ .Facts.server.logs }} -c keep-models
{{- end }}

{{- define "llm-stack.delivery.sidecar.volumes" -}}
{{- include "llm-stack.slot.loader.volumes" . }}
{{- end }}
