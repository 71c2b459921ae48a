{{- define "llm-stack.workload.ray-service.facts" -}}
{{- if gt (int64 .Values.nodes.count) 1 -}}
size: {{ int64 .Values.nodes.count }}
serve: true
# Ray exports the metrics of its engine there, too.
metrics: 8080
# KubeRay sets them in each pod (controllers/ray/common/pod.go).
variables: [FQ_RAY_IP, KUBERAY_GEN_RAY_START_CMD, RAY_ADDRESS, RAY_CLOUD_INSTANCE_ID, RAY_CLUSTER_NAME, RAY_IP, RAY_NODE_TYPE_NAME, RAY_PORT]
wait: {{ printf "With Helm 4, `helm install --wait` waits for a RayService, as long as `--timeout` allows. Helm 3 does not, nor does an upgrade: until it is over, run `kubectl wait --for=condition=UpgradeInProgress=false rayservice/%s -n %s`, because the old pods are Ready." (include "llm-stack.workload.ray-service.name" .) .Release.Namespace | quote }}
{{- $gpus := mul (int64 .Values.replicas) (int64 .Values.nodes.count) (int64 .Facts.gpu.count) }}
{{- if eq .Values.nodes.ray.upgradeStrategy "NewCluster" }}
upgrade: {{ printf "if the pods change, KubeRay first starts a second cluster, with %d more GPUs" $gpus | quote }}
{{- else }}
upgrade: if the pods change, the new ones start when you delete the RayCluster
{{- end }}
{{- with .Values.nodes.ray.operatorNamespace }}
operator: {{ quote . }}
{{- end }}
{{- end }}
{{- end }}



{{- define "llm-stack.workload.ray-service.name" -}}
{{- include "llm-stack.nameWithin" (list (.Values.fullnameOverride | default .Release.Name) (printf "%s-ray" .Server) 47) }}
{{- end }}

{{- define "llm-stack.workload.ray-service.workload" -}}
{{- if .Facts.group }}
{{- $name := include "llm-stack.workload.ray-service.name" . -}}
kind: RayService
apiVersion: ray.io/v1
name: {{ quote $name }}
logs: {{ printf "-l ray.io/node-type=worker,app.kubernetes.io/instance=%s,app.kubernetes.io/component=%s --max-log-requests=10000" .Release.Name .Server | quote }}
wait: {{ printf "wait --for=condition=Ready rayservice/%s" $name | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.workload.ray-service.env" -}}
{{- if .Facts.group -}}
# Ray would send usage statistics to a host on the internet.
RAY_USAGE_STATS_ENABLED: "0"
# Without this, a response that is not streamed ends with an error after ten minutes (DEFAULT_LLM_ROUTER_HTTP_TIMEOUT in Ray's
# python/ray/llm/_internal/serve/constants.py).
RAY_SERVE_LLM_ROUTER_HTTP_TIMEOUT: "3600"
{{- end }}
{{- end }}



{{- define "llm-stack.workload.ray-service.ports" -}}
{{- if .Facts.group -}}
- {name: serve, containerPort: {{ int64 .Facts.engine.port }}}
- {name: metrics, containerPort: 8080}
- {name: agent, containerPort: 52365}
{{- if .Head }}
- {name: gcs-server, containerPort: 6379}
- {name: dashboard, containerPort: 8265}
- {name: client, containerPort: 10001}
{{- end }}
{{- end }}
{{- end }}






{{- define "llm-stack.workload.ray-service.probes" -}}
{{- if .Facts.group }}
{{- $ready := ternary (dict "path" "/api/gcs_healthz" "port" "dashboard") (dict "path" "/-/healthz" "port" "serve") (not (empty .Head)) }}
startupProbe:
  httpGet: {path: /api/local_raylet_healthz, port: agent}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 120
readinessProbe:
  httpGet: {{ toJson $ready }}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: {{ ternary 10 1 (not (empty .Head)) }}
livenessProbe:
  httpGet: {path: /api/local_raylet_healthz, port: agent}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 120
{{- end }}
{{- end }}


{{- define "llm-stack.workload.ray-service.config" -}}
{{- $copies := int64 .Values.replicas }}
{{- $model := include "llm-stack.slot.group.application" . | include "llm-stack.map" | mustFromJson }}
{{- $_ := set $model "engine_kwargs" (merge (deepCopy .Values.nodes.ray.engineArgs) ($model.engine_kwargs | default dict)) }}

{{- $end := dict "graceful_shutdown_timeout_s" (int64 .Values.terminationGracePeriodSeconds) }}
{{- $_ := set $model "deployment_config" (merge (dict "autoscaling_config" (dict "min_replicas" $copies "max_replicas" $copies)) $end) -}}
proxy_location: EveryNode
http_options: {host: 0.0.0.0, port: {{ int64 .Facts.engine.port }}}
applications:
- name: llm
  route_prefix: /
  import_path: ray.serve.llm:build_openai_app
  args:
    llm_configs:
    {{- toYaml (list $model) | nindent 4 }}

    {{- if not (hasKey .Values.env "RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING") }}
    ingress_deployment_config: {{ toJson $end }}
    {{- end }}
{{- end }}

{{- define "llm-stack.workload.ray-service.checks" -}}
{{- $nodes := .Values.nodes }}
{{- $cache := .Facts.cache }}
{{- if not .Facts.group }}
{{- if not .Facts.batch }}
nodes.workload: RayService is set, but nodes.count is {{ int64 $nodes.count }}; set nodes.count to the number of nodes of one copy, or nodes.workload to LeaderWorkerSet
{{- end }}
{{- else }}
{{- if not (include "llm-stack.slot.group.application" .) }}
nodes.workload: RayService is set, but Ray Serve cannot run engine {{ .Values.engine }}; set engine to vllm, or nodes.workload to LeaderWorkerSet
{{- end }}
{{- if ne .Facts.gpu.vendor "nvidia" }}
nodes.workload: the image with Ray Serve is for NVIDIA GPUs, but gpu.vendor is {{ .Facts.gpu.vendor }}; set gpu.vendor to nvidia, or nodes.workload to LeaderWorkerSet
{{- end }}
{{- if and (eq $cache.type "persistentVolumeClaim") (not $cache.shared) }}
modelCache.accessModes: {{ join ", " $cache.accessModes }} lets only one node mount the claim, but nodes.count is {{ int64 $nodes.count }}; set modelCache.accessModes to ReadWriteMany with a storage class that supports it, or modelCache.type to ephemeral for a claim for each pod
{{- else if eq $cache.type "volumeClaimTemplate" }}
modelCache.type: a RayService has no templates of claims; set modelCache.type to persistentVolumeClaim with modelCache.accessModes ReadWriteMany, or to ephemeral for a claim for each pod
{{- else if eq $cache.type "emptyDir" }}
modelCache.type: with emptyDir, each of the {{ int64 $nodes.count }} pods of a copy downloads the model again whenever it is replaced; set modelCache.type to persistentVolumeClaim with modelCache.accessModes ReadWriteMany
{{- end }}
{{- if .Values.service.nodePort }}
service.nodePort: KubeRay creates the Service of a RayService and sets no node port; remove nodePort
{{- end }}
{{- if and .Values.service.port (ne (int64 .Values.service.port) (int64 .Facts.engine.port)) }}
service.port: {{ int64 .Values.service.port }} is set, but the Service that KubeRay creates has the port of Ray Serve, {{ int64 .Facts.engine.port }}; remove service.port
{{- end }}
{{- if not (int64 .Values.replicas) }}
replicas: is 0, but Ray Serve runs at least one copy; set replicas to 1 or more
{{- end }}
{{- if .Values.extraArgs }}
extraArgs: Ray Serve starts vLLM without a command line; set nodes.ray.engineArgs in place of extraArgs
{{- end }}
{{- range $key, $value := pick $nodes "exclusiveTopology" "queue" "stallSeconds" }}
{{- if $value }}
nodes.{{ $key }}: is set, but only a LeaderWorkerSet has it; remove it, or set nodes.workload to LeaderWorkerSet
{{- end }}
{{- end }}
{{ include "llm-stack.resourceFaults" (list "nodes.ray.headResources" $nodes.ray.headResources) }}
{{- end }}
{{- end }}
