{{- /* Its host names, as a list. */}}
{{- define "llm-stack.expose.ingress.hosts" -}}
{{- $host := .Values.ingress.host }}
{{- if and .Values.ingress.domain (not $host) }}
{{- $host = printf "%s.%s" (.Values.fullnameOverride | default .Release.Name) .Values.ingress.domain }}
{{- end }}
{{- prepend .Values.ingress.additionalHosts $host | compact | uniq | toJson }}
{{- end }}

{{- define "llm-stack.expose.ingress.annotations" -}}
{{- $ingress := .Values.ingress }}
{{- $service := (include "llm-stack.backend" (list . $ingress.backend) | fromYaml).service | default "" }}
{{- $found := dict }}
{{- range $controller, $annotations := .Files.Get "files/expose/ingress/controllers.yaml" | fromYaml }}
{{- if has $ingress.controller (list "any" $controller) }}
{{- range $name, $value := $annotations }}
{{- $_ := set $found $name ($value | replace "{seconds}" (int64 $ingress.timeoutSeconds | toString) | replace "{service}" $service) }}
{{- end }}
{{- end }}
{{- end }}
{{- mergeOverwrite $found $ingress.annotations | toYaml }}
{{- end }}

{{- /* (list CONTEXT HOST): true where there is a certificate for it. */}}
{{- define "llm-stack.expose.ingress.encrypted" -}}
{{- $host := index . 1 }}
{{- $found := false }}
{{- range (index . 0).Values.ingress.tls }}
{{- $hosts := .hosts | default (list $host) }}
{{- if or (has $host $hosts) (has (regexReplaceAll "^[^.]*" $host "*") $hosts) }}
{{- $found = true }}
{{- end }}
{{- end }}
{{- ternary "true" "" $found }}
{{- end }}

{{- /* The first host name that people can type. */}}
{{- define "llm-stack.expose.ingress.facts" -}}
{{- $ingress := .Values.ingress }}
{{- $host := "" }}
{{- range include "llm-stack.expose.ingress.hosts" . | fromYamlArray }}
{{- if not (contains "*" .) }}
{{- $host = $host | default . }}
{{- end }}
{{- end }}
{{- if and $ingress.enabled $host -}}
- url: {{ include "llm-stack.url" (list $host (include "llm-stack.expose.ingress.encrypted" (list . $host)) $ingress.httpPort $ingress.httpsPort) }}
  service: {{ (include "llm-stack.backend" (list . $ingress.backend) | fromYaml).service }}
{{- end }}
{{- end }}

{{- /* cert-manager makes the Secrets by itself where an annotation asks it to. */}}
{{- define "llm-stack.expose.ingress.needs" -}}
{{- $ingress := .Values.ingress }}
{{- if $ingress.enabled }}
{{- with $ingress.className }}
IngressClass/{{ . }}
{{- end }}
{{- if not (contains "cert-manager.io/" (keys $ingress.annotations | join " ")) }}
{{- range $ingress.tls }}
{{- with .secretName }}
Secret/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.expose.ingress.checks" -}}
{{- $ingress := .Values.ingress }}
{{- if $ingress.enabled }}
{{- $hosts := include "llm-stack.expose.ingress.hosts" . | fromYamlArray }}
{{- if not (or $ingress.host $ingress.domain) }}
ingress.host: is empty; set it to a host name, or to "*" for every request that no other rule takes, or set ingress.domain
{{- end }}
{{- range $n, $item := $ingress.tls }}
{{- range $host := $item.hosts }}
{{- if not (or (has $host $hosts) (hasPrefix "*." $host)) }}
ingress.tls[{{ $n }}].hosts: {{ $host }} is not one of the Ingress's hosts; correct it, or add it to ingress.additionalHosts
{{- end }}
{{- end }}
{{- end }}
{{ include "llm-stack.backendFault" (list . $ingress.backend "ingress.backend") }}
{{- end }}
{{- end }}
