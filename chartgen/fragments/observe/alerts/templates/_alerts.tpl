{{- define "fragment.observe.alerts.checks" -}}
{{- if and .Values.alerts.enabled (eq .Facts.server.kind "RayService") }}
alerts.enabled: the chart has no alerts for a RayService, whose metrics Ray exports under its own names; set alerts.enabled to false for this server
{{- else if and .Values.alerts.enabled .Facts.engine.metrics (not .Facts.monitor.enabled) (not .Facts.batch) }}
alerts.enabled: the alerts need the metrics of the server; set monitoring.enabled to true
{{- end }}
{{- end }}

{{- /* Given a map of labels: a selector of PromQL. */}}
{{- define "fragment.observe.alerts.selector" -}}
{{- $pairs := list }}
{{- range $name, $value := . }}
{{- $pairs = append $pairs (printf "%s=%s" $name (quote $value)) }}
{{- end }}
{{- printf "{%s}" (join "," $pairs) }}
{{- end }}

{{- /* The alerts of a server, as a JSON list. {name, expr, for, severity, summary, description} each. The metrics whose
names begin with kube_ are those of kube-state-metrics, those with kubelet_ are the kubelet's. */}}
{{- define "fragment.observe.alerts.rules" -}}
{{- $alerts := .Values.alerts }}
{{- $metrics := .Facts.engine.metrics | default dict }}
{{- $of := include "fragment.observe.alerts.selector" .Facts.monitor.labels }}
{{- $here := printf "namespace=%s" (quote .Release.Namespace) }}
{{- $name := .Facts.server.name }}
{{- $rules := list }}
{{- $pods := include "fragment.observe.alerts.pods" . }}
{{- if .Facts.batch }}
{{- $failed := include "fragment.observe.alerts.failed" (list $here (include "fragment.observe.alerts.jobs" .)) }}
{{- $rules = append $rules (dict "name" "LLMBatchFailed" "expr" $failed "for" "1m" "severity" "warning" "summary" "A batch program failed" "description" "The program failed more often than batch.backoffLimit allows, or took too long. The logs of its pods contain the reason. The alert ends when a later run succeeds, or when you delete the failed Job.") }}
{{- else }}
{{- $kind := ternary "deployment" "statefulset" (eq .Facts.server.kind "Deployment") }}
{{- $set := printf "{%s,%s=%s}" $here $kind (quote $name) }}
{{- $ready := printf (ternary "kube_deployment_spec_replicas%s - kube_deployment_status_replicas_available%s > 0" "kube_statefulset_replicas%s - kube_statefulset_status_replicas_ready%s > 0" (eq $kind "deployment")) $set $set }}
{{- $rules = append $rules (dict "name" "LLMServerNotReady" "expr" $ready "for" (printf "%ds" (int64 .Values.startupTimeoutSeconds)) "severity" "critical" "summary" "A model server is not ready" "description" "Not every replica of the server was ready within the time that loading the model may take. Check the events and logs of its pods.") }}
{{- if $metrics }}
{{- $absent := printf "absent(up%s == 1)" $of }}
{{- $scale := include "fragment.slot.server.scale" . | include "fragment.map" | mustFromJson }}
{{- if not (int64 (ternary $scale.minReplicas .Values.replicas (hasKey $scale "minReplicas"))) }}
{{- /* A server that may have no pod exports nothing then. */}}
{{- $wanted := ternary "kube_deployment_spec_replicas" "kube_statefulset_replicas" (eq $kind "deployment") }}
{{- $absent = printf "%s and on() (%s%s > 0)" $absent $wanted $set }}
{{- end }}
{{- $rules = append $rules (dict "name" "LLMServerNoMetrics" "expr" $absent "for" "15m" "severity" "warning" "summary" "A model server exports no metrics" "description" "Prometheus collects no metrics from the server, so the other alerts about it cannot fire. Check the monitor and the pods.") }}
{{- end }}
{{- with $metrics.waiting }}
{{- $rules = append $rules (dict "name" "LLMRequestsWaiting" "expr" (printf "sum(%s%s) > %d" . $of (int64 $alerts.waitingRequests)) "for" "10m" "severity" "warning" "summary" "Requests wait for a model server" "description" "Requests have been waiting for ten minutes. Add replicas, or send fewer requests.") }}
{{- end }}
{{- with $metrics.cache }}
{{- $rules = append $rules (dict "name" "LLMCacheNearlyFull" "expr" (printf "max(%s%s) > %v" . $of (divf $alerts.cachePercent 100)) "for" "10m" "severity" "warning" "summary" "The KV cache of a model server is nearly full" "description" "Running requests are interrupted if the cache is full. Lower the context length or the number of parallel requests, or add replicas.") }}
{{- end }}
{{- end }}
{{- if ne .Values.model.delivery "none" }}
{{- $failing := list (printf "max(increase(kube_pod_init_container_status_restarts_total{%s,pod=~%s}[1h])) > 2" $here (quote $pods)) }}
{{- /* The pods that only download, whose restarts are not those of an init container. */}}
{{- $jobs := list }}
{{- if .Facts.delivery.job }}
{{- $jobs = append $jobs (include "fragment.slot.loader.job" .) }}
{{- end }}
{{- with .Facts.delivery.cronJob }}
{{- $jobs = append $jobs (printf "%s-[0-9]+" .) }}
{{- end }}
{{- with concat $jobs (list (.Facts.delivery.daemonSet | default "")) | compact }}
{{- $own := list }}
{{- range . }}
{{- $own = append $own (ternary (printf "%s[a-z0-9]{5}" (trunc 58 .)) (printf "%s-[a-z0-9]{5}" .) (gt (len .) 57)) }}
{{- end }}
{{- $failing = append $failing (printf "max(increase(kube_pod_container_status_restarts_total{%s,container=~\"bring-models|keep-models\",pod=~%s}[1h])) > 2" $here (join "|" $own | quote)) }}
{{- end }}
{{- with $jobs }}
{{- $failing = append $failing (include "fragment.observe.alerts.failed" (list $here (join "|" .))) }}
{{- end }}
{{- $rules = append $rules (dict "name" "LLMLoaderFailing" "expr" (join " or " $failing) "for" "1m" "severity" "critical" "summary" "The models of a server cannot be downloaded" "description" "The container that downloads the models fails again and again. Its log contains the reason.") }}
{{- end }}
{{- $volume := include "fragment.slot.cache.volume" . | include "fragment.map" | mustFromJson }}
{{- $claim := dig "persistentVolumeClaim" "claimName" "" $volume | regexQuoteMeta }}
{{- if not $volume }}
{{- $claim = printf "models-%s" $pods }}
{{- end }}
{{- if $claim }}
{{- $of := printf "{%s,persistentvolumeclaim=~%s}" $here (quote $claim) }}
{{- $rules = append $rules (dict "name" "LLMVolumeNearlyFull" "expr" (printf "kubelet_volume_stats_available_bytes%s / kubelet_volume_stats_capacity_bytes%s < %v" $of $of (divf $alerts.volumeFreePercent 100)) "for" "15m" "severity" "warning" "summary" "The volume of the models is nearly full" "description" "A new version of a model may not fit. Increase the size of the claim, or remove models.") }}
{{- end }}
{{- if .Facts.group }}
{{- /* An upgrade replaces each pod once. */}}
{{- $again := printf "max(changes((max by (pod) (kube_pod_created{%s,pod=~%s}))[2h:1m])) > 2" $here (quote $pods) }}
{{- $rules = append $rules (dict "name" "LLMGroupReplaced" "expr" $again "for" "1m" "severity" "critical" "summary" "A group of pods is replaced again and again" "description" "If a pod of a group fails, all of its pods are replaced, so their restart counts stay 0. Read the log of a pod before it is replaced.") }}
{{- end }}
{{- mustToJson $rules }}
{{- end }}

{{- /*
(list NAMESPACE JOBS), a matcher and a pattern of names: true if the last one of these Jobs that ended failed. A failed Job stays, and with it
its metric.
*/}}
{{- define "fragment.observe.alerts.failed" -}}
{{- $jobs := printf "%s,job_name=~%s" (first .) (last . | quote) }}
{{- printf "max(max by (namespace, job_name) (kube_job_created{%s}) * on (namespace, job_name) (max by (namespace, job_name) (kube_job_failed{%s,condition=\"true\"}) > 0)) > (max(kube_job_status_completion_time{%s}) or vector(0))" $jobs $jobs $jobs }}
{{- end }}

{{- /* A pattern of the names of the Jobs of a batch program. */}}
{{- define "fragment.observe.alerts.jobs" -}}
{{- .Facts.server.name }}-{{ ternary "[0-9]+" "[0-9a-f]{8}" (eq .Facts.server.kind "CronJob") }}
{{- end }}

{{- /*
A pattern of the names of a server's pods. Of a name of more than 58 characters, Kubernetes keeps 58 before the five that it
appends (apiserver/pkg/storage/names/generate.go), so of a long name the parts are not known, but the length of all.
*/}}
{{- define "fragment.observe.alerts.pods" -}}
{{- $name := .Facts.server.name }}
{{- $ends := dict "Deployment" "[a-z0-9]{6,10}-[a-z0-9]{5}" "StatefulSet" "[0-9]+" "Job" "[0-9a-f]{8}(-[0-9]+)?-[a-z0-9]{5}" "CronJob" "[0-9]+(-[0-9]+)?-[a-z0-9]{5}" }}
{{- $end := get $ends .Facts.server.kind | default "[0-9]+(-[0-9]+)?" }}
{{- if and (gt (len $name) 40) (hasSuffix "{5}" $end) }}
{{- $end = printf "(%s|[a-z0-9-]{%d})" $end (sub 62 (len $name)) }}
{{- end }}
{{- $name }}-{{ $end }}
{{- end }}
