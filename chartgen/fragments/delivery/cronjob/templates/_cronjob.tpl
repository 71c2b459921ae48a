{{- define "fragment.delivery.cronjob.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "fragment.delivery.cronjob.facts" -}}
job: true
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
refreshCommand: {{ printf "create job --from=cronjob/%s %s-now" (include "fragment.delivery.cronjob.name" .) .Server | quote }}
{{- end }}

{{- define "fragment.delivery.cronjob.logs" -}}
job/{{ include "fragment.slot.loader.job" . }}
{{- end }}

{{- define "fragment.delivery.cronjob.name" -}}
{{- include "fragment.shortName" (list . (printf "%s-loader" .Server)) }}
{{- end }}
