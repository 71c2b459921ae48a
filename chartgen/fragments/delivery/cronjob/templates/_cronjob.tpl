{{- define "fragment.delivery.cronjob.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "fragment.delivery.cronjob.facts" -}}
logs: job/{{ include "fragment.slot.loader.job" . }}
separateWorkload: a CronJob
waitsForLoader: true
refreshes: true
refreshCommand: create job --from=cronjob/{{ include "fragment.delivery.cronjob.name" . }} {{ .Server }}-now
{{- end }}

{{- /* Kubernetes puts eleven characters behind it for each Job. */}}
{{- define "fragment.delivery.cronjob.name" -}}
{{- include "fragment.name" (list . (printf "%s-loader" .Server) 52) }}
{{- end }}
