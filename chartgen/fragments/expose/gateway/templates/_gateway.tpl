{{- /* The listener that URLs speak of, as a map: https and port (0 where it is not known). One with https goes first. */}}
{{- define "fragment.expose.gateway.listener" -}}
{{- $found := dict }}
{{- range .Values.gateway.parentRefs }}
{{- $port := int64 .port }}
{{- $https := or (eq $port 443) (contains "https" (.sectionName | default "")) }}
{{- if or (not $found) (and $https (not $found.https)) }}
{{- $found = dict "https" $https "port" $port }}
{{- end }}
{{- end }}
{{- $found | toYaml }}
{{- end }}

{{- /* The first host name that people can type. */}}
{{- define "fragment.expose.gateway.facts" -}}
{{- $gateway := .Values.gateway }}
{{- $listener := include "fragment.expose.gateway.listener" . | fromYaml }}
{{- $host := "" }}
{{- range $gateway.hostnames }}
{{- if not (contains "*" .) }}
{{- $host = $host | default . }}
{{- end }}
{{- end }}
{{- if and $gateway.enabled $host }}
{{- $http := $gateway.httpPort | default $listener.port }}
{{- $https := $gateway.httpsPort | default (ternary $listener.port 0 ($listener.https | default false)) -}}
- url: {{ include "fragment.url" (list $host $listener.https $http $https) }}
  service: {{ (include "fragment.backend" (list . $gateway.backend) | fromYaml).service }}
{{- end }}
{{- end }}

{{- define "fragment.expose.gateway.needs" -}}
{{- if .Values.gateway.enabled }}
{{- range .Values.gateway.parentRefs }}
Gateway/{{ with .namespace }}{{ . }}/{{ end }}{{ .name }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A duration such as 1h30m in milliseconds. */}}
{{- define "fragment.expose.gateway.milliseconds" -}}
{{- $units := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+[hms]+" . -1 }}
{{- $sum = add $sum (mul (regexFind "[1-9][0-9]*" . | int64) (get $units (regexFind "[hms]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- define "fragment.expose.gateway.checks" -}}
{{- $gateway := .Values.gateway }}
{{- if $gateway.enabled }}
{{- $request := include "fragment.expose.gateway.milliseconds" $gateway.timeouts.request | int64 }}
{{- $attempt := include "fragment.expose.gateway.milliseconds" $gateway.timeouts.backendRequest | int64 }}
{{- if not $gateway.parentRefs }}
gateway.parentRefs: names no Gateway, so the route would lead nowhere; add one with its name, its namespace, and its listener as sectionName
{{- end }}
{{- if and $request (gt $attempt $request) }}
gateway.timeouts.backendRequest: {{ $gateway.timeouts.backendRequest }} is more than gateway.timeouts.request, which is {{ $gateway.timeouts.request }}; lower it, or leave it out
{{- end }}
{{ include "fragment.backendFault" (list . $gateway.backend "gateway.backend") }}
{{- end }}
{{- end }}
