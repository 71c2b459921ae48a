{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Servers) }}
KEY.enabled: the release has no model server to test; enable one, or set KEY.enabled to false
{{- end }}
{{- end }}

{{- /* Which connections the NetworkPolicies allow. */}}
{{- define "fragment.DOTTED.network" -}}
{{- if .Values.KEY.enabled }}
{{- $urls := list }}
{{- range .Servers }}
{{- $urls = append $urls (include "fragment.serverURL" .) }}
{{- end -}}
- component: WORD
  urls: {{ toJson $urls }}
{{- end }}
{{- end }}
