



{{- define "llm-stack.sizing.read" -}}
{{- .Files.Get "files/sizing/models.yaml" | trim | trimPrefix "{" | trimSuffix "}" | printf "\n%s,\n" }}
{{- end }}





{{- define "llm-stack.sizing.found" -}}
{{- $parts := splitList (last .) (index . 1) }}
{{- if gt (len $parts) 1 }}
{{- $number := first $parts | splitList "\n" | len | add -1 | int }}
{{- $line := index (splitList "\n" (first .)) $number }}
{{- splitList "\": " $line | rest | join "\": " | trimSuffix "," }}
{{- end }}
{{- end }}






{{- define "llm-stack.sizing.row" -}}
{{- $reference := .reference }}

{{- $format := include "llm-stack.sizing.format" .context }}
{{- $registry := and (eq $format "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}

{{- if and $registry (not (contains ":" $reference)) (not (contains "@" $reference)) }}
{{- $reference = printf "%s:latest" $reference }}
{{- end }}
{{- $row := include "llm-stack.sizing.listed" (dict "context" .context "reference" $reference) }}

{{- if and (not $row) (hasSuffix ":latest" $reference) (not (contains "/" $reference)) }}
{{- $family := trimSuffix ":latest" $reference }}
{{- with include "llm-stack.sizing.tag" (merge (dict "Model" $family) .context) }}
{{- $reference = printf "%s:%s" $family . }}
{{- $row = include "llm-stack.sizing.listed" (dict "context" $.context "reference" $reference) }}
{{- end }}
{{- end }}

{{- if and (eq $format "directory") (not (contains "/" $reference)) (not .file) }}
{{- omit ($row | default "{}" | mustFromJson) "weightsMiB" "expertsM" "quantization" "default" | mustToJson }}
{{- else if and (not .file) (or $row (and $registry (contains "/" .reference))) }}
{{- $row | default "{}" }}
{{- else }}
{{- include "llm-stack.sizing.variant" (dict "context" .context "reference" $reference "file" .file) }}
{{- end }}
{{- end }}


{{- define "llm-stack.sizing.listed" -}}
{{- $row := "" }}
{{- $catalogue := include "llm-stack.sizing.read" .context }}
{{- range list .reference (regexReplaceAll "@.*$" .reference "") | uniq }}
{{- $row = $row | default (include "llm-stack.sizing.found" (list $catalogue $catalogue (printf "%s: {" (toJson .)))) }}
{{- end }}
{{- $row }}
{{- end }}


{{- define "llm-stack.sizing.format" -}}
{{- $own := ternary "ollama" "directory" (eq (include "llm-stack.slot.engine.source" .) "ollama") }}
{{- .Facts.source.format | default $own }}
{{- end }}

{{- define "llm-stack.sizing.variant" -}}
{{- $quantizations := include "llm-stack.read" (list .context "files/sizing/quantizations.yaml") | mustFromJson }}
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
{{- $ending := include "llm-stack.sizing.ending" (merge (dict "name" $name) $given) }}
{{- $base := $name }}
{{- if $ending }}
{{- $base = substr 0 (int (sub (len $name) (add1 (len $ending)))) $name | trimSuffix "-ud" }}
{{- end }}
{{- if .file }}
{{- $base = trimSuffix "-qat" $base }}
{{- $stem := regexReplaceAll "(-[0-9]{5}-of-[0-9]{5})?[.]gguf$" (splitList "/" .file | last | lower) "" }}
{{- $ending = include "llm-stack.sizing.ending" (merge (dict "name" $stem) $given) | default "unknown" }}
{{- end }}
{{- $plain := regexReplaceAll "-(instruct|chat|text|it|base|hf)$" $base "" | trimPrefix "meta-" }}
{{- $wanted := list $base $plain (printf "%s-instruct" $plain) (printf "%s-it" $plain) (printf "%s-bf16" $plain) }}

{{- if and $hub (contains "_" $plain) }}
{{- $own := regexReplaceAll "^[a-z0-9.-]+_" $plain "" }}
{{- $wanted = concat $wanted (list $own (printf "%s-instruct" $own) (printf "%s-it" $own)) }}
{{- end }}

{{- if not $hub }}
{{- $wanted = append $wanted (regexReplaceAll "-(instruct|chat|text|it|thinking|a[0-9.]+b|(qwen|llama)-distill|v[0-9.]+|[0-9]{4})\\b" $plain "") }}
{{- end }}
{{- $wanted = uniq $wanted }}

{{- $loose := list }}
{{- if $hub }}
{{- $loose = list (regexReplaceAll "-thinking$" $plain "-instruct") (regexReplaceAll "-(instruct|thinking)-[0-9]{4}$" $plain "") | uniq }}
{{- end }}
{{- $catalogue := include "llm-stack.sizing.read" .context }}
{{- $names := lower $catalogue }}
{{- $row := dict }}
{{- range concat $wanted $loose }}
{{- $name := . }}
{{- range list $name (printf "meta-%s" $name) }}
{{- if not $row }}
{{- $end := printf "%s%s\": {" ($hub | ternary "/" "\"") . }}
{{- $found := include "llm-stack.sizing.found" (list $catalogue $names $end) | default "{}" | mustFromJson }}
{{- if or (has $name $wanted) (not $found.quantization) }}
{{- $row = $found }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq $ending "unknown" }}

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



{{- define "llm-stack.sizing.ending" -}}
{{- $found := "" }}
{{- range $end, $_ := .quantizations }}
{{- if and (regexMatch (printf "[-._]%s$" (replace "." "[.]" $end)) $.name) (gt (len $end) (len $found)) }}
{{- $found = $end }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}
