{{- /*
{context, path, uses}: true if a path of the node is one that a pod never mounts, for one of the uses: mount, store. A folder
that contains such a path is one, too. /var/run is a link to /run.
*/}}
{{- define "fragment.nodePathRefused" -}}
{{- $rows := include "fragment.read" (list .context "files/base/node-paths.yaml") | mustFromJson }}
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

{{- /* {context, volumes, key}: an error for each volume of the user with such a path. */}}
{{- define "fragment.nodePathFaults" -}}
{{- $context := .context }}
{{- $key := .key }}
{{- range .volumes }}
{{- $path := dig "hostPath" "path" "" . }}
{{- if and $path (include "fragment.nodePathRefused" (dict "context" $context "path" $path "uses" (list "mount"))) }}
{{ $key }}: volume {{ .name }} mounts {{ $path }} of the node, which gives the pod control over the node; mount only the folder that it needs
{{- end }}
{{- end }}
{{- end }}
