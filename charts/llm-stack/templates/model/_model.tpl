
{{- define "llm-stack.model.values" -}}
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

{{- if $entry.models }}
{{- range list "digest" "reference" "path" }}
{{- $_ := set $paths (printf "model.%s" .) (dig "model" . "" $entry) }}
{{- end }}
{{- $_ := set $paths "model.filter" (dig "model" "filter" list $entry) }}
{{- end }}
{{- if and (not .Values.model.source) (ne .Values.model.delivery "none") }}
{{- $_ := set $paths "model.source" (include "llm-stack.slot.engine.source" .) }}
{{- end }}
{{- mustToJson $paths }}
{{- end }}





{{- define "llm-stack.model.models" -}}
{{- $found := list }}
{{- range $key, $model := .Values.models | default (dict .Values.model.name .Values.model) }}
{{- $name := $model.name | default $key }}
{{- $tag := $model.tag | default (include "llm-stack.slot.model.tag" (merge (dict "Model" $name) $)) }}
{{- $digest := $model.digest | default "" }}
{{- $reference := $model.reference }}
{{- if not $reference }}
{{- $reference = include "llm-stack.slot.model.reference" (merge (dict "Model" (dict "name" $name "tag" $tag "digest" $digest)) $) }}
{{- end }}
{{- if not $reference }}
{{- $reference = list $name $tag | compact | join ":" }}
{{- end }}
{{- $folder := $model.path | default ($key | replace "/" "-" | replace ":" "-") }}
{{- $found = append $found (dict "key" $key "name" $name "tag" $tag "digest" $digest "reference" $reference "folder" $folder "filters" ($model.filter | default list)) }}
{{- end }}
{{- toYaml $found }}
{{- end }}


{{- define "llm-stack.model.facts" -}}
{{- $folder := ternary .Values.model.path (first .Facts.models).folder (eq .Values.model.delivery "none") -}}
name: {{ (first .Facts.models).name | quote }}
folder: {{ quote $folder }}
path: {{ list "/models" $folder | compact | join "/" | quote }}
{{- end }}



{{- define "llm-stack.model.silent" -}}
{{- $chats := false }}
{{- range .Facts.models }}
{{- $chats = or $chats (not (regexMatch "(?i)(^|[/_-])(embed(ding)?s?|bge|e5|gte|minilm|rerank(er)?)([/_:-]|$)" .reference)) }}
{{- end }}
{{- if or .Facts.engine.embeds (not $chats) -}}
true
{{- end }}
{{- end }}

{{- define "llm-stack.model.endpoints" -}}
{{- $found := list }}
{{- range $name, $server := .Serving }}
{{- $facts := .Facts.engine }}
{{- if has $facts.protocol (list "ollama" "openai") }}
{{- $path := ternary "/v1" "" (eq $facts.protocol "openai") }}
{{- $endpoint := dict "protocol" $facts.protocol "url" (printf "%s%s" (include "llm-stack.serverURL" .) $path) "name" $name "model" $facts.model "silent" (not (empty (include "llm-stack.model.silent" .))) }}
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
