
{{- define "llm-stack.resourceFaults" -}}
{{- $key := first . }}
{{- $resources := last . }}
{{- $names := concat (keys ($resources.requests | default dict)) (keys ($resources.limits | default dict)) }}
{{- if and (contains " hugepages-" (printf " %s" (join " " $names))) (not (or (has "cpu" $names) (has "memory" $names))) }}
{{ $key }}: huge pages need cpu or memory besides them; add one of the two
{{- end }}
{{- range $name, $request := $resources.requests }}
{{- $limit := get ($resources.limits | default dict) $name | toString }}
{{- if and $limit (gt (include "llm-stack.quantity" (toString $request) | float64) (include "llm-stack.quantity" $limit | float64)) }}
{{ $key }}.requests.{{ $name }}: {{ $request }} is more than the limit, which is {{ $limit }}; lower the request, or raise the limit
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.quantity" -}}
{{- $unit := regexFind "[A-Za-z]*$" . }}
{{- mulf (trimSuffix $unit . | float64) (get (dict
  "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976
  "m" 0.001 "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "P" 1000000000000000 "E" 1000000000000000000) $unit) }}
{{- end }}
