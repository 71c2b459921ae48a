{{- define "fragment.ui.nextchat.facts" -}}
{{- if .Values.nextchat.enabled -}}
- name: nextchat
  service: {{ include "fragment.name" (list . "nextchat") }}
  port: {{ int64 .Values.nextchat.service.port }}
  {{- with int64 .Values.nextchat.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  title: NextChat
  image: nextchat
{{- end }}
{{- end }}

{{- define "fragment.ui.nextchat.access" -}}
{{- $chat := .Values.nextchat }}
{{- if $chat.enabled -}}
{{- $server := include "fragment.ui.nextchat.server" . -}}
- title: NextChat
  service: {{ include "fragment.name" (list . "nextchat") }}
  type: {{ $chat.service.type | quote }}
  {{- with int64 $chat.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  annotations: {{ include "fragment.opening" (list $chat.service.annotations $chat.podAnnotations) | mustFromJson | toJson }}
  {{- if $chat.code.existingSecret }}
  who: {{ printf "Its chat requires an access code from Secret %s. Its path /api/proxy requires none, and forwards requests to every address that its pods reach." $chat.code.existingSecret | quote }}
  authorization: access codes
  {{- else }}
  {{- $who := printf "It requires no access code%s" (ternary ", unless nextchat.envFrom sets CODE" "" (not (empty $chat.envFrom))) }}
  {{- if $chat.endpoint.existingSecret }}
  {{- $who = printf "%s, and sends the key in Secret %s for every client: set nextchat.code.existingSecret" $who $chat.endpoint.existingSecret }}
  {{- else if and (not $chat.endpoint.url) (dig "Facts" "engine" "secret" "" (get .Servers $server | default dict)) }}
  {{- $who = printf "%s, and sends the key of server %s for every client: set nextchat.code.existingSecret" $who $server }}
  {{- end }}
  who: {{ printf "%s. Its path /api/proxy forwards requests to every address that its pods reach." $who | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
The name of the server that NextChat uses: the configured one, or the only one with a chat API, or the one with the
name server, so that an additional server changes nothing. Empty if there is none of these.
*/}}
{{- define "fragment.ui.nextchat.server" -}}
{{- $servers := include "fragment.ui.nextchat.servers" . | splitList " " | compact }}
{{- $name := .Values.nextchat.server }}
{{- if not $name }}
{{- $name = ternary (first $servers) "server" (eq (len $servers) 1) }}
{{- end }}
{{- if has $name $servers }}
{{- $name }}
{{- end }}
{{- end }}

{{- /* The names of the servers with a chat API, in order, separated by spaces. */}}
{{- define "fragment.ui.nextchat.servers" -}}
{{- $names := list }}
{{- range .Facts.endpoints }}
{{- $names = append $names (.name | default "") }}
{{- end }}
{{- $names | compact | sortAlpha | join " " }}
{{- end }}

{{- /* The endpoint that NextChat uses, as JSON: {url, secret, models, model}. */}}
{{- define "fragment.ui.nextchat.used" -}}
{{- $own := dict "name" (include "fragment.name" (list . "nextchat")) "key" "api-key" }}
{{- $used := dict "secret" $own }}
{{- $endpoint := .Values.nextchat.endpoint }}
{{- if $endpoint.url }}
{{- $used = merge (dict "url" $endpoint.url "models" $endpoint.models "model" (first $endpoint.models)) $used }}
{{- if $endpoint.existingSecret }}
{{- $_ := set $used "secret" (dict "name" $endpoint.existingSecret "key" $endpoint.key) }}
{{- end }}
{{- mustToJson $used }}
{{- else }}
{{- with get .Servers (include "fragment.ui.nextchat.server" .) }}
{{- $facts := .Facts.engine }}
{{- $models := $facts.names | default list }}
{{- if and (eq $facts.protocol "ollama") (not $models) }}
{{- range .Facts.models }}
{{- $models = append $models .reference }}
{{- end }}
{{- end }}
{{- $models = $models | default (list $facts.model) }}
{{- mustToJson (dict "url" (include "fragment.serverURL" .) "models" $models "model" $facts.model "secret" ($facts.secret | default $own)) }}
{{- else }}
{{- mustToJson $used }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
NextChat's environment, as in its README and app/config/server.ts, 2.16.1. BASE_URL has no /v1, which NextChat adds;
ollama also serves OpenAI's API there.
*/}}
{{- define "fragment.ui.nextchat.env" -}}
{{- $used := include "fragment.ui.nextchat.used" . | mustFromJson -}}
# By default, Next.js listens only on the pod's host name.
HOSTNAME: 0.0.0.0
PORT: "3000"
BASE_URL: {{ $used.url | quote }}
# Needed even if the server requires no key: without one, NextChat prompts every user for a key.
OPENAI_API_KEY:
  valueFrom:
    secretKeyRef: {name: {{ $used.secret.name | quote }}, key: {{ $used.secret.key | quote }}}
{{- with $used.models }}
CUSTOM_MODELS: {{ concat (list "-all") . | join ",+" | quote }}
{{- end }}
{{- with $used.model }}
DEFAULT_MODEL: {{ quote . }}
{{- end }}
{{- $code := .Values.nextchat.code }}
{{- if $code.existingSecret }}
CODE:
  valueFrom:
    secretKeyRef: {name: {{ $code.existingSecret | quote }}, key: {{ $code.key | quote }}}
# Without this, any text that a client sends as its own API key takes the place of the code.
HIDE_USER_API_KEY: "1"
{{- end }}
{{- end }}

{{- define "fragment.ui.nextchat.needs" -}}
{{- if .Values.nextchat.enabled }}
{{- range compact (list .Values.nextchat.code.existingSecret .Values.nextchat.endpoint.existingSecret) | uniq }}
Secret/{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.ui.nextchat.checks" -}}
{{- $chat := .Values.nextchat }}
{{- if $chat.enabled }}
{{- $variables := dict "CODE" "nextchat.code.existingSecret" }}
{{- if $chat.code.existingSecret }}
{{- $_ := set $variables "HIDE_USER_API_KEY" "nextchat.code.existingSecret" }}
{{- end }}
{{ include "fragment.envFaults" (list "nextchat.env" .Values.nextchat.env $variables) }}
{{ include "fragment.listenFaults" (list "nextchat.env" $chat.env (dict "PORT" "^3000$" "HOSTNAME" "^(0[.]0[.]0[.]0|::)$")) }}
{{- $servers := include "fragment.ui.nextchat.servers" . | replace " " " or " }}
{{- if $chat.endpoint.url }}
{{- if $chat.server }}
nextchat.server: cannot be combined with nextchat.endpoint.url; remove one of them
{{- end }}
{{- if hasSuffix "/v1" $chat.endpoint.url }}
nextchat.endpoint.url: ends in /v1, which NextChat adds; set it to {{ trimSuffix "/v1" $chat.endpoint.url }}
{{- end }}
{{- else if or $chat.endpoint.existingSecret $chat.endpoint.models }}
nextchat.endpoint.url: is empty, but nextchat.endpoint describes an endpoint; set it to the URL of the endpoint
{{- else if not $servers }}
nextchat.enabled: is true, but no enabled server has a chat API; set nextchat.endpoint.url to an endpoint elsewhere, or set nextchat.enabled to false
{{- else if not (include "fragment.ui.nextchat.server" .) }}
nextchat.server: {{ $chat.server | default "is empty, but there is more than one server" }}{{ if $chat.server }} is not an enabled server with a chat API{{ end }}; set it to {{ $servers }}
{{- end }}
{{ include "fragment.resourceFaults" (list "nextchat.resources" $chat.resources) }}
{{ include "fragment.volumeFaults" (dict "context" . "key" "nextchat." "values" $chat "names" (list "tmp" "cache") "paths" (list "/app/.next/cache" "/tmp")) }}
{{- if and $chat.service.nodePort (eq $chat.service.type "ClusterIP") }}
nextchat.service.nodePort: {{ int64 $chat.service.nodePort }} is set, but a Service of type ClusterIP has no node port; set nextchat.service.type to NodePort, or remove nodePort
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.ui.nextchat.network" -}}
{{- if .Values.nextchat.enabled }}
{{- $urls := list }}
{{- with get .Servers (include "fragment.ui.nextchat.server" .) }}
{{- $urls = list (include "fragment.serverURL" .) }}
{{- end }}
{{- with .Values.nextchat.endpoint.url }}
{{- $urls = list . }}
{{- end -}}
- component: nextchat
  service: {{ include "fragment.name" (list . "nextchat") }}
  ports: [3000]
  public: true
  urls: {{ concat $urls (include "fragment.urlsIn" (list .Values.nextchat.env) | mustFromJson) | toJson }}
  hidden: {{ include "fragment.hiddenIn" (list "nextchat.env" .Values.nextchat.env) | mustFromJson | toJson }}
  unread: {{ include "fragment.unreadIn" (dict "place" "nextchat." "env" .Values.nextchat.env "envFrom" .Values.nextchat.envFrom) | mustFromJson | toJson }}
{{- end }}
{{- end }}
