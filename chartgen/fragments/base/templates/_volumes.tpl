{{- /*
{context, key, values, names, paths}: the errors in the volumes and volumeMounts of a map of values. KEY. is the prefix of these
values, and names and paths are those of the chart's own volumes and mounts.
*/}}
{{- define "fragment.volumeFaults" -}}
{{ include "fragment.nodePathFaults" (dict "context" .context "volumes" .values.volumes "key" (printf "%svolumes" .key)) }}
{{- $names := .names }}
{{- $paths := .paths }}
{{- $key := .key }}
{{- $own := list }}
{{- range .values.volumes }}
{{- if has .name $names }}
{{ $key }}volumes: {{ .name }} is reserved by the chart; rename your volume
{{- else if has .name $own }}
{{ $key }}volumes: two volumes have the name {{ .name }}; rename or remove one of them
{{- end }}
{{- $own = append $own .name }}
{{- end }}
{{- $used := list }}
{{- range .values.volumeMounts }}
{{- if has (trimSuffix "/" .mountPath) $paths }}
{{ $key }}volumeMounts: {{ .mountPath }} is already used by a volume of the chart; use another mountPath
{{- else if has .mountPath $used }}
{{ $key }}volumeMounts: two mounts have the mountPath {{ .mountPath }}; use another mountPath for one of them
{{- end }}
{{- $used = append $used .mountPath }}
{{- if not (has .name (concat $own $names)) }}
{{ $key }}volumeMounts: {{ .name }} is not a volume of the pod; add it to {{ $key }}volumes
{{- end }}
{{- end }}
{{- end }}
