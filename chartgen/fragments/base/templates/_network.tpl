{{- /*
Given a map of environment variables, or a list of arguments: the URLs in their texts as scheme://host:port, as a JSON
list. A text can contain several, as in a list or in JSON. Without a scheme, only a host with a domain or an IPv4 address, and with
a port, is taken for an address; llama3.2:70 and main:8000 are none. A server listens at 0.0.0.0 or at 127.0.0.1.
*/}}
{{- define "fragment.urlsIn" -}}
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
