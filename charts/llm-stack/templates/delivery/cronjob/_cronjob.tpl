{{- define "llm-stack.delivery.cronjob.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.facts" -}}
job: true
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
refreshCommand: {{ printf "create job --from=cronjob/%s %s-now" (include "llm-stack.delivery.cronjob.name" .) .Server | quote }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.logs" -}}
job/{{ include "llm-stack.slot.loader.job" . }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.name" -}}
{{- include "llm-stack.shortName" (list . (printf "%s-loader" .Server)) }}
{{- end }}
