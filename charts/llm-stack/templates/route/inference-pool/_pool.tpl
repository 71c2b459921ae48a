
{{- define "llm-stack.route.inference-pool.members" -}}
{{- $found := list }}
{{- range $name := .Values.inferencePool.servers | default (keys .Serving | sortAlpha) }}
{{- if hasKey $.Serving $name }}
{{- $found = append $found $name }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.route.inference-pool.podLabels" -}}
{{- $pool := .Values.inferencePool }}
{{- if and $pool.enabled (or (not $pool.servers) (has .Server $pool.servers)) -}}
inference-pool: "true"
llm-d.ai/engine-type: {{ printf "llm-stack-%s" .Values.engine | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.route.inference-pool.expose" -}}
{{- if .Values.inferencePool.enabled }}
{{- range $name := include "llm-stack.route.inference-pool.members" . | mustFromJson }}
{{- $service := include "llm-stack.serverName" (get $.Serving $name) }}
{{- range $.Values.inferencePool.httpRoute.hostnames | default (list "") }}
- service: {{ $service }}
  hosts: {{ . | default "its Gateway, for any host name" | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.route.inference-pool.taken" -}}
{{- with .Values.inferencePool }}
{{- if .enabled }}
{{ include "llm-stack.waysOfRoute" (dict "key" "inferencePool.httpRoute.hostnames" "parents" .httpRoute.parentRefs "hosts" .httpRoute.hostnames "namespace" $.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.route.inference-pool.access" -}}
{{- if .Values.inferencePool.enabled -}}
- title: The endpoint picker
  service: {{ include "llm-stack.name" (list . "picker") }}
  type: ClusterIP
  who: It answers gateways over gRPC, and requires no key.
{{- end }}
{{- end }}

{{- define "llm-stack.route.inference-pool.network" -}}
{{- if .Values.inferencePool.enabled }}
{{- $urls := list }}
{{- range $name := include "llm-stack.route.inference-pool.members" . | mustFromJson }}
{{- $urls = append $urls (include "llm-stack.serverURL" (get $.Serving $name)) }}
{{- end -}}
- component: picker
  service: {{ include "llm-stack.name" (list . "picker") }}
  ports: [9002]
  public: true
  kubernetes: true
  metrics: 9090
  urls: {{ toJson $urls }}
{{- end }}
{{- end }}

{{- define "llm-stack.route.inference-pool.needs" -}}
{{- if .Values.inferencePool.enabled }}
{{- range .Values.inferencePool.httpRoute.parentRefs }}
Gateway/{{ with .namespace }}{{ . }}/{{ end }}{{ .name }}
{{- end }}
{{- end }}
{{- end }}



{{- define "llm-stack.route.inference-pool.config" -}}
{{- $engines := dict }}
{{- range $name := include "llm-stack.route.inference-pool.members" . | mustFromJson }}
{{- with get $.Serving $name }}
{{- $metrics := .Facts.engine.metrics | default dict }}
{{- $engine := printf "llm-stack-%s" .Values.engine }}
{{- $_ := set $engines $engine (dict "name" $engine "queuedRequestsSpec" $metrics.waiting "runningRequestsSpec" $metrics.running "kvUsageSpec" $metrics.cache) }}
{{- end }}
{{- end }}
{{- $configs := list }}
{{- range $engines }}
{{- $configs = append $configs . }}
{{- end }}
{{- $weights := .Values.inferencePool.weights -}}
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: queue-scorer
- type: kv-cache-utilization-scorer
- type: prefix-cache-scorer
- type: metrics-data-source
  parameters:
    scheme: http
    path: /metrics
- type: core-metrics-extractor
  parameters:
    engineConfigs: {{ toJson $configs }}
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: queue-scorer
    weight: {{ int64 $weights.queue }}
  - pluginRef: kv-cache-utilization-scorer
    weight: {{ int64 $weights.cache }}
  - pluginRef: prefix-cache-scorer
    weight: {{ int64 $weights.prefix }}
{{- end }}

{{- define "llm-stack.route.inference-pool.checks" -}}
{{ include "llm-stack.resourceFaults" (list "inferencePool.resources" .Values.inferencePool.resources) }}
{{- $pool := .Values.inferencePool }}
{{- if $pool.enabled }}
{{- range $pool.servers }}
{{- if not (hasKey $.Serving .) }}
inferencePool.servers: {{ . }} is not an enabled server; use {{ keys $.Serving | sortAlpha | join " or " }}
{{- end }}
{{- end }}
{{- if not (include "llm-stack.route.inference-pool.members" . | mustFromJson) }}
inferencePool.enabled: no server of the pool answers requests; enable a server, or set inferencePool.enabled to false
{{- end }}
{{- $models := list }}
{{- $ports := list }}
{{- range $name := include "llm-stack.route.inference-pool.members" . | mustFromJson }}
{{- with get $.Serving $name }}
{{- $metrics := .Facts.engine.metrics | default dict }}
{{- $models = append $models .Facts.engine.model }}
{{- $ports = append $ports (int64 .Facts.engine.port) }}
{{- if or $metrics.secret (not (and $metrics.waiting $metrics.running $metrics.cache)) }}
inferencePool.servers: server {{ .Server }} has engine {{ .Values.engine }}, which exports no metrics of its queue and its KV cache that the endpoint picker can read; set inferencePool.servers to the servers of the pool, without {{ .Server }}
{{- end }}
{{- end }}
{{- end }}
{{- if gt (uniq $models | len) 1 }}
inferencePool.servers: the servers of a pool must serve the same model, but these serve {{ uniq $models | sortAlpha | join " and " }}; set inferencePool.servers to servers of one model
{{- end }}
{{- if gt (uniq $ports | len) 1 }}
inferencePool.servers: the servers of a pool must listen on the same port, but these listen on {{ uniq $ports | sortAlpha | join " and " }}; set inferencePool.servers to servers of one engine
{{- end }}
{{- if not $pool.httpRoute.parentRefs }}
inferencePool.httpRoute.parentRefs: is empty, so no Gateway leads to the pool; add a Gateway with name, namespace, and its listener as sectionName
{{- end }}
{{- end }}
{{- end }}
