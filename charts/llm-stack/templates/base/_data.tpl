









{{- define "llm-stack.map" -}}
{{- $given := kindIs "string" . | ternary (dict "text" . "of" "a text") . }}
{{- if not (trim $given.text) -}}
{}
{{- else }}
{{- $map := fromYaml (print $given.text "\n") }}
{{- if hasKey $map "Error" }}
{{- $map = include "llm-stack.parsed" (dict "text" $given.text "of" $given.of "kind" "map" "empty" dict) | mustFromJson }}
{{- end }}
{{- mustToJson $map }}
{{- end }}
{{- end }}


{{- define "llm-stack.list" -}}
{{- $given := kindIs "string" . | ternary (dict "text" . "of" "a text") . }}
{{- if not (trim $given.text) -}}
[]
{{- else }}
{{- $list := fromYamlArray (print $given.text "\n") }}

{{- $sure := and $list (not (kindIs "string" (first $list))) (not (or (contains "---" $given.text) (contains "..." $given.text))) }}
{{- if $sure }}
{{- mustToJson $list }}
{{- else }}
{{- include "llm-stack.parsed" (dict "text" $given.text "of" $given.of "kind" "slice" "empty" list) }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.parsed" -}}
{{- $found := fromYaml (printf "data:\n%s\n" (indent 2 .text)) }}
{{- $data := get $found "data" | default .empty }}
{{- if not (and (hasKey $found "data") (kindIs .kind $data)) }}
{{- $error := get $found "Error" | toString | replace "error converting YAML to JSON: yaml: " "" }}
{{- $line := regexFind "line [0-9]+" $error | trimPrefix "line " | int }}
{{- $lines := splitList "\n" .text }}
{{- $near := slice $lines (max 0 (sub $line 3) | int) (min (len $lines) (ternary 3 (sub $line 1) (eq $line 0)) | int) }}
{{- $kind := ternary "map" "list" (eq .kind "map") }}
{{- $said := regexReplaceAll "^line [0-9]+: " (default "it is something else" $error) "" }}
{{- fail (printf "%s is not a YAML %s: %s, near %s" .of $kind $said (join "\n" $near | trim | toJson)) }}
{{- end }}
{{- mustToJson $data }}
{{- end }}





{{- define "llm-stack.read" -}}
{{- $text := (first .).Files.Get (last .) }}
{{- if hasPrefix "{\"" $text }}
{{- $text }}
{{- else }}
{{- include "llm-stack.map" $text }}
{{- end }}
{{- end }}






{{- define "llm-stack.block" -}}

{{- $json := toJson . }}
{{- $common := eq . (trim . | printf "%s\n") }}
{{- range list "\x7f" "\xc2" "\xe2\x80\xa8" "\xe2\x80\xa9" "\xef" "\b" "\f" "\r" }}
{{- $common = and $common (not (contains . $)) }}
{{- end }}
{{- $common = and $common (not (or (contains "\\u000" $json) (contains "\\u001" $json))) }}
{{- $letters := "\\x21-\\x7e\\x{a1}-\\x{2027}\\x{202a}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{fffd}\\x{10000}-\\x{10ffff}" }}
{{- if or $common (regexMatch (printf "^[%s]([%s\\t\\n ]*[%s])?\\n$" $letters $letters $letters) .) -}}
|
{{ trimSuffix "\n" . | indent 4 }}
{{- else }}
{{- quote . }}
{{- end }}
{{- end }}
