{{- define "fragment.delivery.schedule.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "fragment.delivery.schedule.facts" -}}
logs: job/{{ include "fragment.slot.loader.job" . }}
apart: a CronJob
waits: true
changes: true
{{- end }}
