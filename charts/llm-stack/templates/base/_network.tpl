




{{- define "llm-stack.urlsIn" -}}
{{- $found := list }}
{{- range . }}
{{- if kindIs "string" . }}
{{- range regexFindAll "[a-z][a-z0-9+]*://([^@/\\s\"';,]*@)?([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]+)?" . -1 }}
{{- $found = append $found (regexReplaceAll "://.*@" . "://") }}
{{- end }}
{{- range regexSplit "[\\s,;='\"{}\\[\\]]+" . -1 }}
{{- if and (regexMatch "^(([A-Za-z0-9-]+[.])+[A-Za-z][A-Za-z0-9-]*|[0-9]{1,3}([.][0-9]{1,3}){3}):[0-9]{2,5}(/[^:]*)?$" .) (not (regexMatch "^(0|127)[.]" .)) }}
{{- $found = append $found (printf "tcp://%s" (splitList "/" . | first)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $found | mustToJson }}
{{- end }}
