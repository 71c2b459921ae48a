{{- /*


*/}}
{{- define "llm-stack.sizing.read" -}}
{{- if not (hasKey .Read "catalogue") }}
{{- $text := .Files.Get "files/sizing/models.yaml" | trim | trimPrefix "{" | trimSuffix "}" }}
{{- $_ := set .Read "catalogue" (printf "\n%s,\n" $text) }}
{{- end }}
{{- end }}

{{- /*


*/}}
{{- define "llm-stack.sizing.found" -}}
{{- $parts := splitList (last .) (index . 1) }}
{{- if gt (len $parts) 1 }}
{{- $number := first $parts | splitList "\n" | len | add -1 | int }}
{{- $line := index (splitList "\n" (first .).Read.catalogue) $number }}
{{- splitList "\": " $line | rest | join "\": " | trimSuffix "," }}
{{- end }}
{{- end }}

{{- /*


*/}}
{{- define "llm-stack.sizing.row" -}}
{{- include "llm-stack.sizing.read" .context }}
{{- $reference := .reference }}
{{- /**/}}
{{- $registry := and (eq (.context.Facts.source.format | default "ollama") "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}
{{- $row := "" }}
{{- range list $reference (regexReplaceAll "@.*$" $reference "") | uniq }}
{{- $row = $row | default (include "llm-stack.sizing.found" (list $.context $.context.Read.catalogue (printf "%s: {" (toJson .)))) }}
{{- end }}
{{- if or $row (and $registry (contains "/" .reference)) }}
{{- $row | default "{}" }}
{{- else }}
{{- include "llm-stack.sizing.variant" (dict "context" .context "reference" $reference) }}
{{- end }}
{{- end }}

{{- define "llm-stack.sizing.variant" -}}
{{- include "llm-stack.read" (list .context "files/sizing/quantizations.yaml") }}
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
{{- /**/}}
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
{{- $row = include "llm-stack.sizing.found" (list $.context $names $end) | default "{}" | mustFromJson }}
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
