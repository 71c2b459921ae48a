{{- /*
{context, reference, file?}: the row of a model in the catalogue as JSON, or {}. A model that is not in it can be a
variant of one that is: with another organisation, as -Instruct, or quantized, which the end of its name or its tag says.
file is a GGUF file of the model: its name says the quantization.
*/}}
{{- define "fragment.sizing.row" -}}
{{- include "fragment.read" (list .context "files/sizing/models.yaml") }}
{{- $rows := get .context.Read "files/sizing/models.yaml" }}
{{- $reference := .reference }}
{{- /* A registry for ollama has copies of its library under the same names, in any namespace. */}}
{{- $format := include "fragment.sizing.format" .context }}
{{- $registry := and (eq $format "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}
{{- $row := get $rows $reference | default (get $rows (regexReplaceAll "@.*$" $reference "")) }}
{{- /* The sizes without an organisation are of ollama's quantized files, which a folder of other files need not be. */}}
{{- $other := and (eq $format "directory") (not (contains "/" $reference)) }}
{{- if and $other (not .file) }}
{{- omit ($row | default dict) "weightsMiB" "expertsM" "quantization" "default" | mustToJson }}
{{- else if and (not .file) (or $row (and $registry (contains "/" .reference))) }}
{{- mustToJson ($row | default dict) }}
{{- else }}
{{- include "fragment.sizing.variant" (dict "context" .context "rows" $rows "reference" $reference "file" .file) }}
{{- end }}
{{- end }}

{{- /* The format of a server's models: that of the source or, if nothing is downloaded, of the engine's own source. */}}
{{- define "fragment.sizing.format" -}}
{{- $own := ternary "ollama" "directory" (eq (include "fragment.slot.engine.source" .) "ollama") }}
{{- .Facts.source.format | default $own }}
{{- end }}

{{- define "fragment.sizing.variant" -}}
{{- include "fragment.read" (list .context "files/sizing/quantizations.yaml") }}
{{- $quantizations := get .context.Read "files/sizing/quantizations.yaml" }}
{{- $hub := contains "/" .reference }}
{{- $name := regexReplaceAll "@.*$" .reference "" | lower }}
{{- $tag := regexFind ":[^/:]*$" $name | trimPrefix ":" }}
{{- if $hub }}
{{- $name = regexReplaceAll ":[^/:]*$" $name "" }}
{{- $name = regexReplaceAll "^.*/" $name "" }}
{{- if hasSuffix "-gguf" $name }}
{{- $name = trimSuffix "-gguf" $name }}
{{- if not .file }}
{{- $name = printf "%s-%s" $name ($tag | default "q4_k_m") }}
{{- end }}
{{- end }}
{{- end }}
{{- $given := dict "quantizations" $quantizations }}
{{- $ending := include "fragment.sizing.ending" (merge (dict "name" $name) $given) }}
{{- $base := $name }}
{{- if $ending }}
{{- $base = substr 0 (int (sub (len $name) (add1 (len $ending)))) $name }}
{{- end }}
{{- if .file }}
{{- $base = trimSuffix "-qat" $base }}
{{- $stem := regexReplaceAll "(-[0-9]{5}-of-[0-9]{5})?[.]gguf$" (splitList "/" .file | last | lower) "" }}
{{- $ending = include "fragment.sizing.ending" (merge (dict "name" $stem) $given) | default "unknown" }}
{{- end }}
{{- $plain := regexReplaceAll "-(instruct|chat|text|it|base|hf)$" $base "" | trimPrefix "meta-" }}
{{- $wanted := list $base $plain (printf "%s-instruct" $plain) (printf "%s-it" $plain) | uniq }}
{{- $found := dict }}
{{- range $key, $row := .rows }}
{{- if eq $hub (contains "/" $key) }}
{{- $own := splitList "/" $key | last | lower }}
{{- if has $own $wanted }}
{{- $_ := set $found $own $row }}
{{- else if has (trimPrefix "meta-" $own) $wanted }}
{{- $_ := set $found (trimPrefix "meta-" $own) $row }}
{{- end }}
{{- end }}
{{- end }}
{{- $row := dict }}
{{- range $wanted }}
{{- $row = $row | default (get $found . | default dict) }}
{{- end }}
{{- if eq $ending "unknown" }}
{{- /* The size is not known, but what a token takes is. */}}
{{- $row = omit $row "weightsMiB" "expertsM" "quantization" "default" }}
{{- end }}
{{- with get $quantizations $ending }}
{{- if and $row $row.parametersM }}
{{- $wide := ternary 0 (int64 $row.wideM) (.gguf | default false) }}
{{- $bytes := addf (mulf (sub (int64 $row.parametersM) $wide) .bits 0.125) (mulf $wide 2) }}
{{- $row = merge (dict "weightsMiB" (divf (mulf $bytes 1000000) 1048576 | ceil | int64) "quantization" .method) (omit $row "default") }}
{{- else }}
{{- $row = dict }}
{{- end }}
{{- end }}
{{- mustToJson $row }}
{{- end }}

{{- /* {quantizations, name}: the quantization that a name ends with, or nothing. The longest ending counts: of
-fp8-dynamic and -dynamic, the first. */}}
{{- define "fragment.sizing.ending" -}}
{{- $found := "" }}
{{- range $end, $_ := .quantizations }}
{{- if and (regexMatch (printf "[-._]%s$" (replace "." "[.]" $end)) $.name) (gt (len $end) (len $found)) }}
{{- $found = $end }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}
