
{{- define "llm-stack.workload.leader-worker-set.facts" -}}
{{- if gt (int64 .Values.nodes.count) 1 -}}
size: {{ int64 .Values.nodes.count }}
rank: $(LWS_WORKER_INDEX)
leader: $(LWS_LEADER_ADDRESS)
variables: [GROUP_LEADER, GROUP_API_KEY, GROUP_STATE, LWS_LEADER_ADDRESS, LWS_GROUP_SIZE, LWS_WORKER_INDEX]
wait: Helm's `--wait` does not wait for a LeaderWorkerSet.
{{- end }}
{{- end }}






{{- define "llm-stack.workload.leader-worker-set.name" -}}
{{- include "llm-stack.nameWithin" (list (.Values.fullnameOverride | default .Release.Name) (printf "%s-group" .Server) 45) }}
{{- end }}

{{- define "llm-stack.workload.leader-worker-set.workload" -}}
{{- if .Facts.group }}
{{- $name := include "llm-stack.workload.leader-worker-set.name" . -}}
kind: LeaderWorkerSet
apiVersion: leaderworkerset.x-k8s.io/v1
name: {{ quote $name }}
logs: {{ printf "pod/%s-0" $name | quote }}
wait: {{ printf "wait --for=condition=Available leaderworkerset/%s" $name | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.leader-worker-set.env" -}}
{{- with .Facts.group -}}
GROUP_LEADER: {value: {{ .leader | quote }}}
{{- with $.Facts.engine.secret }}
GROUP_API_KEY:
  valueFrom:
    secretKeyRef: {name: {{ .name | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.leader-worker-set.files" -}}
{{- if .Facts.group -}}
group.py: {file: files/workload/leader-worker-set/group.py}
{{- end }}
{{- end }}


{{- define "llm-stack.workload.leader-worker-set.stall" -}}
{{- int64 .Values.nodes.stallSeconds | default (max 300 (div (int64 .Values.startupTimeoutSeconds) 12)) }}
{{- end }}






{{- define "llm-stack.workload.leader-worker-set.probes" -}}
{{- if .Facts.group }}
{{- with .Facts.engine.group }}
{{- $start := int64 $.Values.startupTimeoutSeconds }}
{{- if $.Worker }}
{{- $reach := list "python3" "/opt/files/group.py" "reach" (int64 .port | toString) }}
startupProbe:
  exec: {command: {{ toJson $reach }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ div (add $start 129) 10 }}
readinessProbe:
  exec: {command: {{ toJson $reach }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  exec: {command: {{ toJson $reach }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- else }}
{{- $progress := list $.Facts.engine.metrics.promptTokens $.Facts.engine.metrics.generatedTokens }}
{{- $answer := list "python3" "/opt/files/group.py" "answer" (int64 $.Facts.engine.port | toString) }}
{{- range $path, $request := .requests }}
{{- $answer = append (append $answer $path) (toJson $request) }}
{{- end }}
{{- $answer = concat $answer $progress }}
startupProbe:
  exec: {command: {{ toJson $answer }}}
  periodSeconds: 10
  timeoutSeconds: 30
  failureThreshold: {{ div (add $start 9) 10 }}
readinessProbe:
  exec: {command: {{ toJson $answer }}}
  periodSeconds: 30
  timeoutSeconds: 30
  failureThreshold: 3
livenessProbe:
  exec: {command: {{ toJson $answer }}}
  periodSeconds: 30
  timeoutSeconds: 30
  failureThreshold: {{ div (add (include "llm-stack.workload.leader-worker-set.stall" $ | int64) 29) 30 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.workload.leader-worker-set.preStop" -}}
{{- if and .Worker .Facts.engine.group -}}
exec: {command: [python3, /opt/files/group.py, outlast, {{ .Facts.engine.group.port | int64 | toString | quote }}]}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.leader-worker-set.checks" -}}
{{- $nodes := .Values.nodes }}
{{- $cache := .Facts.cache }}
{{- if $nodes.ray.operatorNamespace }}
nodes.ray.operatorNamespace: is set, but nodes.workload is LeaderWorkerSet; remove it, or set nodes.workload to RayService
{{- end }}
{{- if $nodes.ray.engineArgs }}
nodes.ray.engineArgs: is set, but nodes.workload is LeaderWorkerSet; remove it, or set nodes.workload to RayService
{{- end }}
{{- if .Facts.group }}
{{- if not .Facts.engine.group }}
nodes.count: {{ int64 $nodes.count }} is set, but the chart cannot serve a model across nodes with engine {{ .Values.engine }}; set nodes.count to 1, or use an engine that can, such as vllm
{{- end }}
{{- if and (eq $cache.type "persistentVolumeClaim") (not $cache.shared) }}
modelCache.accessModes: {{ join ", " $cache.accessModes }} lets only one node mount the claim, but nodes.count is {{ int64 $nodes.count }}; set modelCache.accessModes to ReadWriteMany with a storage class that supports it, or modelCache.type to volumeClaimTemplate for a claim for each pod
{{- else if has $cache.type (list "emptyDir" "ephemeral") }}
modelCache.type: with {{ $cache.type }}, each of the {{ int64 $nodes.count }} pods of a group downloads the model again whenever the group is replaced; set modelCache.type to volumeClaimTemplate for a claim for each pod, or to persistentVolumeClaim with modelCache.accessModes ReadWriteMany
{{- end }}
{{- else }}
{{- range $key, $value := pick $nodes "resources" "networks" "exclusiveTopology" "queue" "stallSeconds" }}
{{- if $value }}
nodes.{{ $key }}: is set, but nodes.count is 1; remove it, or set nodes.count to the number of nodes
{{- end }}
{{- end }}
{{- end }}
{{- end }}
