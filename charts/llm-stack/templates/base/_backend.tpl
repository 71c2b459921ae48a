




{{- define "llm-stack.backend" -}}
{{- $context := first . }}
{{- $name := last . }}
{{- include "llm-stack.servers" $context }}
{{- if not (or $name $context.Facts.ui (ne (len $context.Serving) 1)) }}
{{- $name = keys $context.Serving | first }}
{{- end }}
{{- $found := dict }}
{{- range $context.Facts.ui }}
{{- if not (or $found (and $name (ne $name .name))) }}
{{- $found = dict "service" .service "port" (int64 .port) }}
{{- end }}
{{- end }}
{{- with get $context.Serving $name }}
{{- if not $found }}
{{- $found = dict "service" (include "llm-stack.serverName" .) "port" (int64 .Facts.server.port) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.backendFault" -}}
{{- $servers := keys .context.Serving | sortAlpha }}
{{- $uis := list }}
{{- range .context.Facts.ui }}
{{- $uis = append $uis .name }}
{{- end }}
{{- if not (or $servers $uis (empty .context.Servers)) }}
{{ .key }}: nothing in the release answers requests, since batch programs have no Service; enable a server or a UI, or disable this Ingress or HTTPRoute
{{- else if and (concat $servers $uis) (not (include "llm-stack.backend" (list .context .name) | mustFromJson)) }}
{{- $servers = concat $servers $uis | join " or " }}
{{- if .name }}
{{ .key }}: {{ .name }} is not an enabled server or UI; set it to {{ $servers }}
{{- else }}
{{ .key }}: is empty, but the release has several servers and no UI; set it to {{ $servers }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.apiHosts" -}}
{{- $context := first . }}
{{- $way := last . }}
{{- $found := list }}
{{- include "llm-stack.servers" $context }}
{{- range $name, $server := $context.Serving }}
{{- $service := include "llm-stack.serverName" . }}
{{- $host := get $way.hosts $name }}
{{- if and $way.domain (not $host) }}
{{- $host = printf "%s.%s" $service $way.domain }}
{{- end }}
{{- if $host }}
{{- $found = append $found (dict "name" $name "host" $host "service" $service "port" (int64 .Facts.server.port)) }}
{{- end }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}




{{- define "llm-stack.apiFaults" -}}
{{- $key := .key }}
{{- $found := include "llm-stack.apiHosts" (list .context .way) | mustFromJson }}
{{- $servers := keys .context.Serving | sortAlpha }}
{{- if not $servers }}
{{ $key }}.enabled: is true, but no model server is enabled; set it to false, or enable a server
{{- end }}
{{- range $name, $_ := .way.hosts }}
{{- if and $servers (not (has $name $servers)) }}
{{ $key }}.hosts: {{ $name }} is not an enabled server; use {{ join " or " $servers }}
{{- end }}
{{- end }}
{{- if not (or .way.hosts .way.domain) }}
{{ $key }}.hosts: is empty, so no server is reachable; add a host name for each server, such as {{ first $servers | default "server" }}: api.example.com, or set {{ $key }}.domain
{{- end }}
{{- $users := dict }}
{{- range $found }}
{{- $_ := set $users .host (append (get $users .host | default list) .name) }}
{{- end }}
{{- range $host, $names := $users }}
{{- if gt (len $names) 1 }}
{{ $key }}.hosts: servers {{ join " and " $names }} have the same host name {{ $host }}; give each its own host name
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.exposedURL" -}}
{{- $service := last . }}
{{- $found := "" }}
{{- range (first .).Facts.expose }}
{{- if eq .service $service }}
{{- $found = $found | default (.url | default "") }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}





{{- define "llm-stack.url" -}}
{{- $scheme := "http" }}
{{- $port := int64 .httpPort }}
{{- $usual := 80 }}
{{- if or .https (int64 .httpsPort) }}
{{- $scheme = "https" }}
{{- $port = int64 .httpsPort }}
{{- $usual = 443 }}
{{- end }}
{{- $scheme }}://{{ .host }}
{{- if and $port (ne $port (int64 $usual)) }}:{{ $port }}{{ end }}
{{- end }}
