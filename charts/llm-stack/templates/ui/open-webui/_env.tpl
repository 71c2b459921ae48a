{{- /* Where to ask, by the protocol spoken: ollama and openai, each a list of URLs. */}}
{{- define "llm-stack.ui.open-webui.endpoints" -}}
{{- $found := dict "ollama" list "openai" list }}
{{- range include "llm-stack.endpoints" . | mustFromJson }}
{{- $_ := set $found .protocol (append (get $found .protocol) .url) }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- /*
Its environment. Names and their meaning as in Open WebUI's own backend/open_webui/{env,config}.py, version 0.12.4. It
needs no keys for servers that ask for none: it sends no Authorization header then.
*/}}
{{- define "llm-stack.ui.open-webui.env" -}}
{{- $endpoints := include "llm-stack.ui.open-webui.endpoints" . | fromYaml -}}
# The image's own HOME and static folder can be written by root alone; it renews the latter at every start.
HOME: /tmp/home
STATIC_DIR: /tmp/static
# A user id without an entry in /etc/passwd has no name, and libraries ask for it.
USER: open-webui
WEBUI_AUTH: {{ .Values.openWebui.auth | quote }}
ENABLE_SIGNUP: {{ .Values.openWebui.signup | quote }}
ENABLE_PERSISTENT_CONFIG: {{ .Values.openWebui.persistentConfig | quote }}
WEBUI_SECRET_KEY:
  valueFrom:
    secretKeyRef:
      name: {{ include "llm-stack.ui.open-webui.secretName" . }}
      key: {{ .Values.openWebui.secretKey.key }}
# It would fetch all forms of the model that indexes documents before it starts, where it has one already.
RAG_EMBEDDING_MODEL_AUTO_UPDATE: "false"
{{- with .Values.openWebui.url | default (include "llm-stack.exposedURL" (list . (include "llm-stack.name" (list . "open-webui")))) }}
WEBUI_URL: {{ . | quote }}
{{- end }}
{{- if .Values.openWebui.offline }}
OFFLINE_MODE: "true"
HF_HUB_OFFLINE: "1"
{{- end }}
{{- if gt (len $endpoints.ollama) 1 }}
OLLAMA_BASE_URLS: {{ join ";" $endpoints.ollama | quote }}
{{- else if $endpoints.ollama }}
OLLAMA_BASE_URL: {{ first $endpoints.ollama | quote }}
{{- else }}
ENABLE_OLLAMA_API: "false"
{{- end }}
{{- if $endpoints.openai }}
OPENAI_API_BASE_URLS: {{ join ";" $endpoints.openai | quote }}
{{- else }}
# Without a URL it would ask api.openai.com.
ENABLE_OPENAI_API: "false"
{{- end }}
{{- end }}
