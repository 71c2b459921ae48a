{{- /*
Given a context: lays the catalogue as text, a line for each model, as .Read.catalogue, once a render. Reading it as data
takes a hundred times as long as finding the few lines that a render needs.
*/}}
{{- define "fragment.sizing.read" -}}
{{- if not (hasKey .Read "catalogue") }}
{{- $text := .Files.Get "files/sizing/models.yaml" | trim | trimPrefix "{" | trimSuffix "}" }}
{{- $_ := set .Read "catalogue" (printf "\n%s,\n" $text) }}
{{- end }}
{{- end }}

{{- /*
(list CONTEXT LINES TEXT): what the first line with TEXT says of its model, as JSON; empty if there is none. LINES are those of the
catalogue, as they are or in lowercase.
*/}}
{{- define "fragment.sizing.found" -}}
{{- $parts := splitList (last .) (index . 1) }}
{{- if gt (len $parts) 1 }}
{{- $number := first $parts | splitList "\n" | len | add -1 | int }}
{{- $line := index (splitList "\n" (first .).Read.catalogue) $number }}
{{- splitList "\": " $line | rest | join "\": " | trimSuffix "," }}
{{- end }}
{{- end }}

{{- /*
{context, reference}: the row of a model in the catalogue as JSON, or {}. A model that is not in it can be a variant of one
that is: with another organisation, as -Instruct, or quantized, which the end of its name or its tag says.
*/}}
{{- define "fragment.sizing.row" -}}
{{- include "fragment.sizing.read" .context }}
{{- $reference := .reference }}
{{- /* A registry for ollama has copies of its library under the same names, in any namespace. */}}
{{- $registry := and (eq (.context.Facts.source.format | default "ollama") "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}
{{- $row := "" }}
{{- range list $reference (regexReplaceAll "@.*$" $reference "") | uniq }}
{{- $row = $row | default (include "fragment.sizing.found" (list $.context $.context.Read.catalogue (printf "%s: {" (toJson .)))) }}
{{- end }}
{{- if or $row (and $registry (contains "/" .reference)) }}
{{- $row | default "{}" }}
{{- else }}
{{- include "fragment.sizing.variant" (dict "context" .context "reference" $reference) }}
{{- end }}
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
{{- $name = printf "%s-%s" (trimSuffix "-gguf" $name) ($tag | default "q4_k_m") }}
{{- end }}
{{- end }}
{{- /* The longest ending counts: of -fp8-dynamic and -dynamic, the first. */}}
{{- $ending := "" }}
{{- range $end, $_ := $quantizations }}
{{- if and (regexMatch (printf "[-._]%s$" (replace "." "[.]" $end)) $name) (gt (len $end) (len $ending)) }}
{{- $ending = $end }}
{{- end }}
{{- end }}
{{- $base := $name }}
{{- if $ending }}
{{- $base = substr 0 (int (sub (len $name) (add1 (len $ending)))) $name }}
{{- end }}
{{- $plain := regexReplaceAll "-(instruct|chat|text|it|base|hf)$" $base "" | trimPrefix "meta-" }}
{{- $wanted := list $base $plain (printf "%s-instruct" $plain) (printf "%s-it" $plain) | uniq }}
{{- $names := lower .context.Read.catalogue }}
{{- $row := dict }}
{{- range $wanted }}
{{- range list . (printf "meta-%s" .) }}
{{- if not $row }}
{{- $end := printf "%s%s\": {" ($hub | ternary "/" "\"") . }}
{{- $row = include "fragment.sizing.found" (list $.context $names $end) | default "{}" | mustFromJson }}
{{- end }}
{{- end }}
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
