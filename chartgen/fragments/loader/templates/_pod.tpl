{{- /*
The template of a separate pod, for a Job, a CronJob or a DaemonSet. Given a server's context with Loader in it: name and
mode, as for the container; everyNode (true: it runs on each node that the server can run on, and never ends), and steps
(containers that run first).
*/}}
{{- define "fragment.loader.pod" -}}
metadata:
  labels:
    {{- include "fragment.selector" (list . (printf "%s-loader" .Server)) | nindent 4 }}
  annotations:
    {{- toYaml (include "fragment.podAnnotations" (list (include "fragment.loader.annotations" . | include "fragment.map" | mustFromJson) .Values.loader.podAnnotations) | mustFromJson) | nindent 4 }}
spec:
  {{- include "fragment.podBasics" . | nindent 2 }}
  {{- if not .Loader.everyNode }}
  restartPolicy: OnFailure
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Loader.everyNode }}
  {{- /* The server waits for it, so it gets the same priority. */}}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.affinity.nodeAffinity }}
  affinity:
    nodeAffinity:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  {{- end }}
  {{- /* It needs none of the server's devices, since the claim can be mounted on other nodes too. */}}
  {{- $labels := ternary (include "fragment.slot.server.nodeSelector" . | include "fragment.map" | mustFromJson) dict (.Loader.everyNode | default false) }}
  {{- with mergeOverwrite $labels .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat (include "fragment.slot.server.tolerations" . | include "fragment.list" | mustFromJson) .Values.tolerations | uniq }}
  tolerations:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Loader.steps }}
  initContainers:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  containers:
  {{- include "fragment.loader.container" . | nindent 2 }}
  volumes:
  {{- include "fragment.loader.podVolumes" . | trim | nindent 2 }}
{{- end }}

{{- /* The name of a Job that downloads the models once. A Job is immutable, so the name contains a hash of the pod,
which includes the models. Given a server's context. */}}
{{- define "fragment.loader.job" -}}
{{- $pod := include "fragment.loader.pod" (merge (dict "Loader" (dict "name" "bring-models" "mode" "once")) .) }}
{{- include "fragment.name" (list . (printf "%s-models-%s" .Server ($pod | include "fragment.map" | sha256sum | trunc 8))) }}
{{- end }}

{{- /* Addresses in the variables of the loader, such as a proxy. */}}
{{- define "fragment.loader.urls" -}}
{{- concat (include "fragment.urlsIn" (list .Values.loader.env) | mustFromJson) (include "fragment.proxyURLs" . | mustFromJson) | toYaml }}
{{- end }}

{{- define "fragment.loader.hidden" -}}
{{- $hidden := include "fragment.hiddenIn" (list (printf "%sloader.env" (replace ": " "." .Place)) .Values.loader.env) | mustFromJson }}
{{- toYaml (ternary (list "global.proxy.existingSecret") list (not (empty .Values.global.proxy.existingSecret)) | concat $hidden) }}
{{- end }}

{{- define "fragment.loader.unread" -}}
{{- $place := printf "%sloader." (replace ": " "." .Place) }}
{{- toYaml (include "fragment.unreadIn" (dict "place" $place "env" .Values.loader.env "envFrom" .Values.loader.envFrom) | mustFromJson) }}
{{- end }}

{{- /* Separate pods that download models. */}}
{{- define "fragment.loader.network" -}}
{{- range .Servers }}
{{- if .Facts.delivery.waitsForLoader }}
{{- $urls := include "fragment.slot.source.urls" . | include "fragment.list" | mustFromJson }}
- component: {{ printf "%s-loader" .Server | quote }}
  urls: {{ concat $urls (include "fragment.slot.loader.urls" . | include "fragment.list" | mustFromJson) | uniq | toJson }}
  hidden: {{ include "fragment.slot.loader.hidden" . | include "fragment.list" | mustFromJson | toJson }}
  unread: {{ include "fragment.slot.loader.unread" . | include "fragment.list" | mustFromJson | toJson }}
{{- end }}
{{- end }}
{{- end }}
