{{- define "fragment.delivery.cronjob.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "fragment.delivery.cronjob.facts" -}}
job: true
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
{{- $name := include "fragment.delivery.cronjob.name" . }}
cronJob: {{ $name | quote }}
refreshCommand: {{ printf "create job --from=cronjob/%s %s-$(date +%%s)" $name $name | quote }}
{{- end }}

{{- define "fragment.delivery.cronjob.logs" -}}
job/{{ include "fragment.slot.loader.job" . }}
{{- end }}

{{- define "fragment.delivery.cronjob.name" -}}
{{- include "fragment.shortName" (list . (printf "%s-loader" .Server)) }}
{{- end }}

{{- define "fragment.delivery.cronjob.checks" -}}
{{- if not .Values.cronjob.schedule }}
cronjob.schedule: is empty, and the CronJob has no other; set it, such as 0 */6 * * *
{{- end }}
{{- end }}

{{- define "fragment.delivery.cronjob.schedules" -}}
cronjob.schedule: {{ .Values.cronjob.schedule | quote }}
{{- end }}

{{- define "fragment.delivery.cronjob.timeZones" -}}
cronjob.timeZone: {{ .Values.cronjob.timeZone | quote }}
{{- end }}
