{{- /*
The servers that are enabled, as JSON: name -> values. Each entry is laid over the defaults: maps of the chart's own are
merged, lists and Kubernetes' blocks are replaced. What is left empty for the engine to say (where its models come from)
is filled in. Numbers come back from JSON as floats: int64 before they are printed or reckoned with.
*/}}
{{- define "fragment.servers" -}}
{{- $defaults := omit .Values "servers" }}
{{- $replaced := include "fragment.data.replaced" . | mustFromJson }}
{{- $servers := dict }}
{{- range $name, $entry := .Values.servers }}
{{- $values := mergeOverwrite (deepCopy $defaults) (deepCopy $entry) }}
{{- /* An entry that names a model of its own does not want the defaults' several. */}}
{{- if and (dig "model" "name" "" $entry) (not $entry.models) }}
{{- $_ := set $values "models" dict }}
{{- end }}
{{- range $path := $replaced }}
{{- $keys := splitList "." $path }}
{{- $from := $entry }}
{{- $into := $values }}
{{- range initial $keys }}
{{- $from = get $from . | default dict }}
{{- $into = get $into . }}
{{- end }}
{{- range $key := ternary (keys $from) (list (last $keys)) (eq (last $keys) "*") }}
{{- if hasKey $from $key }}
{{- $_ := set $into $key (get $from $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $values.enabled }}
{{- $server := merge (dict "Values" $values "Server" $name) (omit $ "Values") }}
{{- $facts := include "fragment.slot.engine.facts" $server | fromYaml }}
{{- if not $values.model.source }}
{{- $_ := set $values.model "source" ($facts.source | default "") }}
{{- end }}
{{- if not $values.startupSeconds }}
{{- $_ := set $values "startupSeconds" (include "fragment.slot.server.startup" $server | default "1800" | int64) }}
{{- end }}
{{- $_ := set $servers $name $values }}
{{- end }}
{{- end }}
{{- $servers | mustToJson }}
{{- end }}

{{- /*
A server's models, as a JSON list of {key, name, tag, reference}: those under models, else the one under model.
Given a server's context.
*/}}
{{- define "fragment.models" -}}
{{- $found := list }}
{{- range $key, $model := .Values.models | default (dict .Values.model.name .Values.model) }}
{{- $name := $model.name | default $key }}
{{- $reference := $name }}
{{- $tag := $model.tag | default (include "fragment.slot.model.tag" (merge (dict "Model" $name) $)) }}
{{- with $tag }}
{{- $reference = printf "%s:%s" $name . }}
{{- end }}
{{- $found = append $found (dict "key" $key "name" $name "tag" $tag "reference" $reference) }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}

{{- /* The name of a server's objects. Given a server's context. */}}
{{- define "fragment.serverName" -}}
{{- include "fragment.name" (list . .Server) }}
{{- end }}

{{- /* Where a server listens for others in the cluster, as a URL without a path. Given a server's context. */}}
{{- define "fragment.serverURL" -}}
http://{{ include "fragment.serverName" . }}:{{ include "fragment.serverPort" . }}
{{- end }}

{{- /*
What a UI can ask, as a JSON list of {protocol, url, name, model}: the servers that are enabled, then what fragments add
(those have no name, and {secret: {name, key}} where a key is needed). URLs as their protocol's clients want them: ollama's
without a path, OpenAI's with /v1.
*/}}
{{- define "fragment.endpoints" -}}
{{- $found := list }}
{{- range $name, $values := include "fragment.servers" . | mustFromJson }}
{{- with $server := merge (dict "Values" $values "Server" $name) (omit $ "Values") }}
{{- $facts := include "fragment.slot.engine.facts" . | fromYaml }}
{{- $url := include "fragment.serverURL" . }}
{{- if eq $facts.protocol "openai" }}
{{- $url = printf "%s/v1" $url }}
{{- end }}
{{- $found = append $found (dict "protocol" $facts.protocol "url" $url "name" $name "model" $facts.model) }}
{{- end }}
{{- end }}
{{- concat $found (include "fragment.slot.ui.endpoints" . | fromYamlArray) | mustToJson }}
{{- end }}

{{- /* The port of its Service. Given a server's context. */}}
{{- define "fragment.serverPort" -}}
{{- $facts := include "fragment.slot.engine.facts" . | fromYaml }}
{{- int64 .Values.service.port | default (int64 $facts.port) }}
{{- end }}
