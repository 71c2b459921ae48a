{{- define "llm-stack.server.checks" -}}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
service.nodePort: {{ int64 .Values.service.nodePort }} is set, but a Service of type ClusterIP has no node port; set service.type to NodePort, or remove nodePort
{{- end }}
{{- $facts := .Facts.engine }}
{{- $own := int64 .Values.service.port }}
{{- range $name, $port := $facts.ports }}
{{- if eq (int64 $port) $own }}
service.port: {{ int64 $port }} is already the Service's port {{ $name }}; set service.port to another port
{{- end }}
{{- end }}
{{- $volumes := list "models" "tmp" "files" }}
{{- range include "llm-stack.slot.server.volumes" . | include "llm-stack.list" | mustFromJson }}
{{- $volumes = append $volumes .name }}
{{- end }}
{{- $mounts := list ($facts.mountPath | default "/models") "/tmp" "/opt/files" }}
{{- range include "llm-stack.slot.server.volumeMounts" . | include "llm-stack.list" | mustFromJson }}
{{- $mounts = append $mounts .mountPath }}
{{- end }}
{{ include "llm-stack.nodePathFaults" (dict "context" . "volumes" .Values.volumes "key" "volumes") }}
{{- range .Values.volumes }}
{{- if has .name $volumes }}
volumes: {{ .name }} is reserved by the chart; rename your volume
{{- end }}
{{- end }}
{{- range .Values.volumeMounts }}
{{- if has (trimSuffix "/" .mountPath) $mounts }}
volumeMounts: {{ .mountPath }} is already used by a volume of the chart; use another mountPath
{{- end }}
{{- end }}
{{- end }}

{{- /* A node port can belong to only one Service. */}}
{{- define "llm-stack.server.releaseChecks" -}}
{{- $users := dict }}
{{- range $name, $server := .Servers }}
{{- $pods := printf "%s-pods" $name }}
{{- if and (hasKey $.Servers $pods) (eq .Facts.server.kind "StatefulSet") }}
servers.{{ $pods }}: {{ $pods }} is the name of the headless Service of server {{ $name }}; rename one of the two servers
{{- end }}
{{- with int64 .Values.service.nodePort }}
{{- $_ := set $users (toString .) (append (get $users (toString .) | default list) $name) }}
{{- end }}
{{- end }}
{{- range $port, $names := $users }}
{{- if gt (len $names) 1 }}
service.nodePort: servers {{ join " and " $names }} have the same node port {{ $port }}; set a different port in each entry of servers
{{- end }}
{{- end }}
{{- end }}
