{{- /*
Given a context: the catalogue as text, a line for each model, in blank lines. Reading it as data takes a hundred times as
long as finding the few lines that a render needs.
*/}}
{{- define "fragment.sizing.read" -}}
{{- .Files.Get "files/sizing/models.yaml" | trim | trimPrefix "{" | trimSuffix "}" | printf "\n%s,\n" }}
{{- end }}

{{- /*
(list CATALOGUE LINES TEXT): what the first line with TEXT says of its model, as JSON; empty if there is none. LINES are those of
the catalogue, as they are or in lowercase.
*/}}
{{- define "fragment.sizing.found" -}}
{{- $parts := splitList (last .) (index . 1) }}
{{- if gt (len $parts) 1 }}
{{- $number := first $parts | splitList "\n" | len | add -1 | int }}
{{- $line := index (splitList "\n" (first .)) $number }}
{{- splitList "\": " $line | rest | join "\": " | trimSuffix "," }}
{{- end }}
{{- end }}

{{- /*
{context, reference, file?}: the row of a model in the catalogue as JSON, or {}. A model that is not in it can be a
variant of one that is: with another organisation, as -Instruct, or quantized, which the end of its name or its tag says.
file is a GGUF file of the model: its name says the quantization.
*/}}
{{- define "fragment.sizing.row" -}}
{{- $reference := .reference }}
{{- /* A registry for ollama has copies of its library under the same names, in any namespace. */}}
{{- $format := include "fragment.sizing.format" .context }}
{{- $registry := and (eq $format "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}
{{- /* To ollama, no tag is latest; a family with a default has its tag already. */}}
{{- if and $registry (not (contains ":" $reference)) (not (contains "@" $reference)) }}
{{- $reference = printf "%s:latest" $reference }}
{{- end }}
{{- $row := include "fragment.sizing.listed" (dict "context" .context "reference" $reference) }}
{{- /* ollama's tag latest is the one that the family has by default. */}}
{{- if and (not $row) (hasSuffix ":latest" $reference) (not (contains "/" $reference)) }}
{{- $family := trimSuffix ":latest" $reference }}
{{- with include "fragment.sizing.tag" (merge (dict "Model" $family) .context) }}
{{- $reference = printf "%s:%s" $family . }}
{{- $row = include "fragment.sizing.listed" (dict "context" $.context "reference" $reference) }}
{{- end }}
{{- end }}
{{- /* The sizes without an organisation are of ollama's quantized files, which a folder of other files need not be. */}}
{{- if and (eq $format "directory") (not (contains "/" $reference)) (not .file) }}
{{- omit ($row | default "{}" | mustFromJson) "weightsMiB" "expertsM" "quantization" "default" | mustToJson }}
{{- else if and (not .file) (or $row (and $registry (contains "/" .reference))) }}
{{- $row | default "{}" }}
{{- else }}
{{- include "fragment.sizing.variant" (dict "context" .context "reference" $reference "file" .file) }}
{{- end }}
{{- end }}

{{- /* {context, reference}: the row of a model in the catalogue by its own name, as JSON; empty if there is none. */}}
{{- define "fragment.sizing.listed" -}}
{{- $row := "" }}
{{- $catalogue := include "fragment.sizing.read" .context }}
{{- range list .reference (regexReplaceAll "@.*$" .reference "") | uniq }}
{{- $row = $row | default (include "fragment.sizing.found" (list $catalogue $catalogue (printf "%s: {" (toJson .)))) }}
{{- end }}
{{- $row }}
{{- end }}

{{- /* The format of a server's models: that of the source or, if nothing is downloaded, of the engine's own source. */}}
{{- define "fragment.sizing.format" -}}
{{- $own := ternary "ollama" "directory" (eq (include "fragment.slot.engine.source" .) "ollama") }}
{{- .Facts.source.format | default $own }}
{{- end }}

{{- define "fragment.sizing.variant" -}}
{{- $quantizations := include "fragment.read" (list .context "files/sizing/quantizations.yaml") | mustFromJson }}
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
{{- $base = substr 0 (int (sub (len $name) (add1 (len $ending)))) $name | trimSuffix "-ud" }}
{{- end }}
{{- if .file }}
{{- $base = trimSuffix "-qat" $base }}
{{- $stem := regexReplaceAll "(-[0-9]{5}-of-[0-9]{5})?[.]gguf$" (splitList "/" .file | last | lower) "" }}
{{- $ending = include "fragment.sizing.ending" (merge (dict "name" $stem) $given) | default "unknown" }}
{{- end }}
{{- $plain := regexReplaceAll "-(instruct|chat|text|it|base|hf)$" $base "" | trimPrefix "meta-" }}
{{- $wanted := list $base $plain (printf "%s-instruct" $plain) (printf "%s-it" $plain) (printf "%s-bf16" $plain) }}
{{- /* Of a name such as google_gemma-3-12b-it, the first part is the organisation. */}}
{{- if and $hub (contains "_" $plain) }}
{{- $own := regexReplaceAll "^[a-z0-9.-]+_" $plain "" }}
{{- $wanted = concat $wanted (list $own (printf "%s-instruct" $own) (printf "%s-it" $own)) }}
{{- end }}
{{- /* What ollama's tags say beyond the size: 8x7b-instruct-v0.1, 30b-a3b, 7b-qwen-distill. */}}
{{- if not $hub }}
{{- $wanted = append $wanted (regexReplaceAll "-(instruct|chat|text|it|thinking|a[0-9.]+b|(qwen|llama)-distill|v[0-9.]+|[0-9]{4})\\b" $plain "") }}
{{- end }}
{{- $wanted = uniq $wanted }}
{{- /* Models that are as large as their -instruct, unless it is quantized: that is a decision of each release. */}}
{{- $loose := list }}
{{- if $hub }}
{{- $loose = list (regexReplaceAll "-thinking$" $plain "-instruct") (regexReplaceAll "-(instruct|thinking)-[0-9]{4}$" $plain "") | uniq }}
{{- end }}
{{- $catalogue := include "fragment.sizing.read" .context }}
{{- $names := lower $catalogue }}
{{- $row := dict }}
{{- range concat $wanted $loose }}
{{- $name := . }}
{{- range list $name (printf "meta-%s" $name) }}
{{- if not $row }}
{{- $end := printf "%s%s\": {" ($hub | ternary "/" "\"") . }}
{{- $found := include "fragment.sizing.found" (list $catalogue $names $end) | default "{}" | mustFromJson }}
{{- if or (has $name $wanted) (not $found.quantization) }}
{{- $row = $found }}
{{- end }}
{{- end }}
{{- end }}
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
