{{- define "llm-stack.secure.network-policy.clients" -}}
{{- if .Values.networkPolicy.enabled -}}
what its NetworkPolicy allows (if the network plugin enforces it)
{{- end }}
{{- end }}

{{- /*



*/}}
{{- define "llm-stack.secure.network-policy.target" -}}
{{- $usual := dict "https" 443 "http" 80 "wss" 443 "ws" 80 "redis" 6379 "rediss" 6379 "postgresql" 5432 "ldap" 389 "ldaps" 636 }}
{{- $scheme := splitList "://" .url | first }}
{{- $authority := splitList "://" .url | last | splitList "/" | first | splitList "@" | last }}
{{- $host := regexReplaceAll ":[0-9]+$" $authority "" }}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $authority) | int64 | default (get $usual $scheme | default 443) }}
{{- $found := dict }}
{{- range .context.Facts.network }}
{{- if and .service (eq .service $host) }}
{{- $found = dict "component" .component "ports" .ports }}
{{- end }}
{{- end }}
{{- if not $found }}
{{- $labels := splitList "." $host }}
{{- if regexMatch "^[0-9]+(\\.[0-9]+){3}$" $host }}
{{- $found = dict "cidr" (printf "%s/32" $host) "port" (int64 $port) }}
{{- else if eq (len $labels) 1 }}
{{- $found = dict "namespace" .context.Release.Namespace }}
{{- else if regexMatch "\\.svc(\\.|$)" $host }}
{{- $found = dict "namespace" (index $labels 1) }}
{{- else }}
{{- $found = dict "public" true "port" (int64 $port) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.secure.network-policy.ports" -}}
{{- $ports := list }}
{{- range . }}
{{- $ports = append $ports (dict "protocol" "TCP" "port" (int64 .)) }}
{{- end }}
{{- toYaml $ports }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.secure.network-policy.peer" -}}
{{- dict "podSelector" (dict "matchLabels" (include "llm-stack.selector" . | include "llm-stack.map" | mustFromJson)) | mustToJson }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.secure.network-policy.egress" -}}
{{- $context := .context }}
{{- $values := $context.Values.networkPolicy }}
{{- $rules := list }}
{{- $outside := list }}
{{- if .entry.internet }}
{{- $outside = list 443 80 }}
{{- end }}
{{- range .entry.urls }}
{{- $to := include "llm-stack.secure.network-policy.target" (dict "url" . "context" $context) | mustFromJson }}
{{- if $to.component }}
{{- $rules = append $rules (dict "to" (list (include "llm-stack.secure.network-policy.peer" (list $context $to.component) | mustFromJson)) "ports" (include "llm-stack.secure.network-policy.ports" $to.ports | include "llm-stack.list" | mustFromJson)) }}
{{- else if $to.namespace }}
{{- $rules = append $rules (dict "to" (list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $to.namespace))))) }}
{{- else if $to.cidr }}
{{- $rules = append $rules (dict "to" (list (dict "ipBlock" (dict "cidr" $to.cidr))) "ports" (include "llm-stack.secure.network-policy.ports" (list $to.port) | include "llm-stack.list" | mustFromJson)) }}
{{- else }}
{{- $outside = append $outside $to.port }}
{{- end }}
{{- end }}
{{- if $outside }}
{{- $blocks := list }}
{{- range $values.external }}
{{- $blocks = append $blocks (dict "ipBlock" .) }}
{{- end }}
{{- $numbers := list }}
{{- range $outside }}
{{- $numbers = append $numbers (int64 .) }}
{{- end }}
{{- $rules = append $rules (dict "to" $blocks "ports" (include "llm-stack.secure.network-policy.ports" (uniq $numbers) | include "llm-stack.list" | mustFromJson)) }}
{{- end }}
{{- if .entry.kubernetes }}
{{- $rules = append $rules (dict "ports" (include "llm-stack.secure.network-policy.ports" (list 443 6443) | include "llm-stack.list" | mustFromJson)) }}
{{- end }}
{{- range .entry.peers }}
{{- $rules = append $rules (dict "to" (list (include "llm-stack.secure.network-policy.peer" (list $context .) | mustFromJson))) }}
{{- end }}
{{- concat (uniq $rules) (get $values.egress .entry.component | default list) | mustToJson }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.secure.network-policy.ingress" -}}
{{- $context := .context }}
{{- $entry := .entry }}
{{- $values := $context.Values.networkPolicy }}
{{- $rules := list }}
{{- $clients := list }}
{{- range $context.Facts.network }}
{{- $client := .component }}
{{- range .urls }}
{{- $to := include "llm-stack.secure.network-policy.target" (dict "url" . "context" $context) | mustFromJson }}
{{- if eq ($to.component | default "") $entry.component }}
{{- $clients = append $clients (include "llm-stack.secure.network-policy.peer" (list $context $client) | mustFromJson) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $entry.public }}
{{- $clients = concat $clients $values.clients }}
{{- end }}
{{- with $clients }}
{{- $rules = append $rules (dict "from" (uniq .) "ports" (include "llm-stack.secure.network-policy.ports" $entry.ports | include "llm-stack.list" | mustFromJson)) }}
{{- end }}
{{- if and $entry.metrics $values.prometheus }}
{{- $rules = append $rules (dict "from" $values.prometheus "ports" (include "llm-stack.secure.network-policy.ports" (list $entry.metrics) | include "llm-stack.list" | mustFromJson)) }}
{{- end }}
{{- range $entry.peers }}
{{- $rules = append $rules (dict "from" (list (include "llm-stack.secure.network-policy.peer" (list $context .) | mustFromJson))) }}
{{- end }}
{{- mustToJson $rules }}
{{- end }}

{{- define "llm-stack.secure.network-policy.checks" -}}
{{- $values := .Values.networkPolicy }}
{{- if $values.enabled }}
{{- $known := list }}
{{- range .Facts.network }}
{{- $component := .component }}
{{- $known = append $known .component }}
{{- if not (hasKey $values.egress .component) }}
{{- range .hidden }}
networkPolicy.egress: {{ . }} names a Secret, so the chart does not know the address in it; add {{ $component }} with a rule for that address
{{- end }}
{{- end }}
{{- end }}
{{- range $component, $_ := $values.egress }}
{{- if not (has $component $known) }}
networkPolicy.egress: {{ $component }} is not a component of the release; use {{ $known | sortAlpha | join " or " }}
{{- end }}
{{- end }}
{{- $open := list }}
{{- range .Facts.expose }}
{{- $open = append $open .service }}
{{- end }}
{{- range .Facts.access }}
{{- if ne .type "ClusterIP" }}
{{- $open = append $open .service }}
{{- end }}
{{- end }}
{{- if and $open (not $values.clients) }}
networkPolicy.clients: is empty, but clients outside the release reach {{ $open | uniq | sortAlpha | join " and " }}; add the peers that connect, such as the namespace of the Ingress controller
{{- end }}
{{- if not $values.prometheus }}
{{- range .Servers }}
{{- if (.Facts.monitor | default dict).enabled }}
networkPolicy.prometheus: is empty, but Prometheus collects the metrics of server {{ .Server }}; add its peer, such as the namespace of Prometheus
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
