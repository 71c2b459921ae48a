{{- define "llm-stack.delivery.init.container" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "bring-models" "mode" "once")) .) }}
{{- end }}

{{- define "llm-stack.delivery.init.facts" -}}
logs: {{ (include "llm-stack.slot.server.facts" . | fromYaml).kind | lower }}/{{ include "llm-stack.serverName" . }} -c bring-models
{{- end }}

{{- define "llm-stack.delivery.init.volumes" -}}
{{- include "llm-stack.slot.loader.volumes" . }}
{{- end }}
