{{- define "llm-stack.delivery.none.checks" -}}
{{- $cache := .Facts.cache }}
{{- if and (has $cache.type (list "persistentVolumeClaim" "ephemeral" "emptyDir")) (not $cache.existing) }}
model.delivery: none downloads no model, and a new {{ ternary "emptyDir" "claim" (eq $cache.type "emptyDir") }} is empty; set modelCache.existingClaim to the claim that has the model, or use another delivery
{{- end }}
{{- end }}
