



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
{{- $direct := concat (list "localhost" "127.0.0.1" ".svc" ".cluster.local") (uniq .hosts) $proxy.noProxy | join "," }}
{{- $found = merge $found (dict "NO_PROXY" $direct "no_proxy" $direct) }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.endpointHosts" -}}
{{- $hosts := list }}
{{- range .Facts.endpoints }}
{{- $hosts = append $hosts (regexReplaceAll "^https?://([^:/]+).*$" .url "${1}") }}
{{- end }}
{{- mustToJson $hosts }}
{{- end }}


{{- define "llm-stack.proxyURLs" -}}
{{- list .Values.global.proxy.httpProxy .Values.global.proxy.httpsProxy | compact | uniq | mustToJson }}
{{- end }}
