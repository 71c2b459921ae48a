{{- define "fragment.scale.pod-disruption-budget.checks" -}}
{{- $budget := .Values.podDisruptionBudget }}
{{- if and $budget.enabled .Facts.batch }}
podDisruptionBudget.enabled: a batch program has no replicas that could replace its pod; set podDisruptionBudget.enabled to false for this server
{{- else if and $budget.enabled (eq .Facts.server.kind "RayService") }}
podDisruptionBudget.enabled: Kubernetes does not know how many pods a RayService should have, so maxUnavailable has no meaning for them; set podDisruptionBudget.enabled to false for this server
{{- else if $budget.enabled }}
{{- $stay := toString $budget.minAvailable }}
{{- $least := .Facts.server.minReplicas | int64 }}
{{- $all := and (regexMatch "^[0-9]+$" $stay) (ge (int64 $stay) $least) }}
{{- if and .Facts.group (or $stay (contains "%" (toString $budget.maxUnavailable))) }}
podDisruptionBudget.{{ ternary "minAvailable" "maxUnavailable" (ne $stay "") }}: the pods of a server across nodes are replaced in groups; remove minAvailable, and set maxUnavailable to the number of groups that may be unavailable, such as 1
{{- else if and $least (or $all (eq $stay "100%")) }}
podDisruptionBudget.minAvailable: {{ $stay }} of {{ $least }} pods must stay available, so a node with such a pod can never be drained; lower it, or raise the number of pods
{{- else if and (not $stay) (has (toString $budget.maxUnavailable) (list "0" "0%")) }}
podDisruptionBudget.maxUnavailable: {{ $budget.maxUnavailable }} means that a node with such a pod can never be drained; set it to 1 or more
{{- else if and (not $stay) (eq (toString $budget.maxUnavailable) "") }}
podDisruptionBudget: neither minAvailable nor maxUnavailable is set; set one of them
{{- end }}
{{- end }}
{{- end }}
