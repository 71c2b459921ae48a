{{- define "fragment.scale.autoscaling.scale" -}}
{{- if .Values.autoscaling.enabled -}}
minReplicas: {{ int64 .Values.autoscaling.minReplicas }}
maxReplicas: {{ int64 .Values.autoscaling.maxReplicas }}
{{- end }}
{{- end }}

{{- define "fragment.scale.autoscaling.checks" -}}
{{- $scaling := .Values.autoscaling }}
{{- if and $scaling.enabled .Facts.batch }}
autoscaling.enabled: a batch program has no replicas; set autoscaling.enabled to false for this server
{{- else if and $scaling.enabled (eq .Facts.server.kind "RayService") }}
autoscaling.enabled: a RayService has no scale that a HorizontalPodAutoscaler can set; set autoscaling.enabled to false for this server, and replicas to the number of copies
{{- else if $scaling.enabled }}
{{- $promised := merge dict (.Values.resources.requests | default dict) (.Values.resources.limits | default dict) }}
{{- if gt (int64 $scaling.minReplicas) (int64 $scaling.maxReplicas) }}
autoscaling.maxReplicas: {{ int64 $scaling.maxReplicas }} is less than autoscaling.minReplicas, {{ int64 $scaling.minReplicas }}; raise one, or lower the other
{{- end }}
{{- if gt (int64 .Values.replicas) (int64 $scaling.maxReplicas) }}
replicas: {{ int64 .Values.replicas }} is more than autoscaling.maxReplicas, {{ int64 $scaling.maxReplicas }}; remove replicas, since the autoscaler sets the number
{{- end }}
{{- if not (or $scaling.targetCPUUtilizationPercentage $scaling.targetMemoryUtilizationPercentage $scaling.metrics) }}
autoscaling: no metric is set; set targetCPUUtilizationPercentage, or add metrics
{{- end }}
{{- if not (int64 $scaling.minReplicas) }}
{{- $pods := or $scaling.targetCPUUtilizationPercentage $scaling.targetMemoryUtilizationPercentage }}
{{- $count := false }}
{{- range $scaling.metrics }}
{{- $pods = or $pods (not (has .type (list "Object" "External"))) }}
{{- $name := dig "metric" "name" "" ((.external | default .object) | default dict) }}
{{- $count = or $count (not (include "fragment.engineMetrics" (dict "context" $ "own" $.Server "query" $name))) }}
{{- end }}
{{- if semverCompare "<1.37.0-0" .Capabilities.KubeVersion.Version }}
autoscaling.minReplicas: 0 needs Kubernetes 1.37 or newer, and this cluster has {{ .Capabilities.KubeVersion.Version }}; set it to 1 or more, or use keda
{{- else if and $scaling.metrics (not $pods) (not $count) }}
autoscaling.minReplicas: is 0, but autoscaling.metrics has only metrics of the server's own pods, so no pod would start again; set it to 1 or more, or add a metric that counts requests without a pod
{{- else if or $pods (not $count) }}
autoscaling.minReplicas: is 0, but without a pod Kubernetes has no usage to measure; set it to 1 or more, or set both target percentages to 0 and use metrics of type Object or External only
{{- end }}
{{- end }}
{{- range $key, $resource := dict "targetCPUUtilizationPercentage" "cpu" "targetMemoryUtilizationPercentage" "memory" }}
{{- if and (get $scaling $key) $.Values.resources (not (hasKey $promised $resource)) }}
autoscaling.{{ $key }}: is a percentage of the pod's request, but resources.requests has no {{ $resource }}; add it, or set {{ $key }} to 0
{{- end }}
{{- end }}
{{- end }}
{{- end }}
