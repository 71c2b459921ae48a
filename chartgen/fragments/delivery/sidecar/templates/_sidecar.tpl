{{- /* A native sidecar: the server starts once it has started, and its own restart restarts no server. */}}
{{- define "fragment.delivery.sidecar.container" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "keep-models" "mode" "watch" "sidecar" true)) .) }}
{{- end }}

{{- define "fragment.delivery.sidecar.facts" -}}
logs: {{ (include "fragment.slot.server.facts" . | fromYaml).kind | lower }}/{{ include "fragment.serverName" . }} -c keep-models
refreshes: true
{{- end }}

{{- define "fragment.delivery.sidecar.volumes" -}}
{{- include "fragment.slot.loader.volumes" . }}
{{- end }}
