{{- define "llm-stack.delivery.job.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.job.facts" -}}
logs: job/{{ include "llm-stack.slot.loader.job" . }}
apart: a Job
waits: true
{{- end }}
