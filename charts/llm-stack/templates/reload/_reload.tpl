
{{- define "llm-stack.reload.container" -}}
{{- if ne .Values.reload.mode "none" }}
{{- $image := dict "context" . "image" .Values.images.curl -}}
- name: reload
  image: {{ include "llm-stack.image" $image | quote }}
  imagePullPolicy: {{ include "llm-stack.pullPolicy" $image | quote }}
  restartPolicy: Always
  command: [sh, /opt/files/reload.sh]
  env:
  {{- include "llm-stack.env" (include "llm-stack.reload.env" . | include "llm-stack.map" | mustFromJson) | trim | nindent 2 }}
  # Started after the current state of the models is recorded.
  startupProbe:
    exec:
      command: [test, -e, /tmp/reload/known]
    periodSeconds: 1
    failureThreshold: 300
  resources:
    {{- toYaml .Values.reload.resources | nindent 4 }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
  - name: models
    mountPath: /models
    {{- with merge (dict "readOnly" true) (include "llm-stack.slot.cache.mount" . | include "llm-stack.map" | mustFromJson) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  - name: files
    mountPath: /opt/files
    readOnly: true
  - name: reload
    mountPath: /tmp
  {{- if eq .Values.reload.mode "http" }}
  {{- with (include "llm-stack.slot.engine.reloader" . | include "llm-stack.map" | mustFromJson).volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- if eq .Values.reload.mode "rollout" }}
  - name: access
    mountPath: /opt/access
    readOnly: true
  {{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.reload.env" -}}
TARGET: /models
MODELS_FILE: /opt/files/models.tsv
STATE: /tmp/reload
WAY: {{ .Values.reload.mode | quote }}
EVERY: {{ int64 .Values.reload.intervalSeconds | quote }}
{{- if eq .Values.reload.mode "http" }}
SERVER: http://127.0.0.1:{{ int64 .Facts.engine.port }}
REQUESTS: /opt/files/reload.tsv
{{- $needs := include "llm-stack.slot.engine.reloader" . | include "llm-stack.map" | mustFromJson }}
{{- with $needs.prepare }}
PREPARE: {{ quote . }}
{{- end }}
{{- with $needs.header }}
HEADER: {{ quote . }}
{{- end }}
{{- with $needs.env }}
{{ toYaml . }}
{{- end }}
# A reload can take as long as the first load.
PATIENCE: {{ int64 .Values.startupTimeoutSeconds | quote }}
{{- else }}
WORKLOAD: {{ printf "%s/%s" (include "llm-stack.reload.resource" .) (include "llm-stack.serverName" .) | quote }}
MADE_FOR:
  valueFrom:
    fieldRef: {fieldPath: "metadata.annotations['reload/models']"}
ACCESS: /opt/access
PATIENCE: "30"
{{- end }}
{{- end }}


{{- define "llm-stack.reload.resource" -}}
{{- .Facts.server.kind | lower }}s
{{- end }}


{{- define "llm-stack.reload.volumes" -}}
{{- if ne .Values.reload.mode "none" -}}
- name: reload
  emptyDir: {medium: Memory, sizeLimit: 8Mi}
{{- end }}
{{- if eq .Values.reload.mode "rollout" }}
- name: access
  projected:
    sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3600}
    - configMap:
        name: kube-root-ca.crt
        items: [{key: ca.crt, path: ca.crt}]
    - downwardAPI:
        items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]
{{- end }}
{{- end }}

{{- define "llm-stack.reload.files" -}}
{{- if ne .Values.reload.mode "none" -}}
reload.sh: {file: files/reload/reload.sh}
{{- if eq .Values.reload.mode "http" }}
reload.tsv: {{ include "llm-stack.reload.requests" . | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.reload.requests" -}}
{{- range include "llm-stack.slot.engine.reload" . | include "llm-stack.list" | mustFromJson }}
{{- printf "%s\t%s\t%s\t%s\n" (.folder | default "-") (.method | default "POST") .path (.body | default "" | replace "\n" " ") }}
{{- end }}
{{- end }}

{{- define "llm-stack.reload.checks" -}}
{{ include "llm-stack.resourceFaults" (list "reload.resources" .Values.reload.resources) }}
{{- $facts := .Facts.engine }}
{{- $refreshes := .Facts.delivery.refreshes }}
{{- if and $refreshes $facts.subPath (eq .Values.reload.mode "none") }}
reload.mode: with custom.mount model, a pod only sees the version of the model with which it started, and model.delivery {{ .Values.model.delivery }} removes that version with the second change; set reload.mode to rollout, or custom.mount to cache
{{- end }}
{{- if ne .Values.reload.mode "none" }}
{{- if not $refreshes }}
reload.mode: {{ .Values.reload.mode }} is set, but with model.delivery {{ .Values.model.delivery }} the model of a running server never changes; set model.delivery to sidecar, cronjob or daemonset, or reload.mode to none
{{- end }}
{{- if .Facts.batch }}
reload.mode: {{ .Values.reload.mode }} is set, but a batch program reads its model once; set reload.mode to none for this server
{{- else if .Facts.group }}
reload.mode: {{ .Values.reload.mode }} is set, but the pods of a server across nodes are replaced together; set reload.mode to none, and restart the server after a change of the model
{{- else if eq .Values.reload.mode "http" }}
{{- if not (include "llm-stack.slot.engine.reload" .) }}
reload.mode: http is set, but engine {{ .Values.engine }} has no request that reloads a model; set {{ with $facts.reloadValue }}{{ . }}, or {{ end }}reload.mode to rollout or none
{{- else if $facts.subPath }}
reload.mode: custom.mount model mounts only the version that the pod started with, so a reload does not see a new version; set reload.mode to rollout, or custom.mount to cache
{{- end }}
{{- else if not (or .Values.serviceAccount.create .Values.serviceAccount.name) }}
reload.mode: rollout needs a separate service account that may change the server, and the account default is shared by the namespace; set serviceAccount.create to true, or set serviceAccount.name to an account that only this release uses
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.reload.kubernetes" -}}
{{- if eq .Values.reload.mode "rollout" -}}
true
{{- end }}
{{- end }}
