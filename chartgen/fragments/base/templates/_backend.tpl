{{- /*
(list CONTEXT NAME): what a way in from outside leads to, as a map: service and port. NAME is a server's or a UI's; where
it is empty, the first UI is meant, or the only server of a release that has no UI. Empty where nothing can be meant.
*/}}
{{- define "fragment.backend" -}}
{{- $context := index . 0 }}
{{- $name := index . 1 }}
{{- $servers := include "fragment.servers" $context | mustFromJson }}
{{- $uis := include "fragment.slot.ui.facts" $context | fromYamlArray }}
{{- if not (or $name $uis (ne (len $servers) 1)) }}
{{- $name = keys $servers | first }}
{{- end }}
{{- $found := dict }}
{{- range $uis }}
{{- if not (or $found (and $name (ne $name .name))) }}
{{- $found = . }}
{{- end }}
{{- end }}
{{- if $found -}}
service: {{ $found.service }}
port: {{ int64 $found.port }}
{{- else if hasKey $servers $name }}
{{- with merge (dict "Values" (get $servers $name) "Server" $name) (omit $context "Values") -}}
service: {{ include "fragment.serverName" . }}
port: {{ include "fragment.serverPort" . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* (list CONTEXT NAME KEY): the sentence about the value KEY where the above finds nothing. */}}
{{- define "fragment.backendFault" -}}
{{- $name := index . 1 }}
{{- $servers := keys (include "fragment.servers" (index . 0) | mustFromJson) | sortAlpha }}
{{- $uis := list }}
{{- range include "fragment.slot.ui.facts" (index . 0) | fromYamlArray }}
{{- $uis = append $uis .name }}
{{- end }}
{{- if and $servers (not (include "fragment.backend" .)) }}
{{- $servers = concat $servers $uis | join " or " }}
{{- if $name }}
{{ index . 2 }}: {{ $name }} is no server or UI that is enabled; set it to {{ $servers }}
{{- else }}
{{ index . 2 }}: there is no UI, and more than one server could be meant; set it to {{ $servers }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
(list CONTEXT WAY): the servers that WAY, a map of hosts and domain, leads to from outside, as a JSON list of
{name, host, service, port}.
*/}}
{{- define "fragment.apiHosts" -}}
{{- $way := index . 1 }}
{{- $context := index . 0 }}
{{- $found := list }}
{{- range $name, $values := include "fragment.servers" $context | mustFromJson }}
{{- with $server := merge (dict "Values" $values "Server" $name) (omit $context "Values") }}
{{- $service := include "fragment.serverName" . }}
{{- $host := get $way.hosts $name }}
{{- if and $way.domain (not $host) }}
{{- $host = printf "%s.%s" $service $way.domain }}
{{- end }}
{{- if $host }}
{{- $found = append $found (dict "name" $name "host" $host "service" $service "port" (include "fragment.serverPort" . | int64)) }}
{{- end }}
{{- end }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}

{{- /* (list CONTEXT WAY KEY TAKEN): sentences about the values KEY of such a way; TAKEN are the hosts that lead elsewhere. */}}
{{- define "fragment.apiFaults" -}}
{{- $way := index . 1 }}
{{- $key := index . 2 }}
{{- $found := include "fragment.apiHosts" . | mustFromJson }}
{{- $servers := keys (include "fragment.servers" (index . 0) | mustFromJson) | sortAlpha }}
{{- range $name, $_ := $way.hosts }}
{{- if not (has $name $servers) }}
{{ $key }}.hosts: {{ $name }} is no server that is enabled; set it to {{ join " or " $servers }}
{{- end }}
{{- end }}
{{- if not (or $way.hosts $way.domain) }}
{{ $key }}.hosts: is empty, so it would lead nowhere; name the servers and their hosts, {{ first $servers | default "server" }}: api.example.com for instance, or set {{ $key }}.domain
{{- end }}
{{- $users := dict }}
{{- range $found }}
{{- $_ := set $users .host (append (get $users .host | default list) .name) }}
{{- end }}
{{- $taken := index . 3 }}
{{- range $host, $names := $users }}
{{- if gt (len $names) 1 }}
{{ $key }}.hosts: {{ $host }} is given to servers {{ join " and " $names }}; give each a host name of its own
{{- else if has $host $taken }}
{{ $key }}.hosts: {{ $host }} leads elsewhere already; give server {{ first $names }} a host name of its own
{{- end }}
{{- end }}
{{- end }}

{{- /* (list CONTEXT SERVICE): the first URL from outside that leads to SERVICE, empty where there is none. */}}
{{- define "fragment.exposedURL" -}}
{{- $service := index . 1 }}
{{- $found := "" }}
{{- range include "fragment.slot.expose.facts" (index . 0) | fromYamlArray }}
{{- if eq .service $service }}
{{- $found = $found | default .url }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}

{{- /*
(list HOST HTTPS HTTPPORT HTTPSPORT): what people type to get there. HTTPS says whether it is encrypted, which a given
HTTPSPORT says too; ports that are 0 are the usual ones, which no URL shows.
*/}}
{{- define "fragment.url" -}}
{{- $https := or (index . 1) (int64 (index . 3)) | not | not }}
{{- $port := ternary (index . 3) (index . 2) $https | int64 }}
{{- ternary "https" "http" $https }}://{{ index . 0 }}
{{- if and $port (ne $port (ternary 443 80 $https | int64)) }}:{{ $port }}{{ end }}
{{- end }}
