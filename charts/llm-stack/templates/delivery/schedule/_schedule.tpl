{{- define "llm-stack.delivery.schedule.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.schedule.facts" -}}
logs: job/{{ include "llm-stack.slot.loader.job" . }}
apart: a CronJob
waits: true
changes: true
{{- end }}
