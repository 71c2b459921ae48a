



{{- define "llm-stack.nodePathRefused" -}}
{{- $rows := include "llm-stack.read" (list .context "files/base/node-paths.yaml") | mustFromJson }}
{{- $path := regexReplaceAll "^/var/run(/|$)" (clean .path) "/run$1" }}
{{- $found := false }}
{{- range .uses }}
{{- $row := get $rows . }}
{{- $found = or $found (has $path $row.exact) }}
{{- range $row.below }}
{{- $found = or $found (eq $path .) (hasPrefix (printf "%s/" .) $path) (hasPrefix (printf "%s/" $path) .) }}
{{- end }}
{{- end }}
{{- ternary "true" "" $found }}
{{- end }}


{{- define "llm-stack.nodePathFaults" -}}
{{- $context := .context }}
{{- $key := .key }}
{{- range .volumes }}
{{- $path := dig "hostPath" "path" "" . }}
{{- if and $path (include "llm-stack.nodePathRefused" (dict "context" $context "path" $path "uses" (list "mount"))) }}
{{ $key }}: volume {{ .name }} mounts {{ $path }} of the node, which gives the pod control over the node; mount only the folder that it needs
{{- end }}
{{- end }}
{{- end }}
