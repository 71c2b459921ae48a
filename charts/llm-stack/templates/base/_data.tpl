{{- /*



*/}}

{{- /*


*/}}
{{- define "llm-stack.map" -}}
{{- $map := fromYaml (print . "\n") }}
{{- if hasKey $map "Error" }}
{{- $map = include "llm-stack.parsed" (dict "text" . "kind" "map" "empty" dict) | mustFromJson }}
{{- end }}
{{- mustToJson $map }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.list" -}}
{{- include "llm-stack.parsed" (dict "text" . "kind" "slice" "empty" list) }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.parsed" -}}
{{- $found := fromYaml (printf "data:\n%s\n" (indent 2 .text)) }}
{{- $data := get $found "data" | default .empty }}
{{- if not (and (hasKey $found "data") (kindIs .kind $data)) }}
{{- fail (printf "not a YAML %s: %s\n%s" (ternary "map" "list" (eq .kind "map")) (get $found "Error" | toString) .text) }}
{{- end }}
{{- mustToJson $data }}
{{- end }}

{{- /*


*/}}
{{- define "llm-stack.read" -}}
{{- $read := (first .).Read }}
{{- $file := last . }}
{{- if not (hasKey $read $file) }}
{{- $text := (first .).Files.Get $file }}
{{- if not (hasPrefix "{\"" $text) }}
{{- $text = include "llm-stack.map" $text }}
{{- end }}
{{- $_ := set $read $file (mustFromJson $text) }}
{{- end }}
{{- end }}

{{- /*



*/}}
{{- define "llm-stack.block" -}}
{{- $letters := "\\x21-\\x7e\\x{a1}-\\x{2027}\\x{202a}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{fffd}\\x{10000}-\\x{10ffff}" }}
{{- if regexMatch (printf "^[%s]([%s\\t\\n ]*[%s])?\\n$" $letters $letters $letters) . -}}
|
{{ trimSuffix "\n" . | indent 4 }}
{{- else }}
{{- quote . }}
{{- end }}
{{- end }}
