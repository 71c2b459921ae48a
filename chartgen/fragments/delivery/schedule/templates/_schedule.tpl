{{- define "fragment.delivery.schedule.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "fragment.delivery.schedule.facts" -}}
logs: job/{{ include "fragment.slot.loader.job" . }}
apart: a CronJob
waits: true
changes: true
again: create job --from=cronjob/{{ include "fragment.delivery.schedule.name" . }} {{ .Server }}-now
{{- end }}

{{- /* Kubernetes puts eleven characters behind it for each Job. */}}
{{- define "fragment.delivery.schedule.name" -}}
{{- include "fragment.name" (list . (printf "%s-loader" .Server) 52) }}
{{- end }}
