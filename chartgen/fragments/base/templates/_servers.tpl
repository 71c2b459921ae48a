{{- /*
Given the root: lays .Servers, once a render: name -> the context of a server that is enabled. Helm gives all templates of a chart one and
the same root, where the result stays. A server's context looks like the root of a chart with one server: .Values are its
own, .Server is its name, .Place is what errors about its values begin with. .Facts holds what fills the slots whose names
end with .facts, as data, by the slot's first part: a server's in its context, the release's in the root. .Serving holds the
servers that have a Service, which are all but those that run a program to its end.
*/}}
{{- define "fragment.servers" -}}
{{- if not (hasKey . "Servers") }}
{{- $root := . }}
{{- /* deepCopy takes four times as long as reading JSON. */}}
{{- $defaults := omit .Values "servers" }}
{{- $copy := mustToJson $defaults }}
{{- /* Each context has it, for checks of all texts. */}}
{{- $_ := set . "Copy" $copy }}
{{- $servers := dict }}
{{- range $name, $entry := .Values.servers }}
{{- $server := omit $root "Values" }}
{{- $_ := set $server "Server" $name }}
{{- /* A release with one server can be described without the map of servers. */}}
{{- $alone := and (eq (len $root.Values.servers) 1) (empty $entry) }}
{{- $_ := set $server "Place" (ternary "" (printf "servers.%s: " $name) $alone) }}
{{- $_ := set $server "Facts" dict }}
{{- $_ := set $server "Once" dict }}
{{- include "fragment.serverValues" (dict "server" $server "entry" $entry "defaults" $defaults "copy" $copy) }}
{{- if $server.Values.enabled }}
{{- include "fragment.facts.server" $server }}
{{- include "fragment.setPaths" (dict "values" $server.Values "paths" (include "fragment.slot.server.computedValues" $server | include "fragment.map" | mustFromJson)) }}
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
{{- include "fragment.facts.release" . }}
{{- end }}
{{- end }}

{{- /*
{server, entry, defaults, copy}: gives the server's context its .Values, the entry of servers laid over the copy, as JSON, of
the defaults:
maps of the chart's own are merged, lists and Kubernetes' blocks are replaced.
*/}}
{{- define "fragment.serverValues" -}}
{{- $values := mustFromJson .copy }}
{{- if .entry }}
{{- $values = mergeOverwrite $values (deepCopy .entry) }}
{{- $replaced := include "fragment.data.replaced" . | mustFromJson }}
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
{{- include "fragment.setPaths" (dict "values" $values "paths" (include "fragment.slot.server.values" $entry | include "fragment.map" | mustFromJson)) }}
{{- end }}

{{- /* {values, paths}: sets values at dotted paths. paths maps paths to values. */}}
{{- define "fragment.setPaths" -}}
{{- range $path, $value := .paths }}
{{- $keys := splitList "." $path }}
{{- $into := $.values }}
{{- range initial $keys }}
{{- $into = get $into . }}
{{- end }}
{{- $_ := set $into (last $keys) $value }}
{{- end }}
{{- end }}

{{- /* Given a server's context: the name of its workload, of any kind, and of its Service. */}}
{{- define "fragment.serverName" -}}
{{- include "fragment.shortName" (list . .Server) }}
{{- end }}

{{- /* Given a server's context: the URL of its Service inside the cluster, without a path. */}}
{{- define "fragment.serverURL" -}}
http://{{ include "fragment.serverName" . }}:{{ int64 .Facts.server.port }}
{{- end }}
