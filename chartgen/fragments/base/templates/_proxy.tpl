{{- /*
{context, urls}: the environment variables of global.proxy as a JSON map, empty without a proxy. urls are those that the
program requests: a host without a domain is in the cluster. Programs differ in whether they read the names in upper or
lower case.
*/}}
{{- define "fragment.proxy" -}}
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

{{- /* Given a context of the release: the URLs of its endpoints, as a JSON list. */}}
{{- define "fragment.endpointURLs" -}}
{{- $urls := list }}
{{- range .Facts.endpoints }}
{{- $urls = append $urls .url }}
{{- end }}
{{- mustToJson $urls }}
{{- end }}

{{- /* Given a context: the URLs of the proxy, as a JSON list. */}}
{{- define "fragment.proxyURLs" -}}
{{- list .Values.global.proxy.httpProxy .Values.global.proxy.httpsProxy | compact | uniq | mustToJson }}
{{- end }}
