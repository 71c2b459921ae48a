



{{- define "llm-stack.volumeFaults" -}}
{{ include "llm-stack.nodePathFaults" (dict "context" .context "volumes" .values.volumes "key" (printf "%svolumes" .key)) }}
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
{{- $path := clean .mountPath }}
{{- if has $path $paths }}
{{ $key }}volumeMounts: {{ .mountPath }} is already used by a volume of the chart; use another mountPath
{{- else if has $path $used }}
{{ $key }}volumeMounts: two mounts have the mountPath {{ .mountPath }}; use another mountPath for one of them
{{- end }}
{{- $used = append $used $path }}
{{- if not (has .name (concat $own $names)) }}
{{ $key }}volumeMounts: {{ .name }} is not a volume of the pod; add it to {{ $key }}volumes
{{- end }}
{{- end }}
{{- end }}






{{- define "llm-stack.mountFaults" -}}
{{- $key := .key }}
{{- $path := .path }}
{{- $closed := .readOnly }}
{{- $fault := "" }}
{{- if regexMatch "^(/(bin|boot|dev|etc|lib|lib64|root|run|sbin|usr|var|var/run)|/(proc|sys)(/.*)?)$" $path }}
{{- $fault = printf "%s: %s is a folder of the system, which programs need as it is; use another path" $key $path }}
{{- end }}
{{- range $other, $readOnly := .others }}
{{- if eq $path $other }}
{{- $fault = printf "%s: %s is already used by a volume of the chart; use another path" $key $path }}
{{- else if and $readOnly (hasPrefix (printf "%s/" $other) $path) }}
{{- $fault = printf "%s: %s is below %s, where another volume is mounted read-only; use a path outside of it" $key $path $other }}
{{- else if and $closed (hasPrefix (printf "%s/" $path) $other) }}
{{- $fault = printf "%s: %s is mounted read-only, and another volume is mounted below it, at %s; use another path" $key $path $other }}
{{- end }}
{{- end }}
{{- $fault }}
{{- end }}
