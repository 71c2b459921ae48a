{{- /* The pod of a server, metadata and spec, for every kind of workload. */}}
{{- define "fragment.server.pod" -}}
metadata:
  labels:
    {{- toYaml (merge (include "fragment.selector" (list . (include "fragment.server.component" .)) | include "fragment.map" | mustFromJson) (ternary dict (include "fragment.slot.server.podLabels" . | include "fragment.map" | mustFromJson) (.Worker | default false)) .Values.podLabels) | nindent 4 }}
  {{- with include "fragment.podAnnotations" (list (include "fragment.slot.server.podAnnotations" . | include "fragment.map" | mustFromJson) .Values.podAnnotations) | mustFromJson }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "fragment.podBasics" . | nindent 2 }}
  {{- with ternary "" .Values.runtimeClassName (not (empty .Head)) }}
  runtimeClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.schedulerName }}
  schedulerName: {{ . | quote }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- if or .Facts.batch (.Facts.group | default dict).serve }}
  restartPolicy: Never
  {{- end }}
  terminationGracePeriodSeconds: {{ add (ternary 0 (int64 .Values.preStopSleepSeconds) (not (empty .Facts.batch))) (int64 .Values.terminationGracePeriodSeconds) }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with mergeOverwrite (ternary dict (include "fragment.slot.server.nodeSelector" . | include "fragment.map" | mustFromJson) (not (empty .Head))) .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat (include "fragment.slot.server.tolerations" . | include "fragment.list" | mustFromJson) .Values.tolerations | uniq }}
  tolerations:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints | default (include "fragment.slot.server.topologySpreadConstraints" . | include "fragment.list" | mustFromJson) }}
  {{- $own := dict "matchLabels" (include "fragment.selector" (list $ (include "fragment.server.component" $)) | include "fragment.map" | mustFromJson) }}
  {{- $constraints := list }}
  {{- range . }}
  {{- $constraints = append $constraints (set (deepCopy .) "labelSelector" (.labelSelector | default $own)) }}
  {{- end }}
  topologySpreadConstraints:
  {{- toYaml $constraints | nindent 2 }}
  {{- end }}
  {{- with ternary "" (include "fragment.slot.server.resourceClaims" .) (not (empty .Head)) | trim }}
  resourceClaims:
  {{- . | nindent 2 }}
  {{- end }}
  {{- with ternary "" (include "fragment.slot.server.initContainers" .) (not (empty .Head)) | trim }}
  initContainers:
  {{- . | nindent 2 }}
  {{- end }}
  containers:
  {{- include "fragment.server.container" . | nindent 2 }}
  volumes:
  {{- with ternary "" (include "fragment.slot.cache.volume" .) (not (empty .Head)) }}
  - name: models
    {{- . | nindent 4 }}
  {{- end }}
  - name: tmp
    emptyDir: {}
  {{- if include "fragment.server.files" . }}
  - name: files
    configMap:
      name: {{ include "fragment.name" (list . (printf "%s-files" .Server)) }}
      defaultMode: 0555
  {{- end }}
  {{- with ternary (include "fragment.server.volumes" .) (include "fragment.slot.server.volumes" .) (not (empty .Head)) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "fragment.server.container" -}}
{{- $facts := .Facts.engine }}
{{- $none := dict "repository" "" "pullPolicy" "IfNotPresent" }}
{{- $image := dict "context" . "image" (get .Values.images ($facts.image | default "") | default $none) "over" .Values.image -}}
- name: server
  image: {{ include "fragment.image" $image | quote }}
  imagePullPolicy: {{ include "fragment.pullPolicy" $image | quote }}
  {{- with include "fragment.slot.server.command" . | trim }}
  command:
  {{- . | nindent 2 }}
  {{- end }}
  {{- with (include "fragment.server.arguments" . | mustFromJson).args }}
  args:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- $env := include "fragment.slot.server.env" . | include "fragment.map" | mustFromJson }}
  {{- range $name, $value := include "fragment.ownEnv" .Values.env | mustFromJson }}
  {{- $_ := set $env $name $value }}
  {{- end }}
  {{- with $env }}
  env:
  {{- include "fragment.env" . | trim | nindent 2 }}
  {{- end }}
  {{- with .Values.envFrom }}
  envFrom:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with include "fragment.slot.server.ports" . | trim }}
  ports:
  {{- . | nindent 2 }}
  {{- else }}
  {{- if not (or .Worker .Facts.batch) }}
  ports:
  - name: http
    containerPort: {{ int64 $facts.port }}
  {{- range $name, $port := $facts.ports }}
  - name: {{ $name | quote }}
    containerPort: {{ int64 $port }}
  {{- end }}
  {{- end }}
  {{- end }}
  {{- if not .Facts.batch }}
  {{- include "fragment.slot.server.probes" . | default (include "fragment.server.probes" .) | nindent 2 }}
  {{- with include "fragment.slot.server.preStop" . }}
  lifecycle:
    preStop:
      {{- . | nindent 6 }}
  {{- else }}
  {{- with int64 .Values.preStopSleepSeconds }}
  lifecycle:
    preStop:
      {{- /* Kubernetes 1.30 and newer wait without a command. On 1.29, a container whose image has no sleep stops at
      once, with an event. */}}
      {{- if semverCompare ">=1.30-0" $.Capabilities.KubeVersion.Version }}
      sleep: {seconds: {{ int64 . }}}
      {{- else }}
      exec: {command: [sleep, {{ . | quote }}]}
      {{- end }}
  {{- end }}
  {{- end }}
  {{- end }}
  resources:
    {{- include "fragment.server.resources" . | nindent 4 }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
  {{- if not .Head }}
  - name: models
    mountPath: {{ $facts.mountPath | default "/models" | quote }}
    {{- with include "fragment.server.modelMount" . | mustFromJson }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  - name: tmp
    mountPath: /tmp
  {{- if include "fragment.server.files" . }}
  - name: files
    mountPath: /opt/files
    readOnly: true
  {{- end }}
  {{- with ternary (include "fragment.server.volumeMounts" .) (include "fragment.slot.server.volumeMounts" .) (not (empty .Head)) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- /* The component of a pod. Only the first pod of a group receives requests, so the others are another component. */}}
{{- define "fragment.server.component" -}}
{{- .Server }}{{ if .Worker }}-worker{{ end }}
{{- end }}

{{- /* A writable HOME, and the variables that disable network access in engines that use Hugging Face's libraries. */}}
{{- define "fragment.server.env" -}}
HOME: /tmp/home
{{- if .Facts.engine.offline }}
HF_HUB_OFFLINE: "1"
TRANSFORMERS_OFFLINE: "1"
DO_NOT_TRACK: "1"
{{- end }}
{{- end }}

{{- /* /dev/shm, for engines whose processes share memory: a container has 64 MiB otherwise. */}}
{{- define "fragment.server.volumes" -}}
{{- with .Facts.engine.sharedMemory -}}
- name: shm
  emptyDir:
    medium: Memory
    sizeLimit: {{ quote . }}
{{- end }}
{{- end }}

{{- define "fragment.server.volumeMounts" -}}
{{- with .Facts.engine.sharedMemory -}}
- name: shm
  mountPath: /dev/shm
{{- end }}
{{- end }}

{{- /* Probes by the engine's fact health. The startup probe may take as long as startupTimeoutSeconds. */}}
{{- define "fragment.server.probes" -}}
{{- $health := .Facts.engine.health | default dict -}}
startupProbe:
  {{- include "fragment.server.probe" $health.ready | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ div (add (int64 .Values.startupTimeoutSeconds) 9) 10 }}
readinessProbe:
  {{- include "fragment.server.probe" $health.ready | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  {{- include "fragment.server.probe" $health.live | nindent 2 }}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{- /* Given a path; without one, the port is checked. */}}
{{- define "fragment.server.probe" -}}
{{- if . -}}
httpGet: {path: {{ quote . }}, port: http}
{{- else -}}
tcpSocket: {port: http}
{{- end }}
{{- end }}

{{- /* The fields of the models' mount in addition to name and path, by the facts of the cache and the engine. */}}
{{- define "fragment.server.modelMount" -}}
{{- $facts := .Facts.engine }}
{{- $mount := include "fragment.slot.cache.mount" . | include "fragment.map" | mustFromJson }}
{{- with list $mount.subPath $facts.subPath | compact }}
{{- $_ := set $mount "subPath" (join "/" .) }}
{{- end }}
{{- if or $facts.readOnly .Facts.delivery.readOnly }}
{{- $_ := set $mount "readOnly" true }}
{{- end }}
{{- mustToJson $mount }}
{{- end }}

{{- /* Requests and limits: the user's values, else the estimate of a fragment, else enough for a small model; then
the devices, unless the user has set them. */}}
{{- define "fragment.server.resources" -}}
{{- if .Head }}
{{- toYaml .Head.resources }}
{{- else }}
{{- $resources := deepCopy .Values.resources }}
{{- if not $resources }}
{{- $resources = include "fragment.slot.server.resources" . | default "requests: {cpu: 1, memory: 2Gi}" | include "fragment.map" | mustFromJson }}
{{- end }}
{{- $devices := include "fragment.slot.server.devices" . | include "fragment.map" | mustFromJson }}
{{- if $devices }}
{{- /* Kubernetes requires the same amount of a device in both. */}}
{{- $own := merge (dict) ($resources.limits | default dict) ($resources.requests | default dict) }}
{{- range $name, $_ := $devices }}
{{- if hasKey $own $name }}
{{- $_ := set $devices $name (get $own $name) }}
{{- end }}
{{- end }}
{{- range $kind := list "requests" "limits" }}
{{- $_ := set $resources $kind (merge (deepCopy $devices) (get $resources $kind | default dict)) }}
{{- end }}
{{- end }}
{{- with include "fragment.slot.server.resourceClaims" . | include "fragment.list" | mustFromJson }}
{{- $claims := list }}
{{- range . }}
{{- $claims = append $claims (pick . "name") }}
{{- end }}
{{- $_ := set $resources "claims" $claims }}
{{- end }}
{{- toYaml $resources }}
{{- end }}
{{- end }}

{{- define "fragment.server.devices" -}}
{{- with .Values.nodes.resources }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "fragment.server.annotations" -}}
{{- with .Values.nodes.networks -}}
k8s.v1.cni.cncf.io/networks: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{- define "fragment.server.facts" -}}
{{- $scale := include "fragment.slot.server.scale" . | include "fragment.map" | mustFromJson }}
{{- $workload := include "fragment.slot.server.workload" . | include "fragment.map" | mustFromJson }}
{{- if not $workload }}
{{- $kind := ternary "Deployment" "StatefulSet" (include "fragment.slot.cache.claimTemplate" . | empty) }}
{{- $name := include "fragment.serverName" . }}
{{- $object := printf "%s/%s" (lower $kind) $name }}
{{- $workload = dict "kind" $kind "apiVersion" "apps/v1" "name" $name "logs" $object "wait" (printf "rollout status %s" $object) }}
{{- end }}
{{- toYaml $workload }}
{{- $replicas := merge $scale (dict "minReplicas" .Values.replicas "maxReplicas" .Values.replicas) }}
minReplicas: {{ int64 $replicas.minReplicas }}
maxReplicas: {{ int64 $replicas.maxReplicas }}
{{- if not .Facts.batch }}
port: {{ .Values.service.port | default .Facts.engine.port | int64 }}
{{- end }}
{{- end }}

{{- define "fragment.server.access" -}}
{{- range $name, $server := .Serving }}
- title: {{ printf "Server %s" $name | quote }}
  service: {{ include "fragment.serverName" . }}
  type: {{ .Values.service.type | quote }}
  {{- with int64 .Values.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  {{- if .Facts.engine.secret }}
  authorization: its API key
  {{- end }}
  annotations: {{ include "fragment.opening" (list .Values.service.annotations .Values.podAnnotations (include "fragment.server.annotations" . | include "fragment.map" | mustFromJson)) | mustFromJson | toJson }}
  {{- $who := "Its API has no authentication." }}
  {{- if .Facts.engine.access }}
  {{- $who = .Facts.engine.access }}
  {{- else if .Facts.engine.secret }}
  {{- $who = printf "Requests to its API require the key in Secret %s." .Facts.engine.secret.name }}
  {{- else if and .Values.envFrom .Facts.engine.keyVariable }}
  {{- $who = printf "Its API has no authentication, unless envFrom sets %s." .Facts.engine.keyVariable }}
  {{- end }}
  {{- /* PyTorch's SECURITY.md: its processes run what they receive from each other, without checks. */}}
  {{- if and .Facts.group (not (.Facts.group | default dict).serve) }}
  {{- $who = printf "%s Its pods compute together over other ports, which require no key, and who reaches these can run programs in them." $who }}
  {{- end }}
  {{- with ternary dict (.Facts.engine.ports | default dict) (eq .Values.service.type "ClusterIP") }}
  {{- $who = printf "%s Kubernetes chooses more ports of the nodes, for %s." $who (keys . | sortAlpha | join " and ") }}
  {{- end }}
  who: {{ quote $who }}
{{- end }}
{{- end }}

{{- /* Half an hour, unless a fragment estimates the time to load the model. */}}
{{- define "fragment.server.values" -}}
{{- if not .Values.startupTimeoutSeconds -}}
startupTimeoutSeconds: 1800
{{- end }}
{{- end }}

{{- /* Whether the pod needs the ConfigMap of files. */}}
{{- define "fragment.server.files" -}}
{{- if ne (include "fragment.slot.server.files" .) "{}" }}true{{ end }}
{{- end }}

{{- /*
How a new version replaces the old one: next to it, or after it if both do not fit. Never Recreate: a server-side
apply that changes to Recreate keeps rollingUpdate, which the API server rejects.
*/}}
{{- define "fragment.server.strategy" -}}
{{- $surge := ne (include "fragment.slot.server.surge" .) "false" -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: {{ ternary 1 0 $surge | int64 }}
  maxUnavailable: {{ ternary 0 1 $surge | int64 }}
{{- end }}

{{- /* A pod that downloads its models connects to their source. The other pods of a group serve no clients. */}}
{{- define "fragment.server.network" -}}
{{- range .Servers }}
{{- $facts := .Facts.engine }}
{{- $arguments := concat (include "fragment.slot.server.command" . | include "fragment.list" | mustFromJson) .Values.extraArgs }}
{{- $urls := include "fragment.urlsIn" (list .Values.env $arguments .Values.nodes.ray.engineArgs) | mustFromJson }}
{{- $loads := and (ne .Values.model.delivery "none") (not .Facts.delivery.waitsForLoader) }}
{{- if $loads }}
{{- $urls = concat $urls (include "fragment.slot.source.urls" . | include "fragment.list" | mustFromJson) }}
{{- $urls = concat $urls (include "fragment.slot.loader.urls" . | include "fragment.list" | mustFromJson) }}
{{- end }}
{{- $ports := list (int64 $facts.port) }}
{{- range $facts.ports }}
{{- $ports = append $ports (int64 .) }}
{{- end }}
{{- $entry := dict "component" .Server "urls" (uniq $urls) }}
{{- if not .Facts.batch }}
{{- $entry = merge (dict "service" (include "fragment.serverName" .) "ports" $ports "public" true) $entry }}
{{- end }}
{{- $hidden := include "fragment.hiddenIn" (list (printf "%senv" (replace ": " "." .Place)) .Values.env) | mustFromJson }}
{{- $unread := include "fragment.unreadIn" (dict "place" (replace ": " "." .Place) "env" .Values.env "envFrom" .Values.envFrom) | mustFromJson }}
{{- if $loads }}
{{- $hidden = concat $hidden (include "fragment.slot.loader.hidden" . | include "fragment.list" | mustFromJson) }}
{{- $unread = concat $unread (include "fragment.slot.loader.unread" . | include "fragment.list" | mustFromJson) }}
{{- end }}
{{- with $hidden }}
{{- $_ := set $entry "hidden" . }}
{{- end }}
{{- if eq (get .Values.podAnnotations "prometheus.io/scrape" | toString) "true" }}
{{- $_ := set $entry "scraped" true }}
{{- end }}
{{- with $unread }}
{{- $_ := set $entry "unread" . }}
{{- end }}
{{- if (.Facts.group | default dict).metrics }}
{{- $_ := set $entry "metrics" (int64 .Facts.group.metrics) }}
{{- else }}
{{- with ternary $facts.metrics nil (empty .Facts.batch) }}
{{- $_ := set $entry "metrics" (get ($facts.ports | default dict) .port | default $facts.port | int64) }}
{{- end }}
{{- end }}
{{- if include "fragment.slot.server.kubernetes" . }}
{{- $_ := set $entry "kubernetes" true }}
{{- end }}
{{- $entries := list $entry }}
{{- with (.Facts.group | default dict).operator }}
{{- $_ := set $entry "operators" (dict . (list 8265 $facts.port)) }}
{{- end }}
{{- if (.Facts.group | default dict).serve }}
{{- $_ := set $entry "peers" (list .Server) }}
{{- else if .Facts.group }}
{{- $worker := printf "%s-worker" .Server }}
{{- $_ := set $entry "peers" (list .Server $worker) }}
{{- $entries = append $entries (dict "component" $worker "of" .Server "urls" $entry.urls "peers" (list .Server $worker)) }}
{{- end }}
{{ toYaml $entries }}
{{- end }}
{{- end }}
