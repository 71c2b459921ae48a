




{{- define "llm-stack.proxy" -}}
{{- $proxy := .context.Values.global.proxy }}
{{- $found := dict }}
{{- range $name, $url := dict "HTTP_PROXY" $proxy.httpProxy "HTTPS_PROXY" $proxy.httpsProxy }}
{{- range list $name (lower $name) }}
{{- if $proxy.existingSecret }}
{{- $key := dict "name" $proxy.existingSecret "key" $name "optional" true }}
{{- $_ := set $found . (dict "valueFrom" (dict "secretKeyRef" $key)) }}
{{- else if $url }}
{{- $_ := set $found . $url }}
{{- end }}
{{- end }}
{{- end }}
{{- if $found }}
{{- $hosts := list }}
{{- range .urls }}
{{- $host := regexReplaceAll "^[a-z]+://([^@/]*@)?([^:/]+).*$" . "${2}" }}
{{- if not (or (contains "." $host) (hasPrefix "[" $host)) }}
{{- $hosts = append $hosts $host }}
{{- end }}
{{- end }}
{{- $direct := concat (list "localhost" "127.0.0.1" ".svc" ".cluster.local") (uniq $hosts) $proxy.noProxy | join "," }}
{{- $found = merge $found (dict "NO_PROXY" $direct "no_proxy" $direct) }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.endpointURLs" -}}
{{- $urls := list }}
{{- range .Facts.endpoints }}
{{- $urls = append $urls .url }}
{{- end }}
{{- mustToJson $urls }}
{{- end }}


{{- define "llm-stack.proxyURLs" -}}
{{- list .Values.global.proxy.httpProxy .Values.global.proxy.httpsProxy | compact | uniq | mustToJson }}
{{- end }}
