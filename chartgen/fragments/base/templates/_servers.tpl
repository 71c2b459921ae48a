{{- /*
The servers that are enabled, as JSON: name -> values. Each entry is laid over the defaults: maps of the chart's own are
merged, lists and Kubernetes' blocks are replaced. What is left empty for the engine to say (where its models come from)
is filled in. Numbers come back from JSON as floats: int64 before they are printed or reckoned with.
*/}}
{{- define "fragment.servers" -}}
{{- /* Laid once a render: Helm gives all templates of a chart one and the same context, where the result waits for the next. */}}
{{- if not (hasKey . "Servers") }}
{{- $_ := set . "Servers" (include "fragment.serversLaid" .) }}
{{- end }}
{{- .Servers }}
{{- end }}

{{- define "fragment.serversLaid" -}}
{{- $defaults := omit .Values "servers" }}
{{- $replaced := include "fragment.data.replaced" . | mustFromJson }}
{{- $servers := dict }}
{{- range $name, $entry := .Values.servers }}
{{- $values := mergeOverwrite (deepCopy $defaults) (deepCopy $entry) }}
{{- /* An entry that names a model of its own does not want the defaults' several, nor what describes the defaults' one. */}}
{{- with dig "model" "name" "" $entry }}
{{- if not $entry.models }}
{{- $_ := set $values "models" dict }}
{{- end }}
{{- if ne . $defaults.model.name }}
{{- range list "tag" "digest" "reference" "path" "weightsSize" "kvCachePerToken" }}
{{- $_ := set $values.model . (get $entry.model . | default "") }}
{{- end }}
{{- $_ := set $values.model "filter" ($entry.model.filter | default list) }}
{{- end }}
{{- end }}
{{- /* Nor does one that names several want what describes the defaults' one. */}}
{{- if $entry.models }}
{{- range list "digest" "reference" "path" }}
{{- $_ := set $values.model . (dig "model" . "" $entry) }}
{{- end }}
{{- $_ := set $values.model "filter" (dig "model" "filter" list $entry) }}
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
{{- if and (not $values.model.source) (ne $values.model.delivery "none") }}
{{- $_ := set $values.model "source" ($facts.source | default "") }}
{{- end }}
{{- if not $values.startupTimeoutSeconds }}
{{- $_ := set $values "startupTimeoutSeconds" (include "fragment.slot.server.startup" $server | default "1800" | int64) }}
{{- end }}
{{- $_ := set $servers $name $values }}
{{- end }}
{{- end }}
{{- $servers | mustToJson }}
{{- end }}

{{- /*
A server's models, as a JSON list of {key, name, tag, digest, reference, folder, filters}: those under models, else the one
under model. The folder is where a source that leaves directories puts it, below the model cache. Given a server's context.
*/}}
{{- define "fragment.models" -}}
{{- $found := list }}
{{- range $key, $model := .Values.models | default (dict .Values.model.name .Values.model) }}
{{- $name := $model.name | default $key }}
{{- $tag := $model.tag | default (include "fragment.slot.model.tag" (merge (dict "Model" $name) $)) }}
{{- $digest := $model.digest | default "" }}
{{- $reference := $model.reference }}
{{- if not $reference }}
{{- $reference = include "fragment.slot.model.reference" (merge (dict "Model" (dict "name" $name "tag" $tag "digest" $digest)) $) }}
{{- end }}
{{- if not $reference }}
{{- $reference = $name }}
{{- with $tag }}
{{- $reference = printf "%s:%s" $name . }}
{{- end }}
{{- end }}
{{- $folder := $model.path | default ($key | replace "/" "-" | replace ":" "-") }}
{{- $found = append $found (dict "key" $key "name" $name "tag" $tag "digest" $digest "reference" $reference "folder" $folder "filters" ($model.filter | default list)) }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}

{{- /* Where an engine that reads a directory finds its model, as a path below the model cache; empty means all of it. Given
a server's context. */}}
{{- define "fragment.modelFolder" -}}
{{- if eq .Values.model.delivery "none" }}
{{- .Values.model.path }}
{{- else }}
{{- (include "fragment.models" . | mustFromJson | first).folder }}
{{- end }}
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
What a UI can ask, as a JSON list of {protocol, url, name, model}, with {secret: {name, key}} where a key is needed: the
servers that are enabled and speak ollama or openai, then what fragments add (those have no name). URLs as their protocol's
clients want them: ollama's without a path, OpenAI's with /v1.
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
{{- if has $facts.protocol (list "ollama" "openai") }}
{{- $endpoint := dict "protocol" $facts.protocol "url" $url "name" $name "model" $facts.model }}
{{- with $facts.secret }}
{{- $_ := set $endpoint "secret" . }}
{{- end }}
{{- $found = append $found $endpoint }}
{{- end }}
{{- end }}
{{- end }}
{{- concat $found (include "fragment.slot.ui.endpoints" . | fromYamlArray) | mustToJson }}
{{- end }}

{{- /* The port of its Service. Given a server's context. */}}
{{- define "fragment.serverPort" -}}
{{- $facts := include "fragment.slot.engine.facts" . | fromYaml }}
{{- int64 .Values.service.port | default (int64 $facts.port) }}
{{- end }}
