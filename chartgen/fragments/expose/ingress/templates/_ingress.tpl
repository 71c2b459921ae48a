{{- /*
The Ingresses that there are, as a JSON list of {name, key, values, rules}: the name ends the object's own, the key is
where its values stand, and a rule is {host, service, port}.
*/}}
{{- define "fragment.expose.ingress.ways" -}}
{{- $ways := list }}
{{- with .Values.ingress }}
{{- if .enabled }}
{{- $backend := include "fragment.backend" (list $ .backend) | fromYaml }}
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
{{- $rules := include "fragment.apiHosts" (list $ .) | mustFromJson }}
{{- $ways = append $ways (dict "name" "api" "key" "api.ingress" "values" . "rules" $rules) }}
{{- end }}
{{- end }}
{{- $ways | mustToJson }}
{{- end }}

{{- /* (list CONTEXT WAY): those of the controllers that may be meant, then the user's own. */}}
{{- define "fragment.expose.ingress.annotations" -}}
{{- $way := index . 1 }}
{{- $services := list }}
{{- range $way.rules }}
{{- $services = append $services .service }}
{{- end }}
{{- $services = uniq $services | join "," }}
{{- $found := dict }}
{{- range $controller, $row := (index . 0).Files.Get "files/expose/ingress/controllers.yaml" | fromYaml }}
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
{{- mergeOverwrite $found $way.values.annotations | toYaml }}
{{- end }}

{{- /* (list TLS HOST): true where there is a certificate for it. */}}
{{- define "fragment.expose.ingress.encrypted" -}}
{{- $host := index . 1 }}
{{- $found := false }}
{{- range index . 0 }}
{{- $hosts := .hosts | default (list $host) }}
{{- if or (has $host $hosts) (has (regexReplaceAll "^[^.]*" $host "*") $hosts) }}
{{- $found = true }}
{{- end }}
{{- end }}
{{- ternary "true" "" $found }}
{{- end }}

{{- /* Every host name that people can type. */}}
{{- define "fragment.expose.ingress.facts" -}}
{{- range $way := include "fragment.expose.ingress.ways" . | mustFromJson }}
{{- range .rules }}
{{- if and .service (not (contains "*" .host)) }}
- url: {{ include "fragment.url" (list .host (include "fragment.expose.ingress.encrypted" (list $way.values.tls .host)) $way.values.httpPort $way.values.httpsPort) }}
  service: {{ .service }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* cert-manager makes the Secrets by itself where an annotation asks it to. */}}
{{- define "fragment.expose.ingress.needs" -}}
{{- range include "fragment.expose.ingress.ways" . | mustFromJson }}
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

{{- define "fragment.expose.ingress.checks" -}}
{{- $rows := .Files.Get "files/expose/ingress/controllers.yaml" | fromYaml }}
{{- $taken := list }}
{{- range $way := include "fragment.expose.ingress.ways" . | mustFromJson }}
{{- $hosts := list }}
{{- range .rules }}
{{- $hosts = append $hosts .host }}
{{- end }}
{{- if eq .key "ingress" }}
{{- if not (or .values.host .values.domain) }}
ingress.host: is empty; set it to a host name, or to "*" for every request that no other rule takes, or set ingress.domain
{{- end }}
{{ include "fragment.backendFault" (list $ .values.backend "ingress.backend") }}
{{- $taken = $hosts }}
{{- else }}
{{ include "fragment.apiFaults" (list $ .values .key $taken) }}
{{- end }}
{{- range $n, $item := .values.tls }}
{{- range $host := $item.hosts }}
{{- if not (or (has $host $hosts) (hasPrefix "*." $host)) }}
{{ $way.key }}.tls[{{ $n }}].hosts: {{ $host }} is not one of the Ingress's hosts; correct it, or add it to {{ ternary "ingress.additionalHosts" "api.ingress.hosts" (eq $way.key "ingress") }}
{{- end }}
{{- end }}
{{- end }}
{{- if .values.basicAuthSecret }}
{{- if not (dig .values.controller "passwords" "" $rows) }}
{{ .key }}.basicAuthSecret: {{ if has .values.controller (list "any" "none") }}the controller is not named, and one that passes the annotation over would let everybody in; set {{ .key }}.controller to it{{ else }}{{ .values.controller }} takes no Secret by an annotation, and would let everybody in; leave it out, and name what {{ .values.controller }} has for that in {{ .key }}.annotations{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
