{{- /* The Job's pod, as text: whatever changes in it makes a new Job, since a Job cannot be changed. */}}
{{- define "llm-stack.delivery.job.pod" -}}
metadata:
  labels:
    {{- include "llm-stack.selector" (list . (printf "%s-loader" .Server)) | nindent 4 }}
  {{- with .Values.loader.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "llm-stack.podBasics" . | nindent 2 }}
  restartPolicy: OnFailure
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- /* The claim may be mounted on any node that the server runs on. */}}
  {{- with concat (include "llm-stack.slot.server.tolerations" . | fromYamlArray) .Values.tolerations | uniq }}
  tolerations:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  containers:
  {{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "bring-models" "mode" "once")) .) | nindent 2 }}
  volumes:
  {{- include "llm-stack.slot.loader.podVolumes" . | trim | nindent 2 }}
{{- end }}

{{- /* The name carries the hash of the models and of the pod that brings them. */}}
{{- define "llm-stack.delivery.job.name" -}}
{{- $what := dict "pod" (include "llm-stack.delivery.job.pod" . | fromYaml) "models" (include "llm-stack.models" . | mustFromJson) }}
{{- include "llm-stack.name" (list . (printf "%s-models-%s" .Server ($what | toJson | sha256sum | trunc 8))) }}
{{- end }}

{{- define "llm-stack.delivery.job.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" "wait.sh")) .) }}
{{- end }}

{{- define "llm-stack.delivery.job.files" -}}
wait.sh: {{ .Files.Get "files/delivery/job/wait.sh" | toJson }}
# In a file, and not in the pod: another Job that brings the same is no reason to start the server anew.
job: {{ include "llm-stack.delivery.job.name" . }}
{{- end }}

{{- define "llm-stack.delivery.job.facts" -}}
logs: job/{{ include "llm-stack.delivery.job.name" . }}
{{- end }}

{{- define "llm-stack.delivery.job.checks" -}}
{{- $cache := include "llm-stack.slot.cache.facts" . | fromYaml }}
{{- if ne $cache.type "claim" }}
model.delivery: a Job brings models to a claim, but modelCache.type is {{ $cache.type }}; set modelCache.type to claim, or model.delivery to init
{{- else if not (has "ReadWriteMany" $cache.accessModes) }}
model.delivery: a Job and the server mount the model cache at once, on any two nodes, but modelCache.accessModes is {{ join ", " $cache.accessModes }}; set it to ReadWriteMany with a storage class that can do that, or model.delivery to init
{{- end }}
{{- end }}
