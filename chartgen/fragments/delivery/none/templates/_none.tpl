{{- define "fragment.delivery.none.checks" -}}
{{- $cache := .Facts.cache }}
{{- if and (has $cache.type (list "persistentVolumeClaim" "emptyDir")) (not $cache.existing) }}
model.delivery: none brings no model, and a new {{ ternary "emptyDir" "claim" (eq $cache.type "emptyDir") }} is empty; set modelCache.existingClaim to the claim that holds the model, or choose another delivery
{{- end }}
{{- end }}
