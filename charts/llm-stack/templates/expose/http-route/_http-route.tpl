



{{- define "llm-stack.expose.http-route.ways" -}}
{{- $ways := list }}
{{- with .Values.httpRoute }}
{{- if .enabled }}
{{- $way := dict "name" "web" "key" "httpRoute" "values" . "hostnames" .hostnames }}
{{- $ways = append $ways (merge $way (include "llm-stack.backend" (list $ .backend) | mustFromJson)) }}
{{- end }}
{{- end }}
{{- with .Values.api.httpRoute }}
{{- if .enabled }}
{{- $values := . }}
{{- range include "llm-stack.apiHosts" (list $ .) | mustFromJson }}
{{- $way := dict "key" "api.httpRoute" "values" $values "hostnames" (without (list .host) "*") }}
{{- $ways = append $ways (merge $way (pick . "name" "service" "port")) }}
{{- end }}
{{- end }}
{{- end }}
{{- $ways | mustToJson }}
{{- end }}



{{- define "llm-stack.expose.http-route.listener" -}}
{{- $found := dict }}
{{- range .parentRefs }}
{{- $port := int64 .port }}
{{- $https := or (eq $port 443) (contains "https" (.sectionName | default "")) }}
{{- if or (not $found) (and $https (not $found.https)) }}
{{- $found = dict "https" $https "port" $port }}
{{- end }}
{{- end }}
{{- $found | mustToJson }}
{{- end }}


{{- define "llm-stack.expose.http-route.facts" -}}
{{- range $way := include "llm-stack.expose.http-route.ways" . | mustFromJson }}
{{- $listener := include "llm-stack.expose.http-route.listener" .values | mustFromJson }}
{{- $http := .values.httpPort | default $listener.port }}
{{- $https := .values.httpsPort | default (ternary $listener.port 0 ($listener.https | default false)) }}
{{- if $way.service }}
{{- range .hostnames | default (list "") }}
- service: {{ $way.service | quote }}
  {{- if or (not .) (contains "*" .) }}
  hosts: {{ . | default "its Gateway, for any host name" | quote }}
  {{- else }}
  url: {{ include "llm-stack.url" (dict "host" . "https" $listener.https "httpPort" $http "httpsPort" $https) | quote }}
  {{- end }}
  annotations: {{ include "llm-stack.opening" (list $way.values.annotations) | mustFromJson | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- with .Values.httpRoute.grantNamespaces }}
{{- $hosts := printf "HTTPRoutes in namespace %s" (join " or " .) }}
{{- range include "llm-stack.expose.http-route.granted" $ | mustFromJson }}
- service: {{ quote . }}
  hosts: {{ quote $hosts }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.expose.http-route.granted" -}}
{{- $services := list }}
{{- range .Serving }}
{{- $services = append $services (include "llm-stack.serverName" .) }}
{{- end }}
{{- range .Facts.ui }}
{{- $services = append $services .service }}
{{- end }}
{{- mustToJson $services }}
{{- end }}

{{- define "llm-stack.expose.http-route.taken" -}}
{{- range include "llm-stack.expose.http-route.ways" . | mustFromJson }}
{{- $key := ternary "httpRoute.hostnames" "api.httpRoute.hosts" (eq .key "httpRoute") }}
{{ include "llm-stack.waysOfRoute" (dict "key" $key "parents" .values.parentRefs "hosts" .hostnames "namespace" $.Release.Namespace) }}
{{- end }}
{{- end }}

{{- define "llm-stack.expose.http-route.needs" -}}
{{- range include "llm-stack.expose.http-route.ways" . | mustFromJson }}
{{- range .values.parentRefs }}
Gateway/{{ with .namespace }}{{ . }}/{{ end }}{{ .name }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.expose.http-route.milliseconds" -}}
{{- $units := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+[hms]+" . -1 }}
{{- $sum = add $sum (mul (regexFind "[1-9][0-9]*" . | int64) (get $units (regexFind "[hms]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}


{{- define "llm-stack.expose.http-route.nginxTime" -}}
{{- if . }}
{{- $seconds := div (add (include "llm-stack.expose.http-route.milliseconds" . | int64) 999) 1000 }}
{{- if not $seconds }}
{{- "999h" }}
{{- else if le $seconds 9999 }}
{{- printf "%ds" $seconds }}
{{- else }}
{{- printf "%dm" (min 9999 (div (add $seconds 59) 60)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.expose.http-route.checks" -}}
{{- $ui := .Values.httpRoute }}
{{- $api := .Values.api.httpRoute }}
{{- range $key, $values := dict "httpRoute" $ui "api.httpRoute" $api }}
{{- if $values.enabled }}
{{- $request := include "llm-stack.expose.http-route.milliseconds" $values.timeouts.request | int64 }}
{{- $attempt := include "llm-stack.expose.http-route.milliseconds" $values.timeouts.backendRequest | int64 }}
{{- if not $values.parentRefs }}
{{ $key }}.parentRefs: is empty, so the route is attached to no Gateway; add a Gateway with name, namespace, and its listener as sectionName
{{- end }}
{{- $sections := dict }}
{{- range $values.parentRefs }}
{{- $gateway := printf "%s/%s" (.namespace | default "") .name }}
{{- $section := .sectionName | default "" }}
{{- $known := get $sections $gateway | default list }}
{{- if or (has $section $known) (and $known (or (not $section) (has "" $known))) }}
{{ $key }}.parentRefs: the Gateway {{ .name }} is listed more than once; keep one entry, or give each its own sectionName
{{- end }}
{{- $_ := set $sections $gateway (append $known $section) }}
{{- end }}
{{- if and $request (gt $attempt $request) }}
{{ $key }}.timeouts.backendRequest: {{ $values.timeouts.backendRequest }} is more than {{ $key }}.timeouts.request, which is {{ $values.timeouts.request }}; lower it, or remove it
{{- end }}
{{- end }}
{{- end }}
{{- if $ui.enabled }}
{{ include "llm-stack.backendFault" (dict "context" . "name" $ui.backend "key" "httpRoute.backend") }}
{{- end }}
{{- if $api.enabled }}
{{ include "llm-stack.apiFaults" (dict "context" . "way" $api "key" "api.httpRoute") }}
{{- end }}
{{- end }}
