{{- define "fragment.storage.model-cache.claim" -}}
{{- .Values.modelCache.existingClaim | default (include "fragment.name" (list . (printf "%s-models" .Server))) }}
{{- end }}

{{- define "fragment.storage.model-cache.volume" -}}
{{- if eq .Values.modelCache.type "claim" -}}
persistentVolumeClaim:
  claimName: {{ include "fragment.storage.model-cache.claim" . }}
{{- else -}}
emptyDir:
  {{- if eq .Values.modelCache.medium "memory" }}
  medium: Memory
  {{- end }}
  sizeLimit: {{ .Values.modelCache.size }}
{{- end }}
{{- end }}

{{- define "fragment.storage.model-cache.facts" -}}
{{- $cache := .Values.modelCache -}}
type: {{ $cache.type }}
existing: {{ ne $cache.existingClaim "" }}
shared: {{ or (has "ReadWriteMany" $cache.accessModes) (has "ReadOnlyMany" $cache.accessModes) }}
accessModes: {{ toJson $cache.accessModes }}
{{- end }}

{{- define "fragment.storage.model-cache.needs" -}}
{{- with .Values.modelCache.existingClaim -}}
PersistentVolumeClaim/{{ . }}
{{- end }}
{{- end }}

{{- define "fragment.storage.model-cache.mount" -}}
{{- with .Values.modelCache.subPath -}}
subPath: {{ . }}
{{ end }}
{{- if eq (join "," .Values.modelCache.accessModes) "ReadOnlyMany" -}}
readOnly: true
{{- end }}
{{- end }}

{{- /* A volume of one node: the old pod has to let go of it before the new one can start, wherever that is. */}}
{{- define "fragment.storage.model-cache.strategy" -}}
{{- $facts := include "fragment.storage.model-cache.facts" . | fromYaml }}
{{- if and (eq $facts.type "claim") (not $facts.shared) -}}
type: Recreate
{{- end }}
{{- end }}

{{- define "fragment.storage.model-cache.checks" -}}
{{- $cache := .Values.modelCache }}
{{- $shared := (include "fragment.storage.model-cache.facts" . | fromYaml).shared }}
{{- if and (eq $cache.type "claim") (gt (int64 .Values.replicas) 1) (not $shared) }}
replicas: {{ int64 .Values.replicas }} pods share one claim, but modelCache.accessModes is {{ join ", " $cache.accessModes }}, which holds on one node; set modelCache.accessModes to ReadWriteMany with a storage class that can do that, or replicas to 1
{{- end }}
{{- if and (eq $cache.type "claim") (has "ReadOnlyMany" $cache.accessModes) (not (has "ReadWriteMany" $cache.accessModes)) (not (has "ReadWriteOnce" $cache.accessModes)) (ne .Values.model.delivery "none") }}
modelCache.accessModes: nothing can be brought to a claim that is ReadOnlyMany; set model.delivery to none, or name a mode that can be written
{{- end }}
{{- if and (ne $cache.type "claim") $cache.existingClaim }}
modelCache.existingClaim: {{ $cache.existingClaim }} is given, but modelCache.type is {{ $cache.type }}; set modelCache.type to claim, or leave existingClaim out
{{- end }}
{{- if and (eq $cache.type "claim") (ne $cache.medium "disk") }}
modelCache.medium: only an emptyDir lies in memory; set modelCache.type to emptyDir
{{- end }}
{{- end }}
