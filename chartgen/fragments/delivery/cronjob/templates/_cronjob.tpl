{{- define "fragment.delivery.cronjob.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "fragment.delivery.cronjob.facts" -}}
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
refreshCommand: create job --from=cronjob/{{ include "fragment.delivery.cronjob.name" . }} {{ .Server }}-now
{{- end }}

{{- define "fragment.delivery.cronjob.logs" -}}
job/{{ include "fragment.slot.loader.job" . }}
{{- end }}

{{- define "fragment.delivery.cronjob.name" -}}
{{- include "fragment.shortName" (list . (printf "%s-loader" .Server)) }}
{{- end }}
