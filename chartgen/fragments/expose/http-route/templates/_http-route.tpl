{{- /*
The enabled HTTPRoutes as a JSON list of {name, key, values, hostnames, service, port}. The name is the suffix of the
object's name, and the key is the path of its values.
*/}}
{{- define "fragment.expose.http-route.ways" -}}
{{- $ways := list }}
{{- with .Values.httpRoute }}
{{- if .enabled }}
{{- $way := dict "name" "web" "key" "httpRoute" "values" . "hostnames" .hostnames }}
{{- $ways = append $ways (merge $way (include "fragment.backend" (list $ .backend) | mustFromJson)) }}
{{- end }}
{{- end }}
{{- with .Values.api.httpRoute }}
{{- if .enabled }}
{{- $values := . }}
{{- range include "fragment.apiHosts" (list $ .) | mustFromJson }}
{{- $way := dict "key" "api.httpRoute" "values" $values "hostnames" (without (list .host) "*") }}
{{- $ways = append $ways (merge $way (pick . "name" "service" "port")) }}
{{- end }}
{{- end }}
{{- end }}
{{- $ways | mustToJson }}
{{- end }}

{{- /* The listener that URLs use, as JSON: https and port (0 if it is not known). A listener with https is preferred.
Given the values of an HTTPRoute. */}}
{{- define "fragment.expose.http-route.listener" -}}
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

{{- /* Every host name that users can open. */}}
{{- define "fragment.expose.http-route.facts" -}}
{{- range $way := include "fragment.expose.http-route.ways" . | mustFromJson }}
{{- $listener := include "fragment.expose.http-route.listener" .values | mustFromJson }}
{{- $http := .values.httpPort | default $listener.port }}
{{- $https := .values.httpsPort | default (ternary $listener.port 0 ($listener.https | default false)) }}
{{- if $way.service }}
{{- range .hostnames | default (list "") }}
- service: {{ $way.service | quote }}
  {{- if or (not .) (contains "*" .) }}
  hosts: {{ . | default "its Gateway, for any host name" | quote }}
  {{- else }}
  url: {{ include "fragment.url" (dict "host" . "https" $listener.https "httpPort" $http "httpsPort" $https) | quote }}
  {{- end }}
  annotations: {{ include "fragment.opening" (list $way.values.annotations) | mustFromJson | toJson }}
{{- end }}
{{- end }}
{{- end }}
{{- /* With a grant, routes that others write lead here, too. */}}
{{- with .Values.httpRoute.grantNamespaces }}
{{- $hosts := printf "HTTPRoutes in namespace %s" (join " or " .) }}
{{- range include "fragment.expose.http-route.granted" $ | mustFromJson }}
- service: {{ quote . }}
  hosts: {{ quote $hosts }}
{{- end }}
{{- end }}
{{- end }}

{{- /* JSON: the Services that the ReferenceGrant names. */}}
{{- define "fragment.expose.http-route.granted" -}}
{{- $services := list }}
{{- range .Serving }}
{{- $services = append $services (include "fragment.serverName" .) }}
{{- end }}
{{- range .Facts.ui }}
{{- $services = append $services .service }}
{{- end }}
{{- mustToJson $services }}
{{- end }}

{{- define "fragment.expose.http-route.taken" -}}
{{- range include "fragment.expose.http-route.ways" . | mustFromJson }}
{{- $key := ternary "httpRoute.hostnames" "api.httpRoute.hosts" (eq .key "httpRoute") }}
{{ include "fragment.waysOfRoute" (dict "key" $key "parents" .values.parentRefs "hosts" .hostnames "namespace" $.Release.Namespace) }}
{{- end }}
{{- end }}

{{- define "fragment.expose.http-route.needs" -}}
{{- range include "fragment.expose.http-route.ways" . | mustFromJson }}
{{- range .values.parentRefs }}
Gateway/{{ with .namespace }}{{ . }}/{{ end }}{{ .name }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A duration such as 1h30m, in milliseconds. */}}
{{- define "fragment.expose.http-route.milliseconds" -}}
{{- $units := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+[hms]+" . -1 }}
{{- $sum = add $sum (mul (regexFind "[1-9][0-9]*" . | int64) (get $units (regexFind "[hms]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- /* The same, as nginx writes it: one number and one unit, rounded up. 0s, which removes the limit, is 41 days. */}}
{{- define "fragment.expose.http-route.nginxTime" -}}
{{- if . }}
{{- $seconds := div (add (include "fragment.expose.http-route.milliseconds" . | int64) 999) 1000 }}
{{- if not $seconds }}
{{- "999h" }}
{{- else if le $seconds 9999 }}
{{- printf "%ds" $seconds }}
{{- else }}
{{- printf "%dm" (min 9999 (div (add $seconds 59) 60)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.expose.http-route.checks" -}}
{{- $ui := .Values.httpRoute }}
{{- $api := .Values.api.httpRoute }}
{{- range $key, $values := dict "httpRoute" $ui "api.httpRoute" $api }}
{{- if $values.enabled }}
{{- $request := include "fragment.expose.http-route.milliseconds" $values.timeouts.request | int64 }}
{{- $attempt := include "fragment.expose.http-route.milliseconds" $values.timeouts.backendRequest | int64 }}
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
{{ include "fragment.backendFault" (dict "context" . "name" $ui.backend "key" "httpRoute.backend") }}
{{- end }}
{{- if $api.enabled }}
{{ include "fragment.apiFaults" (dict "context" . "way" $api "key" "api.httpRoute") }}
{{- end }}
{{- end }}
