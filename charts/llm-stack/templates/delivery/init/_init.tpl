{{- define "llm-stack.delivery.init.container" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "bring-models" "mode" "once")) .) }}
{{- end }}

{{- define "llm-stack.delivery.init.logs" -}}
{{ .Facts.server.logs }} -c bring-models
{{- end }}

{{- define "llm-stack.delivery.init.volumes" -}}
{{- include "llm-stack.slot.loader.volumes" . }}
{{- end }}
