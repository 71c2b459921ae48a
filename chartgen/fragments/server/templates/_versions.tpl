{{- /*
The arguments of a server's container, the engine's and then extraArgs, against the version of its image. As JSON: args,
the arguments without those that the engine's fact versions leaves out for this version; refused, sentences about those
that this version does not have.
*/}}
{{- define "fragment.server.arguments" -}}
{{- $all := concat (include "fragment.slot.server.args" . | include "fragment.list" | mustFromJson) .Values.extraArgs }}
{{- $args := list }}
{{- $refused := list }}
{{- $image := include "fragment.server.imageVersion" . | mustFromJson }}
{{- range $all }}
{{- $found := dict }}
{{- if and $image.version (hasPrefix "--" (toString .)) }}
{{- $found = include "fragment.server.unsuited" (dict "image" $image "argument" . "given" (has . $.Values.extraArgs)) | mustFromJson }}
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

{{- /* The tag of a server's image and the version in it, and the arguments that depend on the version. As JSON: key,
the value that sets the tag; tag; version, empty if it is not known; arguments. */}}
{{- define "fragment.server.imageVersion" -}}
{{- $found := dict "version" "" }}
{{- with .Facts.engine.versions }}
{{- $table := include "fragment.read" (list $ .) | mustFromJson }}
{{- $name := $.Facts.engine.image | default "" }}
{{- $none := dict "repository" "" "tag" "" }}
{{- $given := dict "context" $ "image" (get $.Values.images $name | default $none) "over" $.Values.image }}
{{- $image := include "fragment.imageFields" $given | mustFromJson }}
{{- if has (splitList "/" $image.repository | last) $table.images }}
{{- $part := regexFind ($table.tag | default "[0-9]+([.][0-9]+)+") ($image.tag | default "") }}
{{- $version := regexFind "[0-9]+([.][0-9]+)*" $part }}
{{- /* 26.08 is not a semantic version, 26.8 is. */}}
{{- $_ := set $found "version" (regexReplaceAll "(^|[.])0+([0-9])" $version "${1}${2}") }}
{{- $_ := set $found "tag" $image.tag }}
{{- $_ := set $found "key" (ternary "image.tag" (printf "images.%s.tag" $name) (not (empty $.Values.image.tag))) }}
{{- $_ := set $found "arguments" $table.arguments }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /* {image, argument, given}: whether an argument is left out for the version of an image, omit, or the sentence that refuses
it, as JSON; an empty map if the version has it. given: whether it is one of extraArgs. */}}
{{- define "fragment.server.unsuited" -}}
{{- $image := .image }}
{{- $found := dict }}
{{- /* vLLM reads _ as -, and --no-NAME is the opposite of the flag --NAME. */}}
{{- $name := include "fragment.flag" .argument }}
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
{{- /* The key is where the argument is set. */}}
{{- $sentence := printf "%s: %s, or change the value that sets the argument" $image.key (printf . "use") }}
{{- if $.given }}
{{- $way := ternary "remove it" (printf "use %s in its place" $found.instead) (empty $found.instead) }}
{{- $sentence = printf "extraArgs: %s" (printf "%s, or set %s to" $way $image.key | printf .) }}
{{- end }}
{{- $_ := set $found "sentence" $sentence }}
{{- end }}
{{- mustToJson $found }}
{{- end }}
