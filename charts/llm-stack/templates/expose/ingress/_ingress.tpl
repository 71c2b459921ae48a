



{{- define "llm-stack.expose.ingress.ways" -}}
{{- $ways := list }}
{{- with .Values.ingress }}
{{- if .enabled }}
{{- $backend := include "llm-stack.backend" (list $ .backend) | mustFromJson }}
{{- $host := .host }}
{{- if and .domain (not $host) }}
{{- $host = printf "%s.%s" ($.Values.fullnameOverride | default $.Release.Name) .domain }}
{{- end }}
{{- $rules := list }}
{{- range prepend .additionalHosts $host | compact | uniq }}
{{- $rules = append $rules (merge (dict "host" .) $backend) }}
{{- end }}
{{- $ways = append $ways (dict "name" "web" "key" "ingress" "values" . "rules" $rules) }}
{{- end }}
{{- end }}
{{- with .Values.api.ingress }}
{{- if .enabled }}
{{- $rules := include "llm-stack.apiHosts" (list $ .) | mustFromJson }}
{{- $ways = append $ways (dict "name" "api" "key" "api.ingress" "values" . "rules" $rules) }}
{{- end }}
{{- end }}
{{- $ways | mustToJson }}
{{- end }}


{{- define "llm-stack.expose.ingress.annotations" -}}
{{- $way := last . }}
{{- $services := list }}
{{- range $way.rules }}
{{- $services = append $services .service }}
{{- end }}
{{- $services = uniq $services | join "," }}
{{- $found := dict }}
{{- range $controller, $row := include "llm-stack.read" (list (first .) "files/expose/ingress/controllers.yaml") | mustFromJson }}
{{- if has $way.values.controller (list "any" $controller) }}
{{- range $name, $value := $row.streaming }}
{{- $_ := set $found $name ($value | replace "{seconds}" (int64 $way.values.timeoutSeconds | toString) | replace "{service}" $services) }}
{{- end }}
{{- with $way.values.basicAuthSecret }}
{{- range $name, $value := $row.passwords }}
{{- $_ := set $found $name ($value | replace "{secret}" $way.values.basicAuthSecret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- mergeOverwrite $found $way.values.annotations | mustToJson }}
{{- end }}


{{- define "llm-stack.expose.ingress.encrypted" -}}
{{- $host := last . }}
{{- $found := false }}
{{- range first . }}
{{- $hosts := .hosts | default (list $host) }}
{{- if or (has $host $hosts) (has (regexReplaceAll "^[^.]*" $host "*") $hosts) }}
{{- $found = true }}
{{- end }}
{{- end }}
{{- ternary "true" "" $found }}
{{- end }}


{{- define "llm-stack.expose.ingress.facts" -}}
{{- range $way := include "llm-stack.expose.ingress.ways" . | mustFromJson }}
{{- range .rules }}
{{- if .service }}
- service: {{ .service | quote }}
  {{- if contains "*" .host }}
  hosts: {{ ternary "its Ingress, for any host name" .host (eq .host "*") | quote }}
  {{- else }}
  {{- $https := include "llm-stack.expose.ingress.encrypted" (list $way.values.tls .host) }}
  url: {{ include "llm-stack.url" (merge (dict "host" .host "https" $https) (pick $way.values "httpPort" "httpsPort")) | quote }}
  {{- end }}
  {{- if $way.values.basicAuthSecret }}
  password: {{ quote $way.values.controller }}
  {{- end }}
  annotations: {{ include "llm-stack.opening" (list $way.values.annotations) | mustFromJson | toJson }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.expose.ingress.taken" -}}
{{- range $way := include "llm-stack.expose.ingress.ways" . | mustFromJson }}
{{- $own := eq .key "ingress" }}
{{- range $n, $rule := .rules }}
- key: {{ ternary (ternary "ingress.host" "ingress.additionalHosts" (eq $n 0)) "api.ingress.hosts" $own | quote }}
  kind: Ingress
  host: {{ ternary "" .host (eq .host "*") | quote }}
  parent: {{ $way.values.className | quote }}
  places: {{ include "llm-stack.placesOfIngress" $way.values.annotations | mustFromJson | toJson }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.expose.ingress.needs" -}}
{{- range include "llm-stack.expose.ingress.ways" . | mustFromJson }}
{{- with .values.className }}
IngressClass/{{ . }}
{{- end }}
{{- with .values.basicAuthSecret }}
Secret/{{ . }}
{{- end }}
{{- if not (contains "cert-manager.io/" (keys .values.annotations | join " ")) }}
{{- range .values.tls }}
{{- with .secretName }}
Secret/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.expose.ingress.checks" -}}
{{- $controllers := include "llm-stack.read" (list . "files/expose/ingress/controllers.yaml") | mustFromJson }}
{{- range $way := include "llm-stack.expose.ingress.ways" . | mustFromJson }}
{{- $hosts := list }}
{{- range .rules }}
{{- $hosts = append $hosts .host }}
{{- end }}
{{- if eq .key "ingress" }}
{{- if not (or .values.host .values.domain) }}
ingress.host: is empty; set it to a host name, or to "*" for every request that no other rule matches, or set ingress.domain
{{- end }}
{{ include "llm-stack.backendFault" (dict "context" $ "name" .values.backend "key" "ingress.backend") }}
{{- else }}
{{ include "llm-stack.apiFaults" (dict "context" $ "way" .values "key" .key) }}
{{- end }}
{{- range $n, $item := .values.tls }}
{{- range $host := $item.hosts }}
{{- if not (or (has $host $hosts) (hasPrefix "*." $host)) }}
{{ $way.key }}.tls[{{ $n }}].hosts: {{ $host }} is not one of the Ingress's hosts; correct it, or add it to {{ ternary "ingress.additionalHosts" "api.ingress.hosts" (eq $way.key "ingress") }}
{{- end }}
{{- end }}
{{- end }}
{{- $controller := .values.controller }}
{{- if and .values.basicAuthSecret (not (dig $controller "passwords" "" $controllers)) }}
{{- if has $controller (list "any" "none") }}
{{ .key }}.basicAuthSecret: is set, but {{ .key }}.controller is {{ $controller }}, and a controller that ignores the annotation would allow access without a password; set {{ .key }}.controller to the controller of your cluster: haproxy, ingress-nginx or nginx-f5
{{- else }}
{{ .key }}.basicAuthSecret: {{ $controller }} has no annotation for this Secret, and would allow access without a password; remove basicAuthSecret, and use {{ $controller }}'s own authentication with {{ .key }}.annotations
{{- end }}
{{- end }}
{{- if .values.basicAuthSecret }}
{{- range $rule := .rules }}
{{- range $.Facts.access }}
{{- if and .authorization (eq .service $rule.service) }}
{{ $way.key }}.basicAuthSecret: requires a password in the header Authorization, in which clients of {{ regexReplaceAll "^Server " .title "server " }} send {{ .authorization }}, so that no request can have both; remove basicAuthSecret
{{- end }}
{{- end }}
{{- end }}
{{- $passwords := dict }}
{{- range $controllers }}
{{- $passwords = merge $passwords (.passwords | default dict) }}
{{- end }}
{{- range $name, $value := .values.annotations }}

{{- $snippet := and (regexMatch "-snippets?$" $name) (regexMatch "(?i)(auth_basic|satisfy|proxy_pass|http-request +(auth|allow))" $value) }}
{{- if or $snippet (hasKey $passwords $name) (and (hasSuffix "/satisfy" $name) (eq (lower $value | trim) "any")) }}
{{ $way.key }}.annotations: {{ $name }} changes who needs the password of {{ $way.key }}.basicAuthSecret; remove one of the two
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
