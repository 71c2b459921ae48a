



{{- define "llm-stack.urlsIn" -}}
{{- $found := list }}
{{- range . }}
{{- if kindIs "string" . }}
{{- range regexFindAll "[a-z][a-z0-9+]*://([^@/\\s\"';,]*@)?([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]+)?" . -1 }}
{{- $found = append $found (regexReplaceAll "://.*@" . "://") }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $found | mustToJson }}
{{- end }}
