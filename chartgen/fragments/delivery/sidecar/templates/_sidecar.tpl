{{- /* A native sidecar: the server starts after it, and a restart of the sidecar does not restart the server. */}}
{{- define "fragment.delivery.sidecar.container" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "keep-models" "mode" "watch" "sidecar" true)) .) }}
{{- end }}

{{- define "fragment.delivery.sidecar.facts" -}}
refreshes: true
{{- end }}

{{- define "fragment.delivery.sidecar.logs" -}}
{{ .Facts.server.logs }} -c keep-models
{{- end }}

{{- define "fragment.delivery.sidecar.volumes" -}}
{{- include "fragment.slot.loader.volumes" . }}
{{- end }}
