{{- define "fragment.delivery.init.container" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "bring-models" "mode" "once")) .) }}
{{- end }}

{{- define "fragment.delivery.init.logs" -}}
{{ .Facts.server.logs }} -c bring-models
{{- end }}

{{- define "fragment.delivery.init.volumes" -}}
{{- include "fragment.slot.loader.volumes" . }}
{{- end }}
