{{- define "llm-stack.delivery.schedule.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.schedule.facts" -}}
logs: job/{{ include "llm-stack.slot.loader.job" . }}
apart: a CronJob
waits: true
changes: true
again: create job --from=cronjob/{{ include "llm-stack.delivery.schedule.name" . }} {{ .Server }}-now
{{- end }}

{{- /* Kubernetes puts eleven characters behind it for each Job. */}}
{{- define "llm-stack.delivery.schedule.name" -}}
{{- include "llm-stack.name" (list . (printf "%s-loader" .Server) 52) }}
{{- end }}
