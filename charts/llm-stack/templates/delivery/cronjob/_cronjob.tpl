{{- define "llm-stack.delivery.cronjob.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.facts" -}}
job: true
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
{{- $name := include "llm-stack.delivery.cronjob.name" . }}
cronJob: {{ $name | quote }}
refreshCommand: {{ printf "create job --from=cronjob/%s %s-$(date +%%s)" $name $name | quote }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.logs" -}}
job/{{ include "llm-stack.slot.loader.job" . }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.name" -}}
{{- include "llm-stack.shortName" (list . (printf "%s-loader" .Server)) }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.checks" -}}
{{- if not .Values.cronjob.schedule }}
cronjob.schedule: is empty, and the CronJob has no other; set it, such as 0 */6 * * *
{{- end }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.schedules" -}}
cronjob.schedule: {{ .Values.cronjob.schedule | quote }}
{{- end }}

{{- define "llm-stack.delivery.cronjob.timeZones" -}}
cronjob.timeZone: {{ .Values.cronjob.timeZone | quote }}
{{- end }}
