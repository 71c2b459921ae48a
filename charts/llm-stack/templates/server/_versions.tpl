




{{- define "llm-stack.server.arguments" -}}
{{- $all := concat (include "llm-stack.slot.server.args" . | include "llm-stack.list" | mustFromJson) .Values.extraArgs }}
{{- $args := list }}
{{- $refused := list }}
{{- $image := include "llm-stack.server.imageVersion" . | mustFromJson }}
{{- range $all }}
{{- $found := dict }}
{{- if and $image.version (hasPrefix "--" (toString .)) }}
{{- $found = include "llm-stack.server.unsuited" (dict "image" $image "argument" . "given" (has . $.Values.extraArgs)) | mustFromJson }}
{{- end }}
{{- if not $found.omit }}
{{- $args = append $args . }}
{{- end }}
{{- with $found.sentence }}
{{- $refused = append $refused . }}
{{- end }}
{{- end }}
{{- dict "args" $args "refused" $refused | mustToJson }}
{{- end }}



{{- define "llm-stack.server.imageVersion" -}}
{{- $found := dict "version" "" }}
{{- with .Facts.engine.versions }}
{{- $table := include "llm-stack.read" (list $ .) | mustFromJson }}
{{- $name := $.Facts.engine.image | default "" }}
{{- $none := dict "repository" "" "tag" "" }}
{{- $given := dict "context" $ "image" (get $.Values.images $name | default $none) "over" $.Values.image }}
{{- $image := include "llm-stack.imageFields" $given | mustFromJson }}
{{- if has (splitList "/" $image.repository | last) $table.images }}
{{- $part := regexFind ($table.tag | default "[0-9]+([.][0-9]+)+") ($image.tag | default "") }}
{{- $version := regexFind "[0-9]+([.][0-9]+)*" $part }}

{{- $_ := set $found "version" (regexReplaceAll "(^|[.])0+([0-9])" $version "${1}${2}") }}
{{- $_ := set $found "tag" $image.tag }}
{{- $_ := set $found "key" (ternary "image.tag" (printf "images.%s.tag" $name) (not (empty $.Values.image.tag))) }}
{{- $_ := set $found "arguments" $table.arguments }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}



{{- define "llm-stack.server.unsuited" -}}
{{- $image := .image }}
{{- $found := dict }}

{{- $name := include "llm-stack.flag" .argument }}
{{- $plain := replace "_" "-" $name }}
{{- $value := trimPrefix $name .argument }}
{{- $said := dict (printf "%s%s" $plain $value) .argument $plain $name (printf "--%s" (trimPrefix "--no-" $plain)) $name }}
{{- range $key, $argument := $said }}
{{- $row := get $image.arguments $key | default dict }}
{{- $early := and $row.since (semverCompare (printf "<%s" $row.since) $image.version) }}
{{- $late := and $row.removed (semverCompare (printf ">=%s" $row.removed) $image.version) }}
{{- if and (or $early $late) $row.omit }}
{{- $_ := set $found "omit" true }}
{{- else if $early }}
{{- $_ := set $found "sentence" (printf "%s does not have the argument %s; %%s version %s or newer" $image.tag $argument $row.since) }}
{{- else if $late }}
{{- $_ := set $found "sentence" (printf "%s does not have the argument %s any more; %%s a version before %s" $image.tag $argument $row.removed) }}
{{- $_ := set $found "instead" ($row.instead | default "") }}
{{- end }}
{{- end }}
{{- with $found.sentence }}

{{- $sentence := printf "%s: %s, or change the value that sets the argument" $image.key (printf . "use") }}
{{- if $.given }}
{{- $way := ternary "remove it" (printf "use %s in its place" $found.instead) (empty $found.instead) }}
{{- $sentence = printf "extraArgs: %s" (printf "%s, or set %s to" $way $image.key | printf .) }}
{{- end }}
{{- $_ := set $found "sentence" $sentence }}
{{- end }}
{{- mustToJson $found }}
{{- end }}
