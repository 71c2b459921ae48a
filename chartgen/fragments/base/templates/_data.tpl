{{- /*
Text into data. Templates give text alone, so what is data travels as JSON, which mustFromJson reads. What is written as
YAML becomes JSON here: `TEXT | include "fragment.map" | mustFromJson`. Helm's own fromYaml makes data of a text that does
not parse, a map with the key Error; these refuse it.
*/}}

{{- /*
YAML text that is a map, or empty, as JSON. The render fails if the text does not parse. toYaml leaves out the last newline,
which can be a part of the last text.
*/}}
{{- define "fragment.map" -}}
{{- $map := fromYaml (print . "\n") }}
{{- if hasKey $map "Error" }}
{{- $map = include "fragment.parsed" (dict "text" . "kind" "map" "empty" dict) | mustFromJson }}
{{- end }}
{{- mustToJson $map }}
{{- end }}

{{- /* YAML text that is a list, or empty, as JSON. The render fails if the text does not parse. */}}
{{- define "fragment.list" -}}
{{- include "fragment.parsed" (dict "text" . "kind" "slice" "empty" list) }}
{{- end }}

{{- /* {text, kind, empty}: below a key, the text cannot be taken for Helm's own map with an error in it. */}}
{{- define "fragment.parsed" -}}
{{- $found := fromYaml (printf "data:\n%s\n" (indent 2 .text)) }}
{{- $data := get $found "data" | default .empty }}
{{- if not (and (hasKey $found "data") (kindIs .kind $data)) }}
{{- fail (printf "not a YAML %s: %s\n%s" (ternary "map" "list" (eq .kind "map")) (get $found "Error" | toString) .text) }}
{{- end }}
{{- mustToJson $data }}
{{- end }}

{{- /*
(list CONTEXT FILE): reads a data file of the chart into .Read under its name, once a render. The builder writes those with a
schema as JSON, which takes a tenth of the time.
*/}}
{{- define "fragment.read" -}}
{{- $read := (first .).Read }}
{{- $file := last . }}
{{- if not (hasKey $read $file) }}
{{- $text := (first .).Files.Get $file }}
{{- if not (hasPrefix "{\"" $text) }}
{{- $text = include "fragment.map" $text }}
{{- end }}
{{- $_ := set $read $file (mustFromJson $text) }}
{{- end }}
{{- end }}

{{- /*
A text as an entry of a ConfigMap's data: a | block, which people can read, where that holds it to the letter, and quoted
otherwise. A block cannot begin with a blank, ends with one newline, and has no characters that YAML does not print. A line
has to follow the last one: Helm cuts off what is blank at the end of a text, and with it a block's last newline.
*/}}
{{- define "fragment.block" -}}
{{- $letters := "\\x21-\\x7e\\x{a1}-\\x{2027}\\x{202a}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{fffd}\\x{10000}-\\x{10ffff}" }}
{{- if regexMatch (printf "^[%s]([%s\\t\\n ]*[%s])?\\n$" $letters $letters $letters) . -}}
|
{{ trimSuffix "\n" . | indent 4 }}
{{- else }}
{{- quote . }}
{{- end }}
{{- end }}
