





{{- define "llm-stack.engineMetrics" -}}
{{- $own := list }}
{{- range pick (.context.Facts.engine.metrics | default dict) "running" "waiting" "requests" }}
{{- $own = append $own (regexFind "^[a-z]+" .) }}
{{- end }}

{{- $labelled := .query }}
{{- with .own }}
{{- $labelled = regexReplaceAll (printf `[A-Za-z_:][A-Za-z0-9_:]*\s*\{[^}]*\bllm_server\s*=~?\s*["'][\^]?%s[$]?["'][^}]*\}` .) $labelled "labelled:own{}" }}
{{- $labelled = regexReplaceAll `\binference_pool_(average|per_pod|ready)_[a-z_]+` $labelled "labelled:own" }}
{{- $own = append $own "labelled" }}
{{- end }}
{{- $text := regexReplaceAll `__name__\s*=~?\s*["'][\^]?([^"']*)["']` $labelled "} ${1} {" }}
{{- $text = regexReplaceAll `"[^"]*"|'[^']*'` $text "" }}
{{- $text = regexReplaceAll `\{[^}]*\}|\[[^\]]*\]` $text " " }}
{{- $text = regexReplaceAll `\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)` $text " " }}
{{- $words := list "and" "or" "unless" "bool" "offset" "group_left" "group_right" "Inf" "NaN" "inf" "nan" }}
{{- $found := list }}
{{- range regexFindAll `\b[A-Za-z_][A-Za-z0-9_:]*\s*\(?` $text -1 }}
{{- $name := trim . }}
{{- if not (or (hasSuffix "(" $name) (has $name $words)) }}
{{- $found = append $found (has (regexFind "^[a-z]+[:_]" $name | trimAll ":_") $own) }}
{{- end }}
{{- end }}
{{- if and $found (not (has false $found)) -}}
true
{{- end }}
{{- end }}
