{{- /*


*/}}
{{- define "llm-stack.volumeFaults" -}}
{{ include "llm-stack.nodePathFaults" (dict "context" .context "volumes" .values.volumes "key" (printf "%svolumes" .key)) }}
{{- $names := .names }}
{{- $paths := .paths }}
{{- $key := .key }}
{{- $own := list }}
{{- range .values.volumes }}
{{- if has .name $names }}
{{ $key }}volumes: {{ .name }} is reserved by the chart; rename your volume
{{- end }}
{{- $own = append $own .name }}
{{- end }}
{{- range .values.volumeMounts }}
{{- if has (trimSuffix "/" .mountPath) $paths }}
{{ $key }}volumeMounts: {{ .mountPath }} is already used by a volume of the chart; use another mountPath
{{- end }}
{{- if not (has .name (concat $own $names)) }}
{{ $key }}volumeMounts: {{ .name }} is not a volume of the pod; add it to {{ $key }}volumes
{{- end }}
{{- end }}
{{- end }}
