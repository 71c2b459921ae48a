{{- /*


*/}}
{{- define "llm-stack.sizing.row" -}}
{{- include "llm-stack.read" (list .context "files/sizing/models.yaml") }}
{{- $rows := get .context.Read "files/sizing/models.yaml" }}
{{- $reference := .reference }}
{{- /**/}}
{{- $registry := and (eq (.context.Facts.source.format | default "ollama") "ollama") (not (regexMatch "^(hf[.]co|huggingface[.]co)/" $reference)) }}
{{- if $registry }}
{{- $reference = regexReplaceAll "^.*/" $reference "" }}
{{- end }}
{{- /**/}}
{{- if and (hasSuffix ":latest" $reference) (not (contains "/" $reference)) (not (hasKey $rows $reference)) }}
{{- $family := trimSuffix ":latest" $reference }}
{{- with include "llm-stack.sizing.tag" (merge (dict "Model" $family) .context) }}
{{- $reference = printf "%s:%s" $family . }}
{{- end }}
{{- end }}
{{- $row := get $rows $reference | default (get $rows (regexReplaceAll "@.*$" $reference "")) }}
{{- if or $row (and $registry (contains "/" .reference)) }}
{{- mustToJson ($row | default dict) }}
{{- else }}
{{- include "llm-stack.sizing.variant" (dict "context" .context "rows" $rows "reference" $reference) }}
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
{{- $base = substr 0 (int (sub (len $name) (add1 (len $ending)))) $name | trimSuffix "-ud" }}
{{- end }}
{{- $plain := regexReplaceAll "-(instruct|chat|text|it|base|hf)$" $base "" | trimPrefix "meta-" }}
{{- $wanted := list $base $plain (printf "%s-instruct" $plain) (printf "%s-it" $plain) (printf "%s-bf16" $plain) }}
{{- /**/}}
{{- if and $hub (contains "_" $plain) }}
{{- $own := regexReplaceAll "^[a-z0-9.-]+_" $plain "" }}
{{- $wanted = concat $wanted (list $own (printf "%s-instruct" $own) (printf "%s-it" $own)) }}
{{- end }}
{{- /**/}}
{{- if not $hub }}
{{- $wanted = append $wanted (regexReplaceAll "-(instruct|chat|text|it|thinking|a[0-9.]+b|(qwen|llama)-distill|v[0-9.]+|[0-9]{4})\\b" $plain "") }}
{{- end }}
{{- $wanted = uniq $wanted }}
{{- /**/}}
{{- $loose := list }}
{{- if $hub }}
{{- $loose = list (regexReplaceAll "-thinking$" $plain "-instruct") (regexReplaceAll "-(instruct|thinking)-[0-9]{4}$" $plain "") | uniq }}
{{- end }}
{{- $found := dict }}
{{- range $key, $row := .rows }}
{{- if eq $hub (contains "/" $key) }}
{{- $own := splitList "/" $key | last | lower }}
{{- if or (has $own $wanted) (and (has $own $loose) (not $row.quantization)) }}
{{- $_ := set $found $own $row }}
{{- else if has (trimPrefix "meta-" $own) $wanted }}
{{- $_ := set $found (trimPrefix "meta-" $own) $row }}
{{- end }}
{{- end }}
{{- end }}
{{- $row := dict }}
{{- range concat $wanted $loose }}
{{- $row = $row | default (get $found . | default dict) }}
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
