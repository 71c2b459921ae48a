{{- /* The defaults that do not apply to an entry of servers with its own models, and the source of its models. */}}
{{- define "fragment.model.values" -}}
{{- $entry := .Entry }}
{{- $paths := dict }}
{{- with dig "model" "name" "" $entry }}
{{- if not $entry.models }}
{{- $_ := set $paths "models" dict }}
{{- end }}
{{- if ne . $.Defaults.model.name }}
{{- range list "tag" "digest" "reference" "path" "weightsSize" "kvCachePerToken" }}
{{- $_ := set $paths (printf "model.%s" .) (get $entry.model . | default "") }}
{{- end }}
{{- $_ := set $paths "model.filter" ($entry.model.filter | default list) }}
{{- end }}
{{- end }}
{{- /* An entry with several models ignores the defaults that describe a single model. */}}
{{- if $entry.models }}
{{- range list "digest" "reference" "path" }}
{{- $_ := set $paths (printf "model.%s" .) (dig "model" . "" $entry) }}
{{- end }}
{{- $_ := set $paths "model.filter" (dig "model" "filter" list $entry) }}
{{- end }}
{{- if and (not .Values.model.source) (ne .Values.model.delivery "none") }}
{{- $_ := set $paths "model.source" (include "fragment.slot.engine.source" .) }}
{{- end }}
{{- mustToJson $paths }}
{{- end }}

{{- /*
A server's models: those under models, or the one under model. The folder is the path below the model cache, for a
source that provides directories.
*/}}
{{- define "fragment.model.models" -}}
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
{{- $reference = list $name $tag | compact | join ":" }}
{{- end }}
{{- $folder := $model.path | default ($key | replace "/" "-" | replace ":" "-") }}
{{- $found = append $found (dict "key" $key "name" $name "tag" $tag "digest" $digest "reference" $reference "folder" $folder "filters" ($model.filter | default list)) }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- /* The model of an engine that serves one: its name, and where the engine finds its folder. */}}
{{- define "fragment.model.facts" -}}
{{- $folder := ternary .Values.model.path (first .Facts.models).folder (eq .Values.model.delivery "none") -}}
name: {{ (first .Facts.models).name | quote }}
folder: {{ quote $folder }}
path: {{ list "/models" $folder | compact | join "/" | quote }}
{{- end }}

{{- /* The servers that are enabled and speak ollama or openai. */}}
{{- /* Whether no model of a server chats, by what the engine says, or by the usual names of models that embed or score. */}}
{{- define "fragment.model.silent" -}}
{{- $chats := false }}
{{- range .Facts.models }}
{{- $chats = or $chats (not (regexMatch "(?i)(^|[/_-])(embed(ding)?s?|bge|e5|gte|minilm|rerank(er)?)([/_:-]|$)" .reference)) }}
{{- end }}
{{- if or .Facts.engine.embeds (not $chats) -}}
true
{{- end }}
{{- end }}

{{- define "fragment.model.endpoints" -}}
{{- $found := list }}
{{- range $name, $server := .Serving }}
{{- $facts := .Facts.engine }}
{{- if has $facts.protocol (list "ollama" "openai") }}
{{- $path := ternary "/v1" "" (eq $facts.protocol "openai") }}
{{- $endpoint := dict "protocol" $facts.protocol "url" (printf "%s%s" (include "fragment.serverURL" .) $path) "name" $name "model" $facts.model "silent" (not (empty (include "fragment.model.silent" .))) }}
{{- with $facts.secret }}
{{- $_ := set $endpoint "secret" . }}
{{- end }}
{{- $found = append $found $endpoint }}
{{- end }}
{{- end }}
{{- with $found }}
{{- toYaml . }}
{{- end }}
{{- end }}
