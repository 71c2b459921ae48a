{{- define "llm-stack.scale.autoscaling.scale" -}}
{{- if .Values.autoscaling.enabled -}}
minReplicas: {{ int64 .Values.autoscaling.minReplicas }}
maxReplicas: {{ int64 .Values.autoscaling.maxReplicas }}
{{- end }}
{{- end }}

{{- define "llm-stack.scale.autoscaling.checks" -}}
{{- $scaling := .Values.autoscaling }}
{{- if $scaling.enabled }}
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
{{- range $key, $resource := dict "targetCPUUtilizationPercentage" "cpu" "targetMemoryUtilizationPercentage" "memory" }}
{{- if and (get $scaling $key) $.Values.resources (not (hasKey $promised $resource)) }}
autoscaling.{{ $key }}: is a percentage of the pod's request, but resources.requests has no {{ $resource }}; add it, or set {{ $key }} to 0
{{- end }}
{{- end }}
{{- end }}
{{- end }}
