{{- define "fragment.secure.network-policy.clients" -}}
{{- if .Values.networkPolicy.enabled -}}
what its NetworkPolicy allows (if the network plugin enforces it)
{{- end }}
{{- end }}

{{- /*
Where a URL leads, as JSON. Given {url, context}. component: a component of the release, with ports. namespace: another
Service of the cluster, whose pods can have other ports than the Service. cidr or public: a host outside the cluster,
with port; host: the name of a public one. None of these: localhost, the pod itself. A host of two names can be a Service
with its namespace (minio.storage) or public (ghcr.io): it is both, unless no namespace is called like its domain. So is
a host with .svc and another domain than cluster.local (minio.storage.svc.example.com), which can be that of the cluster.
A Service can have the name of a pod before it (redis-0.redis.cache.svc).
*/}}
{{- define "fragment.secure.network-policy.target" -}}
{{- $usual := dict "https" 443 "http" 80 "wss" 443 "ws" 80 "redis" 6379 "rediss" 6379 "valkey" 6379 "valkeys" 6379 "postgresql" 5432 "postgres" 5432 "cockroachdb" 26257 "mysql" 3306 "mariadb" 3306 "sqlserver" 1433 "mssql" 1433 "oracle" 1521 "mongodb" 27017 "amqp" 5672 "amqps" 5671 "nats" 4222 "mqtt" 1883 "mqtts" 8883 "ldap" 389 "ldaps" 636 "ssh" 22 "ray" 10001 }}
{{- $scheme := splitList "://" .url | first | lower }}
{{- /* The driver of a database is behind its scheme, and what git uses before it. */}}
{{- $schemes := splitList "+" $scheme }}
{{- $authority := splitList "://" .url | last | splitList "/" | first | splitList "@" | last }}
{{- $host := regexReplaceAll ":[0-9]+$" $authority "" | trimSuffix "." }}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $authority) | int64 | default (coalesce (get $usual (first $schemes)) (get $usual (last $schemes)) 443) }}
{{- /* Before .svc are the names of a Service and of its namespace. After it is the domain of the cluster, which can be any. */}}
{{- $inside := regexMatch "^[^.]+([.][^.]+)+[.]svc([.]|$)|[.]svc$" $host }}
{{- $certain := regexMatch "[.]svc([.]cluster[.]local)?$" $host }}
{{- $labels := ternary (regexReplaceAll "[.]svc([.].*)?$" $host "") $host $inside | splitList "." }}
{{- $service := $host }}
{{- if and (gt (len $labels) 1) (or $inside (eq (len $labels) 2)) (eq (last $labels) .context.Release.Namespace) }}
{{- $service = initial $labels | last }}
{{- end }}
{{- $found := dict }}
{{- range .context.Facts.network }}
{{- if and .service (eq .service $service) }}
{{- $found = dict "component" .component "ports" .ports }}
{{- end }}
{{- end }}
{{- if not (or $found (eq $host "localhost")) }}
{{- if regexMatch "^[0-9]+(\\.[0-9]+){3}$" $host }}
{{- $found = dict "cidr" (printf "%s/32" $host) "port" (int64 $port) }}
{{- else if hasPrefix "[" $host }}
{{- $found = dict "cidr" (printf "%s/128" (trimAll "[]" $host)) "port" (int64 $port) }}
{{- else if eq (len $labels) 1 }}
{{- $found = dict "namespace" .context.Release.Namespace }}
{{- else if $certain }}
{{- $found = dict "namespace" (last $labels) }}
{{- else }}
{{- $found = dict "public" true "port" (int64 $port) "host" (printf "%s:%d" $host (int64 $port)) }}
{{- if $inside }}
{{- $_ := set $found "namespace" (last $labels) }}
{{- else if and (eq (len $labels) 2) (not (has (last $labels) (list "com" "org" "net" "io" "co" "cn"))) }}
{{- $_ := set $found "namespace" (last $labels) }}
{{- end }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /* A list of ports, as in a NetworkPolicy. Given a list of numbers. */}}
{{- define "fragment.secure.network-policy.ports" -}}
{{- $ports := list }}
{{- range . }}
{{- $ports = append $ports (dict "protocol" "TCP" "port" (int64 .)) }}
{{- end }}
{{- toYaml $ports }}
{{- end }}

{{- /* (list CONTEXT COMPONENT): the peer of a component's pods, as JSON. */}}
{{- define "fragment.secure.network-policy.peer" -}}
{{- dict "podSelector" (dict "matchLabels" (include "fragment.selector" . | include "fragment.map" | mustFromJson)) | mustToJson }}
{{- end }}

{{- /* The egress rules of an entry of network.facts, as JSON. Given {context, entry}. */}}
{{- define "fragment.secure.network-policy.egress" -}}
{{- $context := .context }}
{{- $values := $context.Values.networkPolicy }}
{{- $rules := list }}
{{- $outside := list }}
{{- if .entry.internet }}
{{- $outside = list 443 80 }}
{{- end }}
{{- range .entry.urls }}
{{- $to := include "fragment.secure.network-policy.target" (dict "url" . "context" $context) | mustFromJson }}
{{- if $to.component }}
{{- $rules = append $rules (dict "to" (list (include "fragment.secure.network-policy.peer" (list $context $to.component) | mustFromJson)) "ports" (include "fragment.secure.network-policy.ports" $to.ports | include "fragment.list" | mustFromJson)) }}
{{- end }}
{{- with $to.namespace }}
{{- $rules = append $rules (dict "to" (list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .))))) }}
{{- end }}
{{- with $to.cidr }}
{{- $rules = append $rules (dict "to" (list (dict "ipBlock" (dict "cidr" .))) "ports" (include "fragment.secure.network-policy.ports" (list $to.port) | include "fragment.list" | mustFromJson)) }}
{{- end }}
{{- if $to.public }}
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
{{- $rules = append $rules (dict "to" $blocks "ports" (include "fragment.secure.network-policy.ports" (uniq $numbers) | include "fragment.list" | mustFromJson)) }}
{{- end }}
{{- if .entry.kubernetes }}
{{- $rule := dict "ports" (include "fragment.secure.network-policy.ports" $values.apiServer.ports | include "fragment.list" | mustFromJson) }}
{{- $blocks := list }}
{{- range $values.apiServer.addresses }}
{{- $blocks = append $blocks (dict "ipBlock" .) }}
{{- end }}
{{- $rules = append $rules (ternary (dict "to" $blocks) dict (not (empty $blocks)) | merge $rule) }}
{{- end }}
{{- range .entry.peers }}
{{- $rules = append $rules (dict "to" (list (include "fragment.secure.network-policy.peer" (list $context .) | mustFromJson))) }}
{{- end }}
{{- /* The other pods of a group are started like its first one. */}}
{{- range list (.entry.of | default "") .entry.component }}
{{- $rules = concat $rules (get $values.egress . | default list) }}
{{- end }}
{{- uniq $rules | mustToJson }}
{{- end }}

{{- /* The ingress rules of an entry, as JSON. Given {context, entry}. */}}
{{- define "fragment.secure.network-policy.ingress" -}}
{{- $context := .context }}
{{- $entry := .entry }}
{{- $values := $context.Values.networkPolicy }}
{{- $rules := list }}
{{- $clients := list }}
{{- range $context.Facts.network }}
{{- $client := .component }}
{{- range .urls }}
{{- $to := include "fragment.secure.network-policy.target" (dict "url" . "context" $context) | mustFromJson }}
{{- if eq ($to.component | default "") $entry.component }}
{{- $clients = append $clients (include "fragment.secure.network-policy.peer" (list $context $client) | mustFromJson) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $entry.public }}
{{- $clients = concat $clients $values.clients }}
{{- end }}
{{- with $clients }}
{{- $rules = append $rules (dict "from" (uniq .) "ports" (include "fragment.secure.network-policy.ports" $entry.ports | include "fragment.list" | mustFromJson)) }}
{{- end }}
{{- if and $entry.metrics $values.prometheus }}
{{- $rules = append $rules (dict "from" $values.prometheus "ports" (include "fragment.secure.network-policy.ports" (list $entry.metrics) | include "fragment.list" | mustFromJson)) }}
{{- end }}
{{- range $namespace, $ports := $entry.operators }}
{{- $rules = append $rules (dict "from" (list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace)))) "ports" (include "fragment.secure.network-policy.ports" $ports | include "fragment.list" | mustFromJson)) }}
{{- end }}
{{- range $entry.peers }}
{{- $rules = append $rules (dict "from" (list (include "fragment.secure.network-policy.peer" (list $context .) | mustFromJson))) }}
{{- end }}
{{- mustToJson $rules }}
{{- end }}

{{- /*
A network such as 10.0.0.0/8 as JSON: width, the bits of a group of its address, groups, their numbers, and prefix. Empty
groups, and a remedy, for an address of IPv6 that Kubernetes refuses, or with an IPv4 address within it, which is not read here.
*/}}
{{- define "fragment.secure.network-policy.network" -}}
{{- $parts := splitn "/" 2 . }}
{{- $groups := list }}
{{- $width := contains ":" . | ternary 16 8 }}
{{- $remedy := "" }}
{{- if eq $width 8 }}
{{- range splitList "." $parts._0 }}
{{- $groups = append $groups (float64 . | int64) }}
{{- end }}
{{- else }}
{{- $ends := splitList "::" $parts._0 }}
{{- $sound := le (len $ends) 2 }}
{{- range $ends }}
{{- $sound = and $sound (regexMatch "^([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?$" .) }}
{{- end }}
{{- $head := splitList ":" (first $ends) | compact }}
{{- $tail := gt (len $ends) 1 | ternary (splitList ":" (last $ends) | compact) list }}
{{- $written := add (len $head) (len $tail) }}
{{- if contains "." . }}
{{- $remedy = "write the IPv4 address in it as two hexadecimal groups" }}
{{- else if not (and $sound (ternary (eq $written 8) (lt $written 8) (eq (len $ends) 1))) }}
{{- $remedy = "write eight hexadecimal groups, or fewer with one :: in place of those that are zero" }}
{{- else }}
{{- $zeros := list }}
{{- range until (sub 8 (add (len $head) (len $tail)) | int) }}
{{- $zeros = append $zeros "0" }}
{{- end }}
{{- range concat $head $zeros $tail }}
{{- $groups = append $groups (printf "0x%s" . | int64) }}
{{- end }}
{{- if hasPrefix "[0,0,0,0,0,65535," (toJson $groups) }}
{{- $groups = list }}
{{- $remedy = "write it as a network of IPv4" }}
{{- end }}
{{- end }}
{{- end }}
{{- dict "width" $width "groups" $groups "remedy" $remedy "prefix" (float64 $parts._1 | int64) | mustToJson }}
{{- end }}

{{- /* (list NETWORK PREFIX): the groups with the bits after PREFIX cleared, as JSON. */}}
{{- define "fragment.secure.network-policy.masked" -}}
{{- $width := int64 (first .).width }}
{{- $found := list }}
{{- range $n, $group := (first .).groups }}
{{- $left := max 0 (sub $width (max 0 (sub (int64 (last $)) (mul $n $width)))) }}
{{- $size := index (list 1 2 4 8 16 32 64 128 256 512 1024 2048 4096 8192 16384 32768 65536) (int $left) }}
{{- $found = append $found (sub (int64 $group) (mod (int64 $group) $size)) }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /* (list KEY BLOCK): Kubernetes 1.37 refuses bits after a prefix, and every version an exception outside of its network. */}}
{{- define "fragment.secure.network-policy.blockFaults" -}}
{{- $key := first . }}
{{- $block := last . }}
{{- $whole := include "fragment.secure.network-policy.network" $block.cidr | mustFromJson }}
{{- range prepend ($block.except | default list) $block.cidr }}
{{- $part := include "fragment.secure.network-policy.network" . | mustFromJson }}
{{- if $part.remedy }}
{{ $key }}: {{ . }} is not a network that Kubernetes accepts; {{ $part.remedy }}
{{- else if ne (toJson $part.groups) (include "fragment.secure.network-policy.masked" (list $part $part.prefix)) }}
{{ $key }}: {{ . }} has bits after its prefix of {{ $part.prefix }}, which Kubernetes refuses; set them to zero, or use the prefix {{ mul $part.width (len $part.groups) }} for one address
{{- end }}
{{- end }}
{{- range $block.except }}
{{- $part := include "fragment.secure.network-policy.network" . | mustFromJson }}
{{- $inside := and (gt (int64 $part.prefix) (int64 $whole.prefix)) (eq (include "fragment.secure.network-policy.masked" (list $part $whole.prefix)) (include "fragment.secure.network-policy.masked" (list $whole $whole.prefix))) }}
{{- if and $part.groups $whole.groups (not (and (eq (int64 $part.width) (int64 $whole.width)) $inside)) }}
{{ $key }}: the exception {{ . }} is not a part of {{ $block.cidr }}; remove it, or use a smaller network within that one
{{- end }}
{{- end }}
{{- end }}

{{- /*
Given the root: the hosts outside the cluster to which pods connect, as a JSON list. A NetworkPolicy allows their addresses only, which
are not known here. NOTES name them, because such a host can have a private address.
*/}}
{{- define "fragment.secure.network-policy.hosts" -}}
{{- $hosts := list }}
{{- if .Values.networkPolicy.enabled }}
{{- range .Facts.network }}
{{- range .urls }}
{{- $to := include "fragment.secure.network-policy.target" (dict "url" . "context" $) | mustFromJson }}
{{- with $to.host }}
{{- $hosts = append $hosts (ternary . (printf "%s (unless it is a Service of the cluster)" .) (empty $to.namespace)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- compact $hosts | uniq | sortAlpha | mustToJson }}
{{- end }}

{{- /*
Given the root: what can need a rule that the chart does not know, as a JSON list of sentences: variables that it does not read, which can
have addresses, or only passwords, hosts without a port, who collects metrics without a monitor of the chart, and other pods in the release.
*/}}
{{- define "fragment.secure.network-policy.unread" -}}
{{- $found := list }}
{{- if .Values.networkPolicy.enabled }}
{{- range .Facts.network }}
{{- if and .unread (not (hasKey $.Values.networkPolicy.egress .component)) }}
{{- $found = append $found (printf "The chart does not know the addresses in %s. If pods connect to one of them, add a rule for it under networkPolicy.egress.%s." (join " and " .unread) .component) }}
{{- end }}
{{- range ternary list .urls (hasKey $.Values.networkPolicy.egress .component) }}
{{- $to := include "fragment.secure.network-policy.target" (dict "url" . "context" $) | mustFromJson }}
{{- if and (or $to.cidr $to.public) (regexMatch "^tcp://([^:]*|\\[.*\\])$" .) }}
{{- $found = append $found (printf "The port of %s is not in the values, so port %d is allowed. If it has another, add it to the host in its variable as HOST:PORT, or set the variable next to it, such as DB_PORT for DB_HOST." (trimPrefix "tcp://" .) (int64 $to.port)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not (or .Values.networkPolicy.clients (include "fragment.secure.network-policy.own" .)) }}
{{- range $name, $object := .Values.extraObjects }}
{{- if has $object.kind (list "CronJob" "DaemonSet" "Deployment" "Job" "Pod" "Rollout" "StatefulSet") }}
{{- $found = append $found (printf "networkPolicy.clients is empty. If the pods of extraObjects.%s connect to a UI or a server, add the peer of these pods." $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not (or .Values.networkPolicy.prometheus (include "fragment.secure.network-policy.own" .)) }}
{{- range .Facts.network }}
{{- if and .scraped .metrics }}
{{- $found = append $found (printf "networkPolicy.prometheus is empty, but annotations of server %s ask Prometheus to collect its metrics. Add the peer of Prometheus." .component) }}
{{- end }}
{{- end }}
{{- range $name, $object := .Values.extraObjects }}
{{- if has $object.kind (list "PodMonitor" "ServiceMonitor") }}
{{- $found = append $found (printf "networkPolicy.prometheus is empty. If extraObjects.%s is for pods of this release, add the peer of Prometheus." $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $found | mustToJson }}
{{- end }}

{{- /* Given the root: true if extraObjects has a NetworkPolicy, which can allow more. */}}
{{- define "fragment.secure.network-policy.own" -}}
{{- range .Values.extraObjects }}
{{- if hasSuffix "NetworkPolicy" .kind }}true{{ end }}
{{- end }}
{{- end }}

{{- /*
Given the root: the Services of the release to which an Ingress, a route or the like of extraObjects leads, or whose pods a Service there
opens to clients outside the cluster, as a JSON list. Empty if a NetworkPolicy there can allow it.
*/}}
{{- define "fragment.secure.network-policy.reached" -}}
{{- $found := list }}
{{- if not (include "fragment.secure.network-policy.own" .) }}
{{- range $object := .Values.extraObjects }}
{{- range $.Facts.network }}
{{- $selector := include "fragment.selector" (list $ .component) | include "fragment.map" | mustFromJson }}
{{- if and .public .service (or (include "fragment.leadsTo" (dict "object" $object "service" .service)) (include "fragment.opensPods" (dict "object" $object "selector" $selector))) }}
{{- $found = append $found .service }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $found | mustToJson }}
{{- end }}

{{- define "fragment.secure.network-policy.checks" -}}
{{- $values := .Values.networkPolicy }}
{{- if $values.enabled }}
{{- range $n, $block := $values.external }}
{{ include "fragment.secure.network-policy.blockFaults" (list (printf "networkPolicy.external[%d]" $n) $block) }}
{{- end }}
{{- range $n, $block := $values.apiServer.addresses }}
{{ include "fragment.secure.network-policy.blockFaults" (list (printf "networkPolicy.apiServer.addresses[%d]" $n) $block) }}
{{- end }}
{{- range $word := list "clients" "prometheus" }}
{{- range $n, $peer := get $values $word }}
{{- with $peer.ipBlock }}
{{ include "fragment.secure.network-policy.blockFaults" (list (printf "networkPolicy.%s[%d]" $word $n) .) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $component, $rules := $values.egress }}
{{- range $n, $rule := $rules }}
{{- range $rule.to }}
{{- with .ipBlock }}
{{ include "fragment.secure.network-policy.blockFaults" (list (printf "networkPolicy.egress.%s[%d]" $component $n) .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $known := list }}
{{- range .Facts.network }}
{{- $component := .component }}
{{- $known = append $known .component }}
{{- if not (hasKey $values.egress .component) }}
{{- range .hidden }}
networkPolicy.egress: {{ . }} names a Secret or a ConfigMap, so the chart does not know the address in it; add {{ $component }} with a rule for that address
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
{{- range include "fragment.secure.network-policy.reached" . | mustFromJson }}
{{- $open = append $open . }}
{{- end }}
{{- if and $open (not $values.clients) }}
networkPolicy.clients: is empty, but clients outside the release reach {{ $open | uniq | sortAlpha | join " and " }}; add the peers that connect, such as the namespace of the Ingress controller
{{- end }}
{{- range .Servers }}
{{- if and (eq .Facts.server.kind "RayService") (not .Facts.group.operator) }}
nodes.ray.operatorNamespace: is empty, but networkPolicy.enabled is true, and the KubeRay operator connects to server {{ .Server }}; set it to the namespace of the operator
{{- end }}
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
