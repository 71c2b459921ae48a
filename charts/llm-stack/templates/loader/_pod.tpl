




{{- define "llm-stack.loader.pod" -}}
metadata:
  labels:
    {{- include "llm-stack.selector" (list . (printf "%s-loader" .Server)) | nindent 4 }}
  annotations:
    {{- toYaml (include "llm-stack.podAnnotations" (list (include "llm-stack.loader.annotations" . | include "llm-stack.map" | mustFromJson) .Values.loader.podAnnotations) | mustFromJson) | nindent 4 }}
spec:
  {{- include "llm-stack.podBasics" . | nindent 2 }}
  {{- if not .Loader.everyNode }}
  restartPolicy: OnFailure
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Loader.everyNode }}

  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.affinity.nodeAffinity }}
  affinity:
    nodeAffinity:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  {{- end }}

  {{- $labels := ternary (include "llm-stack.slot.server.nodeSelector" . | include "llm-stack.map" | mustFromJson) dict (.Loader.everyNode | default false) }}
  {{- with mergeOverwrite $labels .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat (include "llm-stack.slot.server.tolerations" . | include "llm-stack.list" | mustFromJson) .Values.tolerations | uniq }}
  tolerations:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Loader.steps }}
  initContainers:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  containers:
  {{- include "llm-stack.loader.container" . | nindent 2 }}
  volumes:
  {{- include "llm-stack.loader.podVolumes" . | trim | nindent 2 }}
{{- end }}



{{- define "llm-stack.loader.job" -}}
{{- $pod := include "llm-stack.loader.pod" (merge (dict "Loader" (dict "name" "bring-models" "mode" "once")) .) }}
{{- include "llm-stack.name" (list . (printf "%s-models-%s" .Server ($pod | include "llm-stack.map" | sha256sum | trunc 8))) }}
{{- end }}


{{- define "llm-stack.loader.urls" -}}
{{- concat (include "llm-stack.urlsIn" (list .Values.loader.env) | mustFromJson) (include "llm-stack.proxyURLs" . | mustFromJson) | toYaml }}
{{- end }}

{{- define "llm-stack.loader.hidden" -}}
{{- $hidden := include "llm-stack.hiddenIn" (list (printf "%sloader.env" (replace ": " "." .Place)) .Values.loader.env) | mustFromJson }}
{{- toYaml (ternary (list "global.proxy.existingSecret") list (not (empty .Values.global.proxy.existingSecret)) | concat $hidden) }}
{{- end }}

{{- define "llm-stack.loader.unread" -}}
{{- $place := printf "%sloader." (replace ": " "." .Place) }}
{{- toYaml (include "llm-stack.unreadIn" (dict "place" $place "env" .Values.loader.env "envFrom" .Values.loader.envFrom) | mustFromJson) }}
{{- end }}


{{- define "llm-stack.loader.network" -}}
{{- range .Servers }}
{{- if .Facts.delivery.waitsForLoader }}
{{- $urls := include "llm-stack.slot.source.urls" . | include "llm-stack.list" | mustFromJson }}
- component: {{ printf "%s-loader" .Server | quote }}
  urls: {{ concat $urls (include "llm-stack.slot.loader.urls" . | include "llm-stack.list" | mustFromJson) | uniq | toJson }}
  hidden: {{ include "llm-stack.slot.loader.hidden" . | include "llm-stack.list" | mustFromJson | toJson }}
  unread: {{ include "llm-stack.slot.loader.unread" . | include "llm-stack.list" | mustFromJson | toJson }}
{{- end }}
{{- end }}
{{- end }}
