






{{- define "llm-stack.servers" -}}
{{- if not (hasKey . "Servers") }}
{{- $root := . }}

{{- $defaults := omit .Values "servers" }}
{{- $copy := mustToJson $defaults }}

{{- $_ := set . "Copy" $copy }}
{{- $servers := dict }}
{{- range $name, $entry := .Values.servers }}
{{- $server := omit $root "Values" }}
{{- $_ := set $server "Server" $name }}

{{- $alone := and (eq (len $root.Values.servers) 1) (empty $entry) }}
{{- $_ := set $server "Place" (ternary "" (printf "servers.%s: " $name) $alone) }}
{{- $_ := set $server "Facts" dict }}
{{- $_ := set $server "Once" dict }}
{{- include "llm-stack.serverValues" (dict "server" $server "entry" $entry "defaults" $defaults "copy" $copy) }}
{{- if $server.Values.enabled }}
{{- include "llm-stack.facts.server" $server }}
{{- include "llm-stack.setPaths" (dict "values" $server.Values "paths" (include "llm-stack.slot.server.computedValues" $server | include "llm-stack.map" | mustFromJson)) }}
{{- $_ := set $servers $name $server }}
{{- end }}
{{- end }}
{{- $serving := dict }}
{{- range $name, $server := $servers }}
{{- if .Facts.server.port }}
{{- $_ := set $serving $name $server }}
{{- end }}
{{- end }}
{{- range prepend (values $servers) . }}
{{- $_ := set . "Servers" $servers }}
{{- $_ := set . "Serving" $serving }}
{{- end }}
{{- $_ := set . "Facts" dict }}
{{- include "llm-stack.facts.release" . }}
{{- end }}
{{- end }}






{{- define "llm-stack.serverValues" -}}
{{- $values := mustFromJson .copy }}
{{- if .entry }}
{{- $values = mergeOverwrite $values (deepCopy .entry) }}
{{- $replaced := include "llm-stack.data.replaced" . | mustFromJson }}
{{- range $first, $_ := .entry }}
{{- range $path := get $replaced $first | default list }}
{{- $keys := splitList "." $path }}
{{- $from := $.entry }}
{{- $into := $values }}
{{- range initial $keys }}
{{- $from = get $from . | default dict }}
{{- $into = get $into . }}
{{- end }}
{{- range $key := ternary (keys $from) (list (last $keys)) (eq (last $keys) "*") }}
{{- if hasKey $from $key }}
{{- $_ := set $into $key (get $from $key | deepCopy) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $_ := set .server "Values" $values }}
{{- $entry := merge (dict "Entry" .entry "Defaults" .defaults) .server }}
{{- include "llm-stack.setPaths" (dict "values" $values "paths" (include "llm-stack.slot.server.values" $entry | include "llm-stack.map" | mustFromJson)) }}
{{- end }}


{{- define "llm-stack.setPaths" -}}
{{- range $path, $value := .paths }}
{{- $keys := splitList "." $path }}
{{- $into := $.values }}
{{- range initial $keys }}
{{- $into = get $into . }}
{{- end }}
{{- $_ := set $into (last $keys) $value }}
{{- end }}
{{- end }}


{{- define "llm-stack.serverName" -}}
{{- include "llm-stack.shortName" (list . .Server) }}
{{- end }}


{{- define "llm-stack.serverURL" -}}
http://{{ include "llm-stack.serverName" . }}:{{ int64 .Facts.server.port }}
{{- end }}
