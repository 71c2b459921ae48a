{{- define "llm-stack.workload.batch.facts" -}}
{{- if .Values.batch.enabled -}}
{{- $batch := .Values.batch -}}
parallelism: {{ min (int64 $batch.parallelism) (int64 $batch.completions) }}
output: {{ printf "%s/$(JOB_NAME)%s" $batch.results.mountPath (ternary "-$(JOB_COMPLETION_INDEX)" "" (gt (int64 $batch.completions) 1)) | quote }}
{{- $folders := list (.Facts.engine.mountPath | default "/models") }}
{{- if $batch.data.existingClaim }}
{{- $folders = append $folders $batch.data.mountPath }}
{{- end }}
{{- if $batch.results.enabled }}
{{- $folders = append $folders $batch.results.mountPath }}
{{- end }}
folders: {{ toJson $folders }}
{{- end }}
{{- end }}



{{- define "llm-stack.workload.batch.workload" -}}
{{- if .Facts.batch }}
{{- $selector := printf "app.kubernetes.io/instance=%s,app.kubernetes.io/component=%s" .Release.Name .Server -}}
kind: {{ ternary "CronJob" "Job" (ne .Values.batch.schedule "") }}
apiVersion: batch/v1
name: {{ include "llm-stack.serverName" . }}
logs: {{ printf "-l %s --tail=-1 --max-log-requests=10000" $selector | quote }}
wait: {{ printf "wait --for=condition=complete job -l %s" $selector | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.scale" -}}
{{- with .Facts.batch -}}
minReplicas: {{ int64 .parallelism }}
maxReplicas: {{ int64 .parallelism }}
{{- end }}
{{- end }}






{{- define "llm-stack.workload.batch.job" -}}
{{- if .Facts.batch }}
{{- $name := include "llm-stack.serverName" . }}
{{- if not .Values.batch.schedule }}
{{- $pod := include "llm-stack.slot.server.pod" . | include "llm-stack.map" }}
{{- $name = printf "%s-%s" $name (list $pod (int64 .Values.batch.completions) .Values.batch.run | mustToJson | sha256sum | trunc 8) }}
{{- end }}
{{- $name }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.claim" -}}
{{- .Values.batch.results.existingClaim | default (include "llm-stack.name" (list . (printf "%s-results" .Server))) }}
{{- end }}

{{- define "llm-stack.workload.batch.env" -}}
{{- if .Facts.batch -}}
JOB_NAME:
  valueFrom:
    fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/job-name']"}
{{- if gt (int64 .Values.batch.completions) 1 }}
JOB_COMPLETION_INDEX:
  valueFrom:
    fieldRef: {fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']"}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.volumes" -}}
{{- $batch := .Values.batch }}
{{- if $batch.enabled }}
{{- with $batch.data.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ . | quote }}
{{- end }}
{{- if $batch.results.enabled }}
- name: results
  persistentVolumeClaim:
    claimName: {{ include "llm-stack.workload.batch.claim" . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.volumeMounts" -}}
{{- $batch := .Values.batch }}
{{- if $batch.enabled }}
{{- with $batch.data }}
{{- if .existingClaim }}
- name: data
  mountPath: {{ .mountPath | quote }}
  {{- with .subPath }}
  subPath: {{ . | quote }}
  {{- end }}
  readOnly: true
{{- end }}
{{- end }}
{{- with $batch.results }}
{{- if .enabled }}
- name: results
  mountPath: {{ .mountPath | quote }}
  {{- with .subPath }}
  subPath: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.claims" -}}
{{- if .Facts.batch -}}
{{ printf "PersistentVolumeClaim/%s" (include "llm-stack.workload.batch.claim" .) | quote }}: batch.results
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.needs" -}}
{{- $batch := .Values.batch }}
{{- if $batch.enabled }}
{{- range list $batch.data.existingClaim (ternary $batch.results.existingClaim "" $batch.results.enabled) | compact }}
PersistentVolumeClaim/{{ . }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.workload.batch.spec" -}}
{{- $batch := .Values.batch }}

{{- if and $batch.suspend (not $batch.schedule) }}
suspend: true
{{- end }}
{{- if gt (int64 $batch.completions) 1 }}
completionMode: Indexed
{{- end }}
completions: {{ int64 $batch.completions }}
parallelism: {{ int64 .Facts.batch.parallelism }}
backoffLimit: {{ int64 $batch.backoffLimit }}
{{- with int64 $batch.activeDeadlineSeconds }}
activeDeadlineSeconds: {{ int64 . }}
{{- end }}
# The program did not fail if its pod is evicted.
podFailurePolicy:
  rules:
  - action: Ignore
    onPodConditions:
    - {type: DisruptionTarget, status: "True"}
template:
  {{- include "llm-stack.slot.server.pod" . | nindent 2 }}
{{- end }}

{{- define "llm-stack.workload.batch.checks" -}}
{{- $batch := .Values.batch }}
{{- $cache := .Facts.cache }}
{{- $results := $batch.results }}
{{- if $batch.enabled }}
{{- if not .Facts.engine.batch }}
batch.enabled: engine {{ .Values.engine }} has no command that runs to its end; set engine to vllm or custom, or batch.enabled to false
{{- end }}
{{- if .Facts.group }}
nodes.count: {{ int64 .Values.nodes.count }} is set, but a batch program runs on one node; set nodes.count to 1 for this server
{{- end }}
{{- if ne (int64 .Values.replicas) 1 }}
replicas: {{ int64 .Values.replicas }} is set, but batch.enabled is true, and a Job has no replicas; set replicas to 1 for this server, and batch.completions and batch.parallelism to the number of pods
{{- end }}
{{- if .Values.service.nodePort }}
service.nodePort: is set, but a batch program has no Service; set it to 0 for this server
{{- end }}
{{- if eq .Values.model.delivery "sidecar" }}
model.delivery: sidecar keeps looking for new versions of a model under a server, but a batch program ends; set model.delivery to init
{{- end }}
{{- if eq $cache.type "volumeClaimTemplate" }}
modelCache.type: a Job cannot create a claim for each pod that remains; set modelCache.type to persistentVolumeClaim, or to ephemeral for a claim that is deleted with the pod
{{- end }}
{{- if and (eq $cache.type "persistentVolumeClaim") (not $cache.shared) (gt (int64 .Facts.batch.parallelism) 1) }}
batch.parallelism: {{ int64 .Facts.batch.parallelism }} pods share the claim of the models, but modelCache.accessModes is {{ join ", " $cache.accessModes }}, which only one node can mount; set modelCache.accessModes to ReadWriteMany with a storage class that supports it, or batch.parallelism to 1
{{- end }}
{{- if and $results.enabled (not (has "ReadWriteMany" $results.accessModes)) (gt (int64 .Facts.batch.parallelism) 1) }}
batch.parallelism: {{ int64 .Facts.batch.parallelism }} pods share the claim of the results, but batch.results.accessModes is {{ join ", " $results.accessModes }}, which only one node can mount; set batch.results.accessModes to ReadWriteMany with a storage class that supports it, or batch.parallelism to 1
{{- end }}
{{- $models := .Facts.engine.mountPath | default "/models" }}
{{- $others := dict $models true "/tmp" false "/opt/files" true "/dev/shm" false }}
{{ include "llm-stack.mountFaults" (dict "key" "batch.data.mountPath" "path" $batch.data.mountPath "readOnly" true "others" $others) }}
{{- if $batch.data.existingClaim }}
{{- $_ := set $others $batch.data.mountPath true }}
{{- end }}
{{ include "llm-stack.mountFaults" (dict "key" "batch.results.mountPath" "path" $results.mountPath "readOnly" false "others" $others) }}
{{- if and $results.existingClaim (not $results.enabled) }}
batch.results.existingClaim: {{ $results.existingClaim }} is set, but batch.results.enabled is false; set it to true, or remove existingClaim
{{- end }}
{{- if and $batch.schedule $batch.run }}
batch.run: is set, but a CronJob runs the program by its schedule; remove run, or schedule
{{- end }}
{{- else }}
{{- range $key, $value := pick $batch "schedule" "run" "queue" "suspend" }}
{{- if $value }}
batch.{{ $key }}: is set, but batch.enabled is false; set it to true, or remove {{ $key }}
{{- end }}
{{- end }}
{{- range $key, $claim := dict "data" $batch.data.existingClaim "results" $results.existingClaim }}
{{- if $claim }}
batch.{{ $key }}.existingClaim: {{ $claim }} is set, but batch.enabled is false; set it to true, or remove existingClaim
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.schedules" -}}
{{- if and .Values.batch.enabled .Values.batch.schedule }}
batch.schedule: {{ .Values.batch.schedule | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.batch.timeZones" -}}
{{- if .Values.batch.enabled }}
batch.timeZone: {{ .Values.batch.timeZone | quote }}
{{- end }}
{{- end }}
