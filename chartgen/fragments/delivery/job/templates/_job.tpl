{{- define "fragment.delivery.job.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "fragment.delivery.job.facts" -}}
job: true
separateWorkload: a Job
waitsForLoader: true
{{- end }}

{{- define "fragment.delivery.job.logs" -}}
job/{{ include "fragment.slot.loader.job" . }}
{{- end }}
