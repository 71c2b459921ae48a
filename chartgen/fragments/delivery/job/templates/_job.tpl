{{- define "fragment.delivery.job.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "fragment.delivery.job.facts" -}}
logs: job/{{ include "fragment.slot.loader.job" . }}
apart: a Job
waits: true
{{- end }}
