{{- /*
Text into data. Templates give text alone, so what is data travels as JSON, which mustFromJson reads. What is written as
YAML becomes JSON here: `TEXT | include "fragment.map" | mustFromJson`. Helm's own fromYaml makes data of a text that does
not parse, a map with the key Error; these refuse it.
*/}}

{{- /*
YAML text that is a map, or empty, as JSON. The render fails if the text does not parse; {text, of} names what the text is
of. toYaml leaves out the last newline, which can be a part of the last text.
*/}}
{{- define "fragment.map" -}}
{{- $given := kindIs "string" . | ternary (dict "text" . "of" "a text") . }}
{{- if not (trim $given.text) -}}
{}
{{- else }}
{{- $map := fromYaml (print $given.text "\n") }}
{{- if hasKey $map "Error" }}
{{- $map = include "fragment.parsed" (dict "text" $given.text "of" $given.of "kind" "map" "empty" dict) | mustFromJson }}
{{- end }}
{{- mustToJson $map }}
{{- end }}
{{- end }}

{{- /* YAML text that is a list, or empty, as JSON, in the same way. */}}
{{- define "fragment.list" -}}
{{- $given := kindIs "string" . | ternary (dict "text" . "of" "a text") . }}
{{- if not (trim $given.text) -}}
[]
{{- else }}
{{- $list := fromYamlArray (print $given.text "\n") }}
{{- /* What does not parse is a list of one text, and what is behind the end of a document is left out. */}}
{{- $sure := and $list (not (kindIs "string" (first $list))) (not (or (contains "---" $given.text) (contains "..." $given.text))) }}
{{- if $sure }}
{{- mustToJson $list }}
{{- else }}
{{- include "fragment.parsed" (dict "text" $given.text "of" $given.of "kind" "slice" "empty" list) }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
{text, of, kind, empty}: below a key, the text cannot be taken for Helm's own map with an error in it. The error is one line,
with the lines of the text that are wrong: YAML names that behind them.
*/}}
{{- define "fragment.parsed" -}}
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

{{- /*
(list CONTEXT FILE): a data file of the chart, as JSON. The builder writes those with a schema as JSON, which takes a tenth of
the time.
*/}}
{{- define "fragment.read" -}}
{{- $text := (first .).Files.Get (last .) }}
{{- if hasPrefix "{\"" $text }}
{{- $text }}
{{- else }}
{{- include "fragment.map" $text }}
{{- end }}
{{- end }}

{{- /*
A text as an entry of a ConfigMap's data: a | block, which people can read, where that holds it to the letter, and quoted
otherwise. A block cannot begin with a blank, ends with one newline, and has no characters that YAML does not print. A line
has to follow the last one: Helm cuts off what is blank at the end of a text, and with it a block's last newline.
*/}}
{{- define "fragment.block" -}}
{{- /* A pattern takes a millisecond for a script, so it is for texts with other characters than most have. */}}
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
