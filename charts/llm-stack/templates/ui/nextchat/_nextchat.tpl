{{- define "llm-stack.ui.nextchat.facts" -}}
{{- if .Values.nextchat.enabled -}}
- name: nextchat
  service: {{ include "llm-stack.name" (list . "nextchat") }}
  port: {{ int64 .Values.nextchat.service.port }}
  {{- with int64 .Values.nextchat.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  title: NextChat
{{- end }}
{{- end }}

{{- define "llm-stack.ui.nextchat.access" -}}
{{- $chat := .Values.nextchat }}
{{- if $chat.enabled -}}
{{- $server := include "llm-stack.ui.nextchat.server" . -}}
- title: NextChat
  service: {{ include "llm-stack.name" (list . "nextchat") }}
  type: {{ $chat.service.type | quote }}
  {{- with int64 $chat.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  {{- if $chat.code.existingSecret }}
  who: {{ printf "It requires an access code from Secret %s." $chat.code.existingSecret | quote }}
  {{- else if dig "Facts" "engine" "secret" "" (get .Servers $server | default dict) }}
  who: {{ printf "It requires no access code, and sends the key of server %s for every client: set nextchat.code.existingSecret." $server | quote }}
  {{- else }}
  who: It requires no access code.
  {{- end }}
{{- end }}
{{- end }}

{{- /*
The name of the server that NextChat uses: the configured one, or the only one with a chat API, or the one with the
name server, so that an additional server changes nothing. Empty if there is none of these.
*/}}
{{- define "llm-stack.ui.nextchat.server" -}}
{{- $servers := include "llm-stack.ui.nextchat.servers" . | splitList " " | compact }}
{{- $name := .Values.nextchat.server }}
{{- if not $name }}
{{- $name = ternary (first $servers) "server" (eq (len $servers) 1) }}
{{- end }}
{{- if has $name $servers }}
{{- $name }}
{{- end }}
{{- end }}

{{- /* The names of the servers with a chat API, in order, separated by spaces. */}}
{{- define "llm-stack.ui.nextchat.servers" -}}
{{- $names := list }}
{{- range .Facts.endpoints }}
{{- $names = append $names (.name | default "") }}
{{- end }}
{{- $names | compact | sortAlpha | join " " }}
{{- end }}

{{- /*
NextChat's environment, as in its README and app/config/server.ts, 2.16.1. BASE_URL has no /v1, which NextChat adds;
ollama also serves OpenAI's API there.
*/}}
{{- define "llm-stack.ui.nextchat.env" -}}
{{- $name := include "llm-stack.ui.nextchat.server" . }}
{{- with get .Servers $name }}
{{- $facts := .Facts.engine }}
{{- $models := list "-all" }}
{{- if eq $facts.protocol "ollama" }}
{{- range .Facts.models }}
{{- $models = append $models (printf "+%s" .reference) }}
{{- end }}
{{- else }}
{{- $models = append $models (printf "+%s" $facts.model) }}
{{- end }}
# By default, Next.js listens only on the pod's host name.
HOSTNAME: 0.0.0.0
PORT: "3000"
BASE_URL: {{ include "llm-stack.serverURL" . | quote }}
# Needed even if the server requires no key: without one, NextChat prompts every user for a key.
{{- $secret := $facts.secret | default (dict "name" (include "llm-stack.name" (list . "nextchat")) "key" "api-key") }}
OPENAI_API_KEY:
  valueFrom:
    secretKeyRef: {name: {{ $secret.name | quote }}, key: {{ $secret.key | quote }}}
CUSTOM_MODELS: {{ join "," $models | quote }}
DEFAULT_MODEL: {{ $facts.model | quote }}
{{- end }}
{{- $code := .Values.nextchat.code }}
{{- if $code.existingSecret }}
CODE:
  valueFrom:
    secretKeyRef: {name: {{ $code.existingSecret | quote }}, key: {{ $code.key | quote }}}
{{- end }}
{{- end }}

{{- define "llm-stack.ui.nextchat.needs" -}}
{{- if .Values.nextchat.enabled }}
{{- with .Values.nextchat.code.existingSecret }}
Secret/{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.ui.nextchat.checks" -}}
{{- $chat := .Values.nextchat }}
{{- if $chat.enabled }}
{{- $servers := include "llm-stack.ui.nextchat.servers" . | replace " " " or " }}
{{- if not $servers }}
nextchat.enabled: is true, but no enabled server has a chat API; set it to false
{{- else if not (include "llm-stack.ui.nextchat.server" .) }}
nextchat.server: {{ $chat.server | default "is empty, but there is more than one server" }}{{ if $chat.server }} is not an enabled server with a chat API{{ end }}; set it to {{ $servers }}
{{- end }}
{{- if and $chat.service.nodePort (eq $chat.service.type "ClusterIP") }}
nextchat.service.nodePort: {{ int64 $chat.service.nodePort }} is set, but a Service of type ClusterIP has no node port; set nextchat.service.type to NodePort, or remove nodePort
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.ui.nextchat.network" -}}
{{- if .Values.nextchat.enabled }}
{{- $urls := list }}
{{- with get .Servers (include "llm-stack.ui.nextchat.server" .) }}
{{- $urls = list (include "llm-stack.serverURL" .) }}
{{- end -}}
- component: nextchat
  service: {{ include "llm-stack.name" (list . "nextchat") }}
  ports: [3000]
  public: true
  urls: {{ concat $urls (include "llm-stack.urlsIn" .Values.nextchat.env | mustFromJson) | toJson }}
{{- end }}
{{- end }}
