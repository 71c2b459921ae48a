{{- define "llm-stack.delivery.cronjob.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.facts" -}}
logs: job/{{ include "llm-stack.slot.loader.job" . }}
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
refreshCommand: create job --from=cronjob/{{ include "llm-stack.delivery.cronjob.name" . }} {{ .Server }}-now
{{- end }}

{{- /* Kubernetes puts eleven characters behind it for each Job. */}}
{{- define "llm-stack.delivery.cronjob.name" -}}
{{- include "llm-stack.name" (list . (printf "%s-loader" .Server) 52) }}
{{- end }}
