
{{- define "llm-stack.server.pod" -}}
metadata:
  labels:
    {{- toYaml (merge (include "llm-stack.selector" (list . (include "llm-stack.server.component" .)) | include "llm-stack.map" | mustFromJson) (ternary dict (include "llm-stack.slot.server.podLabels" . | include "llm-stack.map" | mustFromJson) (.Worker | default false)) .Values.podLabels) | nindent 4 }}
  {{- with include "llm-stack.podAnnotations" (list (include "llm-stack.slot.server.podAnnotations" . | include "llm-stack.map" | mustFromJson) .Values.podAnnotations) | mustFromJson }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "llm-stack.podBasics" . | nindent 2 }}
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
  {{- with mergeOverwrite (ternary dict (include "llm-stack.slot.server.nodeSelector" . | include "llm-stack.map" | mustFromJson) (not (empty .Head))) .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat (include "llm-stack.slot.server.tolerations" . | include "llm-stack.list" | mustFromJson) .Values.tolerations | uniq }}
  tolerations:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints | default (include "llm-stack.slot.server.topologySpreadConstraints" . | include "llm-stack.list" | mustFromJson) }}
  {{- $own := dict "matchLabels" (include "llm-stack.selector" (list $ (include "llm-stack.server.component" $)) | include "llm-stack.map" | mustFromJson) }}
  {{- $constraints := list }}
  {{- range . }}
  {{- $constraints = append $constraints (set (deepCopy .) "labelSelector" (.labelSelector | default $own)) }}
  {{- end }}
  topologySpreadConstraints:
  {{- toYaml $constraints | nindent 2 }}
  {{- end }}
  {{- with ternary "" (include "llm-stack.slot.server.resourceClaims" .) (not (empty .Head)) | trim }}
  resourceClaims:
  {{- . | nindent 2 }}
  {{- end }}
  {{- with ternary "" (include "llm-stack.slot.server.initContainers" .) (not (empty .Head)) | trim }}
  initContainers:
  {{- . | nindent 2 }}
  {{- end }}
  containers:
  {{- include "llm-stack.server.container" . | nindent 2 }}
  volumes:
  {{- with ternary "" (include "llm-stack.slot.cache.volume" .) (not (empty .Head)) }}
  - name: models
    {{- . | nindent 4 }}
  {{- end }}
  - name: tmp
    emptyDir: {}
  {{- if include "llm-stack.server.files" . }}
  - name: files
    configMap:
      name: {{ include "llm-stack.name" (list . (printf "%s-files" .Server)) }}
      defaultMode: 0555
  {{- end }}
  {{- with ternary (include "llm-stack.server.volumes" .) (include "llm-stack.slot.server.volumes" .) (not (empty .Head)) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "llm-stack.server.container" -}}
{{- $facts := .Facts.engine }}
{{- $none := dict "repository" "" "pullPolicy" "IfNotPresent" }}
{{- $image := dict "context" . "image" (get .Values.images ($facts.image | default "") | default $none) "over" .Values.image -}}
- name: server
  image: {{ include "llm-stack.image" $image | quote }}
  imagePullPolicy: {{ include "llm-stack.pullPolicy" $image | quote }}
  {{- with include "llm-stack.slot.server.command" . | trim }}
  command:
  {{- . | nindent 2 }}
  {{- end }}
  {{- with (include "llm-stack.server.arguments" . | mustFromJson).args }}
  args:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- $env := include "llm-stack.slot.server.env" . | include "llm-stack.map" | mustFromJson }}
  {{- range $name, $value := include "llm-stack.ownEnv" .Values.env | mustFromJson }}
  {{- $_ := set $env $name $value }}
  {{- end }}
  {{- with $env }}
  env:
  {{- include "llm-stack.env" . | trim | nindent 2 }}
  {{- end }}
  {{- with .Values.envFrom }}
  envFrom:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with include "llm-stack.slot.server.ports" . | trim }}
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
  {{- include "llm-stack.slot.server.probes" . | default (include "llm-stack.server.probes" .) | nindent 2 }}
  {{- with include "llm-stack.slot.server.preStop" . }}
  lifecycle:
    preStop:
      {{- . | nindent 6 }}
  {{- else }}
  {{- with int64 .Values.preStopSleepSeconds }}
  lifecycle:
    preStop:


      {{- if semverCompare ">=1.30-0" $.Capabilities.KubeVersion.Version }}
      sleep: {seconds: {{ int64 . }}}
      {{- else }}
      exec: {command: [sleep, {{ . | quote }}]}
      {{- end }}
  {{- end }}
  {{- end }}
  {{- end }}
  resources:
    {{- include "llm-stack.server.resources" . | nindent 4 }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
  {{- if not .Head }}
  - name: models
    mountPath: {{ $facts.mountPath | default "/models" | quote }}
    {{- with include "llm-stack.server.modelMount" . | mustFromJson }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  - name: tmp
    mountPath: /tmp
  {{- if include "llm-stack.server.files" . }}
  - name: files
    mountPath: /opt/files
    readOnly: true
  {{- end }}
  {{- with ternary (include "llm-stack.server.volumeMounts" .) (include "llm-stack.slot.server.volumeMounts" .) (not (empty .Head)) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}


{{- define "llm-stack.server.component" -}}
{{- .Server }}{{ if .Worker }}-worker{{ end }}
{{- end }}


{{- define "llm-stack.server.env" -}}
HOME: /tmp/home
{{- if .Facts.engine.offline }}
HF_HUB_OFFLINE: "1"
TRANSFORMERS_OFFLINE: "1"
DO_NOT_TRACK: "1"
{{- end }}
{{- end }}


{{- define "llm-stack.server.volumes" -}}
{{- with .Facts.engine.sharedMemory -}}
- name: shm
  emptyDir:
    medium: Memory
    sizeLimit: {{ quote . }}
{{- end }}
{{- end }}

{{- define "llm-stack.server.volumeMounts" -}}
{{- with .Facts.engine.sharedMemory -}}
- name: shm
  mountPath: /dev/shm
{{- end }}
{{- end }}


{{- define "llm-stack.server.probes" -}}
{{- $health := .Facts.engine.health | default dict -}}
startupProbe:
  {{- include "llm-stack.server.probe" $health.ready | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ div (add (int64 .Values.startupTimeoutSeconds) 9) 10 }}
readinessProbe:
  {{- include "llm-stack.server.probe" $health.ready | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  {{- include "llm-stack.server.probe" $health.live | nindent 2 }}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}


{{- define "llm-stack.server.probe" -}}
{{- if . -}}
httpGet: {path: {{ quote . }}, port: http}
{{- else -}}
tcpSocket: {port: http}
{{- end }}
{{- end }}


{{- define "llm-stack.server.modelMount" -}}
{{- $facts := .Facts.engine }}
{{- $mount := include "llm-stack.slot.cache.mount" . | include "llm-stack.map" | mustFromJson }}
{{- with list $mount.subPath $facts.subPath | compact }}
{{- $_ := set $mount "subPath" (join "/" .) }}
{{- end }}
{{- if or $facts.readOnly .Facts.delivery.readOnly }}
{{- $_ := set $mount "readOnly" true }}
{{- end }}
{{- mustToJson $mount }}
{{- end }}



{{- define "llm-stack.server.resources" -}}
{{- if .Head }}
{{- toYaml .Head.resources }}
{{- else }}
{{- $resources := deepCopy .Values.resources }}
{{- if not $resources }}
{{- $resources = include "llm-stack.slot.server.resources" . | default "requests: {cpu: 1, memory: 2Gi}" | include "llm-stack.map" | mustFromJson }}
{{- end }}
{{- $devices := include "llm-stack.slot.server.devices" . | include "llm-stack.map" | mustFromJson }}
{{- if $devices }}

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
{{- with include "llm-stack.slot.server.resourceClaims" . | include "llm-stack.list" | mustFromJson }}
{{- $claims := list }}
{{- range . }}
{{- $claims = append $claims (pick . "name") }}
{{- end }}
{{- $_ := set $resources "claims" $claims }}
{{- end }}
{{- toYaml $resources }}
{{- end }}
{{- end }}

{{- define "llm-stack.server.devices" -}}
{{- with .Values.nodes.resources }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "llm-stack.server.annotations" -}}
{{- with .Values.nodes.networks -}}
k8s.v1.cni.cncf.io/networks: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.server.facts" -}}
{{- $scale := include "llm-stack.slot.server.scale" . | include "llm-stack.map" | mustFromJson }}
{{- $workload := include "llm-stack.slot.server.workload" . | include "llm-stack.map" | mustFromJson }}
{{- if not $workload }}
{{- $kind := ternary "Deployment" "StatefulSet" (include "llm-stack.slot.cache.claimTemplate" . | empty) }}
{{- $name := include "llm-stack.serverName" . }}
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

{{- define "llm-stack.server.access" -}}
{{- range $name, $server := .Serving }}
- title: {{ printf "Server %s" $name | quote }}
  service: {{ include "llm-stack.serverName" . }}
  type: {{ .Values.service.type | quote }}
  {{- with int64 .Values.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  {{- if .Facts.engine.secret }}
  authorization: its API key
  {{- end }}
  annotations: {{ include "llm-stack.opening" (list .Values.service.annotations .Values.podAnnotations (include "llm-stack.server.annotations" . | include "llm-stack.map" | mustFromJson)) | mustFromJson | toJson }}
  {{- $who := "Its API has no authentication." }}
  {{- if .Facts.engine.access }}
  {{- $who = .Facts.engine.access }}
  {{- else if .Facts.engine.secret }}
  {{- $who = printf "Requests to its API require the key in Secret %s." .Facts.engine.secret.name }}
  {{- else if and .Values.envFrom .Facts.engine.keyVariable }}
  {{- $who = printf "Its API has no authentication, unless envFrom sets %s." .Facts.engine.keyVariable }}
  {{- end }}

  {{- if and .Facts.group (not (.Facts.group | default dict).serve) }}
  {{- $who = printf "%s Its pods compute together over other ports, which require no key, and who reaches these can run programs in them." $who }}
  {{- end }}
  {{- with ternary dict (.Facts.engine.ports | default dict) (eq .Values.service.type "ClusterIP") }}
  {{- $who = printf "%s Kubernetes chooses more ports of the nodes, for %s." $who (keys . | sortAlpha | join " and ") }}
  {{- end }}
  who: {{ quote $who }}
{{- end }}
{{- end }}


{{- define "llm-stack.server.values" -}}
{{- if not .Values.startupTimeoutSeconds -}}
startupTimeoutSeconds: 1800
{{- end }}
{{- end }}


{{- define "llm-stack.server.files" -}}
{{- if ne (include "llm-stack.slot.server.files" .) "{}" }}true{{ end }}
{{- end }}





{{- define "llm-stack.server.strategy" -}}
{{- $surge := ne (include "llm-stack.slot.server.surge" .) "false" -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: {{ ternary 1 0 $surge | int64 }}
  maxUnavailable: {{ ternary 0 1 $surge | int64 }}
{{- end }}


{{- define "llm-stack.server.network" -}}
{{- range .Servers }}
{{- $facts := .Facts.engine }}
{{- $arguments := concat (include "llm-stack.slot.server.command" . | include "llm-stack.list" | mustFromJson) .Values.extraArgs }}
{{- $urls := include "llm-stack.urlsIn" (list .Values.env $arguments .Values.nodes.ray.engineArgs) | mustFromJson }}
{{- $loads := and (ne .Values.model.delivery "none") (not .Facts.delivery.waitsForLoader) }}
{{- if $loads }}
{{- $urls = concat $urls (include "llm-stack.slot.source.urls" . | include "llm-stack.list" | mustFromJson) }}
{{- $urls = concat $urls (include "llm-stack.slot.loader.urls" . | include "llm-stack.list" | mustFromJson) }}
{{- end }}
{{- $ports := list (int64 $facts.port) }}
{{- range $facts.ports }}
{{- $ports = append $ports (int64 .) }}
{{- end }}
{{- $entry := dict "component" .Server "urls" (uniq $urls) }}
{{- if not .Facts.batch }}
{{- $entry = merge (dict "service" (include "llm-stack.serverName" .) "ports" $ports "public" true) $entry }}
{{- end }}
{{- $hidden := include "llm-stack.hiddenIn" (list (printf "%senv" (replace ": " "." .Place)) .Values.env) | mustFromJson }}
{{- $unread := include "llm-stack.unreadIn" (dict "place" (replace ": " "." .Place) "env" .Values.env "envFrom" .Values.envFrom) | mustFromJson }}
{{- if $loads }}
{{- $hidden = concat $hidden (include "llm-stack.slot.loader.hidden" . | include "llm-stack.list" | mustFromJson) }}
{{- $unread = concat $unread (include "llm-stack.slot.loader.unread" . | include "llm-stack.list" | mustFromJson) }}
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
{{- if include "llm-stack.slot.server.kubernetes" . }}
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
