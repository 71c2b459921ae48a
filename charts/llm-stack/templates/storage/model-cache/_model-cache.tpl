{{- define "llm-stack.storage.model-cache.claim" -}}
{{- .Values.modelCache.existingClaim | default (include "llm-stack.name" (list . (printf "%s-models" .Server))) }}
{{- end }}

{{- define "llm-stack.storage.model-cache.volume" -}}
{{- $cache := .Values.modelCache }}
{{- if eq $cache.type "persistentVolumeClaim" -}}
persistentVolumeClaim:
  claimName: {{ include "llm-stack.storage.model-cache.claim" . | quote }}
{{- else if eq $cache.type "hostPath" -}}
hostPath:
  path: {{ $cache.hostPath | quote }}
  type: DirectoryOrCreate
{{- else if eq $cache.type "ephemeral" -}}
ephemeral:
  volumeClaimTemplate:
    {{- with $cache.annotations }}
    metadata:
      annotations:
        {{- toYaml . | nindent 8 }}
    {{- end }}
    spec:
      {{- include "llm-stack.storage.model-cache.claimSpec" . | nindent 6 }}
{{- else if eq $cache.type "emptyDir" -}}
emptyDir:
  {{- if eq $cache.medium "memory" }}
  medium: Memory
  {{- end }}
  sizeLimit: {{ $cache.size | quote }}
{{- else if and (eq $cache.type "image") $cache.image.repository -}}
{{- $image := dict "context" . "image" (dict "pullPolicy" "IfNotPresent") "over" $cache.image -}}
image:
  reference: {{ include "llm-stack.image" $image | quote }}
  pullPolicy: {{ include "llm-stack.pullPolicy" $image | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.storage.model-cache.claimSpec" -}}
accessModes: {{ toJson .Values.modelCache.accessModes }}
{{- with .Values.modelCache.storageClass | default .Values.global.storageClass }}
storageClassName: {{ . | quote }}
{{- end }}
resources:
  requests:
    storage: {{ .Values.modelCache.size | quote }}
{{- end }}

{{- define "llm-stack.storage.model-cache.template" -}}
{{- if eq .Values.modelCache.type "volumeClaimTemplate" -}}
keep: {{ .Values.modelCache.keep | toJson }}
annotations: {{ toJson .Values.modelCache.annotations }}
spec:
  {{- include "llm-stack.storage.model-cache.claimSpec" . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "llm-stack.storage.model-cache.claims" -}}
{{ printf "PersistentVolumeClaim/%s" (include "llm-stack.storage.model-cache.claim" .) | quote }}: modelCache
{{ printf "%s/%s" .Facts.server.kind .Facts.server.name | quote }}: modelCache
{{- end }}

{{- define "llm-stack.storage.model-cache.facts" -}}
{{- $cache := .Values.modelCache -}}
type: {{ $cache.type | quote }}
existing: {{ ne $cache.existingClaim "" | toJson }}
shared: {{ or (has "ReadWriteMany" $cache.accessModes) (eq (join "," $cache.accessModes) "ReadOnlyMany") | toJson }}
accessModes: {{ toJson $cache.accessModes }}
{{- if and (not (has $cache.type (list "hostPath" "image"))) (not $cache.existingClaim) }}
size: {{ $cache.size | quote }}
{{- end }}
memory: {{ and (eq $cache.type "emptyDir") (eq $cache.medium "memory") | toJson }}
{{- with ternary $cache.existingClaim $cache.hostPath (eq $cache.type "persistentVolumeClaim") }}
place: {{ printf "%s/%s" . $cache.subPath | trimSuffix "/" | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.storage.model-cache.needs" -}}
{{- with .Values.modelCache.existingClaim -}}
PersistentVolumeClaim/{{ . }}
{{- end }}
{{- end }}

{{- define "llm-stack.storage.model-cache.mount" -}}
{{- with .Values.modelCache.subPath -}}
subPath: {{ . | quote }}
{{ end }}
{{- if or (eq .Values.modelCache.type "image") (eq (join "," .Values.modelCache.accessModes) "ReadOnlyMany") -}}
readOnly: true
{{- end }}
{{- end }}


{{- define "llm-stack.storage.model-cache.surge" -}}
{{- $facts := .Facts.cache }}
{{- if and (eq $facts.type "persistentVolumeClaim") (not $facts.shared) -}}
false
{{- end }}
{{- end }}


{{- define "llm-stack.storage.model-cache.releaseChecks" -}}
{{- $users := dict }}
{{- include "llm-stack.servers" . }}
{{- range $name, $server := .Servers }}
{{- $facts := .Facts.cache }}
{{- if and (eq $facts.type "persistentVolumeClaim") $facts.existing (not $facts.shared) }}
{{- $claim := .Values.modelCache.existingClaim }}
{{- $_ := set $users $claim (append (get $users $claim | default list) $name) }}
{{- end }}
{{- end }}
{{- range $claim, $names := $users }}
{{- if gt (len $names) 1 }}
modelCache.existingClaim: servers {{ join " and " $names }} share the claim {{ $claim }}, but modelCache.accessModes lets only one node mount it; set modelCache.accessModes to ReadWriteMany if the claim supports it, or give each server its own claim
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.storage.model-cache.checks" -}}
{{- $cache := .Values.modelCache }}
{{- $shared := .Facts.cache.shared }}
{{- $most := .Facts.server.maxReplicas | int64 }}
{{- if and (eq $cache.type "persistentVolumeClaim") (gt $most 1) (not $shared) (not .Facts.batch) }}
replicas: {{ $most }} pods share one claim, but modelCache.accessModes is {{ join ", " $cache.accessModes }}, which only one node can mount; set modelCache.accessModes to ReadWriteMany with a storage class that supports it (an existing claim cannot be changed: name another with modelCache.existingClaim), or modelCache.type to volumeClaimTemplate for one claim for each pod, or allow one pod only (replicas, or the maxReplicas of its autoscaler)
{{- end }}
{{- $writable := or (has "ReadWriteMany" $cache.accessModes) (has "ReadWriteOnce" $cache.accessModes) }}
{{- $readOnly := and (has "ReadOnlyMany" $cache.accessModes) (not $writable) }}
{{- if and (eq $cache.type "persistentVolumeClaim") $readOnly (ne .Values.model.delivery "none") }}
modelCache.accessModes: models cannot be downloaded to a claim that is ReadOnlyMany; set model.delivery to none, or use a writable mode (an existing claim cannot be changed: name another with modelCache.existingClaim)
{{- end }}
{{- if and (eq $cache.type "hostPath") (not $cache.hostPath) }}
modelCache.hostPath: is empty; set it to a folder of the nodes, for example to /var/lib/models
{{- else if and $cache.hostPath (include "llm-stack.nodePathRefused" (dict "context" . "path" $cache.hostPath "uses" (list "mount" "store"))) }}
modelCache.hostPath: {{ $cache.hostPath }} contains files of the node or of other programs, which a loader could change; set it to a folder for models, for example to /var/lib/models
{{- else if and (ne $cache.type "hostPath") $cache.hostPath }}
modelCache.hostPath: {{ $cache.hostPath }} is set, but modelCache.type is {{ $cache.type }}; set modelCache.type to hostPath, or remove hostPath
{{- end }}
{{- if eq $cache.type "image" }}
{{- if not (and $cache.image.repository (or $cache.image.tag $cache.image.digest)) }}
modelCache.image: has no complete image reference; set modelCache.image.repository, and modelCache.image.tag or digest
{{- end }}
{{- if ne .Values.model.delivery "none" }}
model.delivery: {{ .Values.model.delivery }} downloads models, but modelCache.type is image, which is read-only; set model.delivery to none, or modelCache.type to persistentVolumeClaim
{{- end }}
{{- if semverCompare "<1.35.0-0" .Capabilities.KubeVersion.Version }}
modelCache.type: image needs Kubernetes 1.35 or newer, and this cluster has {{ .Capabilities.KubeVersion.Version }}; set modelCache.type to persistentVolumeClaim
{{- end }}
{{- else if $cache.image }}
modelCache.image: is set, but modelCache.type is {{ $cache.type }}; set modelCache.type to image, or remove image
{{- end }}
{{- if and (ne $cache.type "persistentVolumeClaim") $cache.existingClaim }}
modelCache.existingClaim: {{ $cache.existingClaim }} is set, but modelCache.type is {{ $cache.type }}; set modelCache.type to persistentVolumeClaim, or remove existingClaim
{{- end }}
{{- if and (ne $cache.type "emptyDir") (ne $cache.medium "disk") }}
modelCache.medium: only an emptyDir can be in memory; set modelCache.type to emptyDir
{{- end }}
{{- end }}
