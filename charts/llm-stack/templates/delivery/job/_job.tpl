{{- define "llm-stack.delivery.job.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.job.facts" -}}
job: true
separateWorkload: a Job
waitsForLoader: true
{{- end }}

{{- define "llm-stack.delivery.job.logs" -}}
job/{{ include "llm-stack.slot.loader.job" . }}
{{- end }}
