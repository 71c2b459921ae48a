{{- /* A delivery decides when and where the loader runs. The source says what it does: docs/loaders.md. */}}
{{- define "fragment.DOTTED.container" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "download-models" "mode" "refresh")) .) }}
{{- end }}

{{- define "fragment.DOTTED.volumes" -}}
{{- include "fragment.slot.loader.volumes" . }}
{{- end }}

{{- /* What `kubectl logs` needs to show the download. */}}
{{- define "fragment.DOTTED.logs" -}}
{{ .Facts.server.kind | lower }}/{{ include "fragment.serverName" . }} -c download-models
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- if .Facts.cache.memory }}
modelCache.medium: a cache in memory is empty at each start, and has no older model to check; set model.delivery to init
{{- end }}
{{- end }}
