{{- /* Given a map of environment variables: the URLs among them, as a JSON list. */}}
{{- define "fragment.urlsIn" -}}
{{- $found := list }}
{{- range . }}
{{- if and (kindIs "string" .) (regexMatch "^[a-z]+://" .) }}
{{- $found = append $found . }}
{{- end }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}
