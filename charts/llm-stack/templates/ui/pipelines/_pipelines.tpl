{{- define "llm-stack.ui.pipelines.secretName" -}}
{{- .Values.pipelines.apiKey.existingSecret | default (include "llm-stack.name" (list . "pipelines")) }}
{{- end }}

{{- define "llm-stack.ui.pipelines.claim" -}}
{{- .Values.pipelines.persistence.existingClaim | default (include "llm-stack.name" (list . "pipelines-data")) }}
{{- end }}

{{- define "llm-stack.ui.pipelines.claims" -}}
{{ printf "PersistentVolumeClaim/%s" (include "llm-stack.ui.pipelines.claim" .) | quote }}: pipelines.persistence
{{- end }}


{{- define "llm-stack.ui.pipelines.endpoints" -}}
{{- if .Values.pipelines.enabled -}}
- protocol: openai
  url: {{ printf "http://%s:%d" (include "llm-stack.name" (list . "pipelines")) (int64 .Values.pipelines.service.port) | quote }}
  secret:
    name: {{ include "llm-stack.ui.pipelines.secretName" . | quote }}
    key: {{ .Values.pipelines.apiKey.key | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.ui.pipelines.env" -}}
PORT: "9099"
PIPELINES_DIR: /app/pipelines
PIPELINES_API_KEY:
  valueFrom:
    secretKeyRef:
      name: {{ include "llm-stack.ui.pipelines.secretName" . | quote }}
      key: {{ .Values.pipelines.apiKey.key | quote }}
# The requirements of pipelines are installed next to the pipelines, so that a restart downloads nothing. Only root can
# write to the image's folders.
PYTHONUSERBASE: /app/pipelines/.python
HOME: /tmp/home
# A user ID without an entry in /etc/passwd has no user name, which some libraries require.
USER: pipelines
{{- end }}

{{- define "llm-stack.ui.pipelines.access" -}}
{{- if .Values.pipelines.enabled -}}
- title: Pipelines
  service: {{ include "llm-stack.name" (list . "pipelines") }}
  type: {{ .Values.pipelines.service.type | quote }}
  {{- with int64 .Values.pipelines.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  annotations: {{ include "llm-stack.opening" (list .Values.pipelines.service.annotations .Values.pipelines.podAnnotations) | mustFromJson | toJson }}
  who: Chats with pipelines, and changes to their settings, require no key.
  authorization: its API key
{{- end }}
{{- end }}

{{- define "llm-stack.ui.pipelines.secrets" -}}
{{- $key := .Values.pipelines.apiKey }}
{{- if and .Values.pipelines.enabled (not (or $key.existingSecret $key.value)) -}}
- name: {{ include "llm-stack.ui.pipelines.secretName" . | quote }}
  key: pipelines.apiKey
  effect: Open WebUI cannot list pipelines until its pods restart
{{- end }}
{{- end }}

{{- define "llm-stack.ui.pipelines.needs" -}}
{{- if .Values.pipelines.enabled }}
{{- with .Values.pipelines.apiKey.existingSecret }}
Secret/{{ . }}
{{- end }}
{{- with .Values.pipelines.persistence.existingClaim }}
PersistentVolumeClaim/{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.ui.pipelines.checks" -}}
{{- $pipelines := .Values.pipelines }}
{{- if $pipelines.enabled }}
{{ include "llm-stack.listenFaults" (list "pipelines.env" $pipelines.env (dict "PORT" "^9099$" "HOST" "^(0[.]0[.]0[.]0|::)?$" "UVICORN_UDS" "^$" "UVICORN_SSL_KEYFILE" "^$" "UVICORN_SSL_CERTFILE" "^$")) }}
{{- if and $pipelines.apiKey.value $pipelines.apiKey.existingSecret }}
pipelines.apiKey: both value and existingSecret are set; remove one of them
{{- end }}
{{- if hasKey $pipelines.env "PIPELINES_API_KEY" }}
pipelines.env.PIPELINES_API_KEY: Open WebUI needs the same key, and does not read it from here; remove it, and set pipelines.apiKey.existingSecret to a Secret with the key
{{- end }}
{{- if and $pipelines.service.nodePort (eq $pipelines.service.type "ClusterIP") }}
pipelines.service.nodePort: {{ int64 $pipelines.service.nodePort }} is set, but a Service of type ClusterIP has no node port; set pipelines.service.type to NodePort, or remove nodePort
{{- end }}
{{ include "llm-stack.resourceFaults" (list "pipelines.resources" $pipelines.resources) }}
{{ include "llm-stack.volumeFaults" (dict "context" . "key" "pipelines." "values" $pipelines "names" (list "data" "tmp" "files") "paths" (list "/app/pipelines" "/opt/files" "/tmp")) }}
{{- if not $pipelines.persistence.enabled }}
{{- with $pipelines.persistence.existingClaim }}
pipelines.persistence.existingClaim: {{ . }} is set, but pipelines.persistence.enabled is false; set it to true, or remove existingClaim
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.ui.pipelines.network" -}}
{{- if .Values.pipelines.enabled -}}
- component: pipelines
  service: {{ include "llm-stack.name" (list . "pipelines") }}
  ports: [9099]
  public: true
  urls: {{ concat (include "llm-stack.urlsIn" (list .Values.pipelines.env) | mustFromJson) (include "llm-stack.proxyURLs" . | mustFromJson) | toJson }}
  hidden: {{ include "llm-stack.hiddenIn" (list "pipelines.env" .Values.pipelines.env) | mustFromJson | toJson }}
  unread: {{ include "llm-stack.unreadIn" (dict "place" "pipelines." "env" .Values.pipelines.env "envFrom" .Values.pipelines.envFrom) | mustFromJson | toJson }}
  internet: true
{{- end }}
{{- end }}
