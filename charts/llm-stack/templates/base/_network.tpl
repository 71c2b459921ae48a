
{{- define "llm-stack.urlsIn" -}}
{{- $found := list }}
{{- range . }}
{{- if and (kindIs "string" .) (regexMatch "^[a-z]+://" .) }}
{{- $found = append $found . }}
{{- end }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}
