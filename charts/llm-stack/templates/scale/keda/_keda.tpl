{{- define "llm-stack.scale.keda.scale" -}}
{{- if .Values.keda.enabled -}}
minReplicas: {{ int64 .Values.keda.minReplicas }}
maxReplicas: {{ int64 .Values.keda.maxReplicas }}
{{- end }}
{{- end }}

{{- define "llm-stack.scale.keda.needs" -}}
{{- with .Values.keda }}
{{- if and .enabled .prometheus.triggerAuthentication (ne (include "llm-stack.scale.keda.triggers" $) "[]") -}}
{{ .prometheus.triggerAuthenticationKind }}/{{ .prometheus.triggerAuthentication }}
{{- end }}
{{- if .enabled }}
{{- range .triggers }}
{{- with .authenticationRef }}
{{ .kind | default "TriggerAuthentication" }}/{{ .name }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.scale.keda.selector" -}}
{{- $pairs := list }}
{{- range $name, $value := .Facts.monitor.labels }}
{{- $pairs = append $pairs (printf "%s=%s" $name (quote $value)) }}
{{- end }}
{{- printf "{%s}" (join "," $pairs) }}
{{- end }}






{{- define "llm-stack.scale.keda.triggers" -}}
{{- $keda := .Values.keda }}
{{- $metrics := .Facts.engine.metrics | default dict }}
{{- $of := include "llm-stack.scale.keda.selector" . }}
{{- $found := list }}
{{- $common := dict "serverAddress" $keda.prometheus.serverAddress "ignoreNullValues" (ternary "false" "true" (gt (int64 $keda.minReplicas) 0)) }}
{{- with $keda.prometheus.authModes }}
{{- $_ := set $common "authModes" . }}
{{- end }}
{{- if $keda.prometheus.tenancy }}
{{- $_ := set $common "namespace" .Release.Namespace }}
{{- end }}
{{- range $name, $value := $keda.prometheus.metadata }}
{{- $_ := set $common $name $value }}
{{- end }}
{{- if and $metrics.waiting (int64 $keda.requestsPerPod) }}
{{- $query := printf "sum(%s%s) + sum(%s%s)" $metrics.running $of $metrics.waiting $of }}
{{- $found = append $found (dict "type" "prometheus" "name" "requests" "metricType" "AverageValue" "metadata" (merge (dict "query" $query "threshold" (int64 $keda.requestsPerPod | toString)) $common)) }}
{{- end }}
{{- if and $metrics.cache (int64 $keda.cachePercent) }}
{{- $query := printf "100 * avg(%s%s)" $metrics.cache $of }}
{{- $found = append $found (dict "type" "prometheus" "name" "cache" "metricType" "Value" "metadata" (merge (dict "query" $query "threshold" (int64 $keda.cachePercent | toString)) $common)) }}
{{- end }}
{{- if $keda.prometheus.triggerAuthentication }}
{{- range $found }}
{{- $_ := set . "authenticationRef" (dict "name" $keda.prometheus.triggerAuthentication "kind" $keda.prometheus.triggerAuthenticationKind) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}






{{- define "llm-stack.scale.keda.fallback" -}}
{{- if int64 .Values.keda.minReplicas }}
{{- range concat (include "llm-stack.scale.keda.triggers" . | mustFromJson) .Values.keda.triggers }}
{{- if and (not (has .type (list "cpu" "memory"))) (eq (.metricType | default "AverageValue") "AverageValue") -}}
true
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.scale.keda.wakes" -}}
{{- $root := . }}
{{- range .Values.keda.triggers }}
{{- $needsPod := has .type (list "cpu" "memory") }}
{{- $needsPod = or $needsPod (include "llm-stack.engineMetrics" (dict "context" $root "own" $root.Server "query" (.metadata.query | default ""))) }}
{{- $needsPod = or $needsPod (regexMatch (printf "^https?://%s([.:/]|$)" (include "llm-stack.serverName" $root)) (.metadata.url | default "")) }}
{{- if not $needsPod -}}
true
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.scale.keda.checks" -}}
{{- $keda := .Values.keda }}
{{- if and $keda.enabled .Facts.batch }}
keda.enabled: a batch program has no replicas; set keda.enabled to false for this server
{{- else if and $keda.enabled (eq .Facts.server.kind "RayService") }}
keda.enabled: a RayService has no scale that KEDA can set; set keda.enabled to false for this server, and replicas to the number of copies
{{- else if $keda.enabled }}
{{- $own := include "llm-stack.scale.keda.triggers" . | mustFromJson }}
{{- if .Values.autoscaling.enabled }}
keda.enabled: a HorizontalPodAutoscaler sets the number of pods as well; set autoscaling.enabled or keda.enabled to false
{{- end }}
{{- if gt (int64 $keda.minReplicas) (int64 $keda.maxReplicas) }}
keda.maxReplicas: {{ int64 $keda.maxReplicas }} is less than keda.minReplicas, {{ int64 $keda.minReplicas }}; raise one, or lower the other
{{- end }}
{{- if gt (int64 .Values.replicas) (int64 $keda.maxReplicas) }}
replicas: {{ int64 .Values.replicas }} is more than keda.maxReplicas, {{ int64 $keda.maxReplicas }}; remove replicas, since KEDA sets the number
{{- end }}
{{- if not (or $own $keda.triggers) }}
{{- if (.Facts.engine.metrics | default dict).waiting }}
keda.requestsPerPod: is 0, and keda.triggers is empty; set it, for example to 8, or add keda.triggers
{{- else }}
keda.enabled: engine {{ .Values.engine }} exports no metric of its requests; add keda.triggers, or use autoscaling
{{- end }}
{{- end }}
{{- if $own }}
{{- if not .Facts.monitor.enabled }}
keda.enabled: its queries select the metrics that monitoring collects; set monitoring.enabled to true, or set keda.requestsPerPod and keda.cachePercent to 0 and add keda.triggers
{{- end }}
{{- if not $keda.prometheus.serverAddress }}
keda.prometheus.serverAddress: is empty; set it to the URL of Prometheus, such as http://prometheus-operated.monitoring:9090
{{- end }}
{{- end }}
{{- if and (not (int64 $keda.minReplicas)) (not (include "llm-stack.scale.keda.wakes" .)) }}
{{- if $keda.triggers }}
keda.minReplicas: is 0, but all of keda.triggers measure the server's own pods, so no pod would start again; set it to 1 or more, or add a trigger to keda.triggers that counts requests without a pod, such as one of type external for KEDA's HTTP add-on, or a query of the metrics of a gateway
{{- else }}
keda.minReplicas: is 0, but without a pod nothing exports metrics or holds requests, so no pod would start again; set it to 1 or more, or add a trigger to keda.triggers that counts requests without a pod
{{- end }}
{{- end }}
{{- $names := list }}
{{- range $own }}
{{- $names = append $names .name }}
{{- end }}
{{- range $n, $trigger := $keda.triggers }}
{{- if and .useCachedMetrics (has .type (list "cpu" "memory" "cron")) }}
keda.triggers[{{ $n }}].useCachedMetrics: KEDA refuses it for a trigger of type {{ .type }}; remove it
{{- end }}
{{- if and .name (has .name $names) }}
keda.triggers[{{ $n }}].name: another trigger of the server is called {{ .name }}, too, which KEDA refuses; give this one another name
{{- end }}
{{- $names = append $names (.name | default "") }}
{{- end }}
{{- if and $keda.prometheus.authModes (not $keda.prometheus.triggerAuthentication) }}
keda.prometheus.authModes: is set, but keda.prometheus.triggerAuthentication is empty; set both
{{- end }}
{{- $values := dict "serverAddress" "keda.prometheus.serverAddress" "authModes" "keda.prometheus.authModes" "namespace" "keda.prometheus.tenancy" "threshold" "keda.requestsPerPod and keda.cachePercent" "query" "keda.triggers" "activationThreshold" "keda.triggers" "ignoreNullValues" "keda.minReplicas" }}
{{- range $name := keys $keda.prometheus.metadata | sortAlpha }}
{{- with get $values $name }}
keda.prometheus.metadata.{{ $name }}: the chart sets it itself; remove it, and use {{ . }}
{{- end }}
{{- end }}
{{- if and $keda.prometheus.triggerAuthentication (not $keda.prometheus.authModes) }}
keda.prometheus.authModes: is empty, so KEDA ignores the TriggerAuthentication; set it, for example to bearer, or to tls for a certificate only
{{- end }}
{{- end }}
{{- end }}
