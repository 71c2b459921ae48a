{{- /*



*/}}
{{- define "llm-stack.sizing.row" -}}
{{- include "llm-stack.read" (list .context "files/sizing/models.yaml") }}
{{- $rows := get .context.Read "files/sizing/models.yaml" }}
{{- $reference := .reference }}
{{- /**/}}
{{- $format := include "llm-stack.sizing.format" .context }}
{{- $registry := and (eq $format "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}
{{- $row := get $rows $reference | default (get $rows (regexReplaceAll "@.*$" $reference "")) }}
{{- /**/}}
{{- $other := and (eq $format "directory") (not (contains "/" $reference)) }}
{{- if and $other (not .file) }}
{{- omit ($row | default dict) "weightsMiB" "expertsM" "quantization" "default" | mustToJson }}
{{- else if and (not .file) (or $row (and $registry (contains "/" .reference))) }}
{{- mustToJson ($row | default dict) }}
{{- else }}
{{- include "llm-stack.sizing.variant" (dict "context" .context "rows" $rows "reference" $reference "file" .file) }}
{{- end }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.sizing.format" -}}
{{- $own := ternary "ollama" "directory" (eq (include "llm-stack.slot.engine.source" .) "ollama") }}
{{- .Facts.source.format | default $own }}
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
{{- $base = substr 0 (int (sub (len $name) (add1 (len $ending)))) $name }}
{{- end }}
{{- if .file }}
{{- $base = trimSuffix "-qat" $base }}
{{- $stem := regexReplaceAll "(-[0-9]{5}-of-[0-9]{5})?[.]gguf$" (splitList "/" .file | last | lower) "" }}
{{- $ending = include "llm-stack.sizing.ending" (merge (dict "name" $stem) $given) | default "unknown" }}
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
{{- /**/}}
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

{{- /*
*/}}
{{- define "llm-stack.sizing.ending" -}}
{{- $found := "" }}
{{- range $end, $_ := .quantizations }}
{{- if and (regexMatch (printf "[-._]%s$" (replace "." "[.]" $end)) $.name) (gt (len $end) (len $found)) }}
{{- $found = $end }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}
