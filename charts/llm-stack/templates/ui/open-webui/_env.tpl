



{{- define "llm-stack.ui.open-webui.endpoints" -}}
{{- $found := dict "ollama" list "openai" list }}
{{- range .Facts.endpoints }}
{{- $_ := set $found .protocol (append (get $found .protocol) .) }}
{{- end }}
{{- range .Values.openWebui.endpoints }}
{{- $endpoint := dict "url" .url }}
{{- if .existingSecret }}
{{- $_ := set $endpoint "secret" (dict "name" .existingSecret "key" (.key | default "api-key")) }}
{{- end }}
{{- $protocol := .protocol | default "openai" }}
{{- $_ := set $found $protocol (append (get $found $protocol) $endpoint) }}
{{- end }}
{{- mustToJson $found }}
{{- end }}






{{- define "llm-stack.ui.open-webui.env" -}}
{{- $endpoints := include "llm-stack.ui.open-webui.endpoints" . | mustFromJson -}}
# Only root can write to the image's HOME and static folder, and Open WebUI rewrites the static folder at every start.
HOME: /tmp/home
STATIC_DIR: /tmp/static
# A user ID without an entry in /etc/passwd has no user name, which some libraries require.
USER: open-webui
{{ include "llm-stack.ui.open-webui.shared" . }}
{{ include "llm-stack.ui.open-webui.signIn" . }}
WEBUI_AUTH: {{ .Values.openWebui.auth | quote }}
ENABLE_SIGNUP: {{ .Values.openWebui.signup | quote }}
ENABLE_PERSISTENT_CONFIG: {{ .Values.openWebui.persistentConfig | quote }}
WEBUI_SECRET_KEY:
  valueFrom:
    secretKeyRef:
      name: {{ include "llm-stack.ui.open-webui.secretName" . | quote }}
      key: {{ .Values.openWebui.secretKey.key | quote }}
# Without this, Open WebUI downloads every format of the embedding model before it starts, although the image has one.
RAG_EMBEDDING_MODEL_AUTO_UPDATE: "false"
{{- with include "llm-stack.ui.open-webui.url" . }}
WEBUI_URL: {{ quote . }}
{{- end }}
{{- if .Values.openWebui.offline }}
OFFLINE_MODE: "true"
HF_HUB_OFFLINE: "1"
{{- end }}
{{- $urls := list }}
{{- $settings := dict }}
{{- range $n, $endpoint := $endpoints.ollama }}
{{- $urls = append $urls .url }}
{{- with .secret }}
OLLAMA_API_KEY_{{ int64 $n }}:
  valueFrom:
    secretKeyRef: {name: {{ .name | quote }}, key: {{ .key | quote }}}
{{- $_ := set $settings (toString $n) (dict "key" (printf "OLLAMA_API_KEY_%d" $n)) }}
{{- end }}
{{- end }}
{{- if gt (len $urls) 1 }}
OLLAMA_BASE_URLS: {{ join ";" $urls | quote }}
{{- else if $urls }}
OLLAMA_BASE_URL: {{ first $urls | quote }}
{{- else if not (include "llm-stack.ui.open-webui.ownUrls" (list . "OLLAMA_BASE_URL" "OLLAMA_BASE_URLS")) }}
ENABLE_OLLAMA_API: "false"
{{- end }}
{{- with $settings }}
OLLAMA_API_CONFIGS: {{ toJson . | quote }}
{{- end }}
{{- $urls = list }}
{{- $keys := list }}
{{- range $n, $endpoint := $endpoints.openai }}
{{- $urls = append $urls .url }}
{{- with .secret }}
OPENAI_API_KEY_{{ int64 $n }}:
  valueFrom:
    secretKeyRef: {name: {{ .name | quote }}, key: {{ .key | quote }}}
{{- $keys = append $keys (printf "OPENAI_API_KEY_%d" $n) }}
{{- else }}
{{- $keys = append $keys "" }}
{{- end }}
{{- end }}
{{- if $urls }}
OPENAI_API_BASE_URLS: {{ join ";" $urls | quote }}
{{- if compact $keys }}
# One key for each URL, in the same order. An empty key is not sent.
OPENAI_API_KEYS: {{ join ";" $keys | quote }}
{{- end }}
{{- else if not (include "llm-stack.ui.open-webui.ownUrls" (list . "OPENAI_API_BASE_URL" "OPENAI_API_BASE_URLS" "OPENAI_API_KEY" "OPENAI_API_KEYS")) }}
# Without a URL, Open WebUI would use api.openai.com.
ENABLE_OPENAI_API: "false"
{{- end }}
{{ include "llm-stack.ui.open-webui.toolServers" . }}
{{- with include "llm-stack.ui.open-webui.keyed" . }}
INSERT_KEYS: {{ . | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.ui.open-webui.keyed" -}}
{{- $keyed := dict }}
{{- range $protocol, $endpoints := include "llm-stack.ui.open-webui.endpoints" . | mustFromJson }}
{{- range $endpoints }}
{{- if .secret }}
{{- $_ := set $keyed (get (dict "ollama" "OLLAMA_API_CONFIGS" "openai" "OPENAI_API_KEYS") $protocol) true }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.openWebui.toolServers }}
{{- if .existingSecret }}
{{- $_ := set $keyed "TOOL_SERVER_CONNECTIONS" true }}
{{- end }}
{{- end }}
{{- range $name, $_ := .Values.openWebui.env }}
{{- $_ := unset $keyed $name }}
{{- end }}
{{- keys $keyed | sortAlpha | join " " }}
{{- end }}


{{- define "llm-stack.ui.open-webui.ownUrls" -}}
{{- $env := (first .).Values.openWebui.env }}
{{- $found := "" }}
{{- range rest . }}
{{- if hasKey $env . }}
{{- $found = $found | default . }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}





{{- define "llm-stack.ui.open-webui.toolServers" -}}
{{- $all := list (dict "principal_type" "user" "principal_id" "*" "permission" "read") }}
{{- $found := list }}
{{- range $name, $server := .Values.openWebui.toolServers }}
{{- $protocol := .protocol | default "mcp" }}
{{- $one := dict "type" $protocol "url" .url "auth_type" "none" "key" "" "path" "" }}
{{- if eq $protocol "openapi" }}
{{- $_ := set $one "path" (.path | default "openapi.json") }}
{{- $one = merge $one (dict "spec_type" "url" "spec" "") }}
{{- end }}
{{- if .existingSecret }}
{{- $variable := printf "TOOL_SERVER_KEY_%d" (len $found) }}
{{ quote $variable }}:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | default "api-key" | quote }}}
{{- $one = merge (dict "auth_type" "bearer" "key" $variable) $one }}
{{- end }}
{{- $_ := set $one "config" (dict "enable" true "access_grants" (ternary list $all (.adminsOnly | default false))) }}
{{- $_ := set $one "info" (dict "id" $name "name" (.title | default $name) "description" (.description | default "")) }}
{{- $found = append $found $one }}
{{- end }}
{{- with $found }}
TOOL_SERVER_CONNECTIONS: {{ toJson . | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.ui.open-webui.url" -}}
{{- .Values.openWebui.url | default (include "llm-stack.exposedURL" (list . (include "llm-stack.name" (list . "open-webui")))) }}
{{- end }}


{{- define "llm-stack.ui.open-webui.shared" -}}
{{- with .Values.openWebui.database }}
{{- if .existingSecret }}
DATABASE_URL:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
# The init container runs the migrations.
ENABLE_DB_MIGRATIONS: "false"
{{- else if and $.Values.openWebui.persistence.enabled (has "ReadWriteMany" $.Values.openWebui.persistence.accessModes) }}
# SQLite's write-ahead log needs memory that processes share, which a file share does not have (sqlite.org/wal.html).
DATABASE_ENABLE_SQLITE_WAL: "false"
DATABASE_SQLITE_PRAGMA_MMAP_SIZE: "0"
{{- end }}
{{- if .pgvector }}
VECTOR_DB: pgvector
{{- end }}
{{- end }}
{{- with .Values.openWebui.redis }}
{{- if .existingSecret }}
REDIS_URL:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- else if .url }}
REDIS_URL: {{ quote .url }}
{{- end }}
{{- if or .existingSecret .url }}
WEBSOCKET_MANAGER: redis
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.ui.open-webui.signIn" -}}
{{- $url := include "llm-stack.ui.open-webui.url" . }}
{{- with .Values.openWebui.oidc }}
{{- if .providerUrl }}
OPENID_PROVIDER_URL: {{ quote .providerUrl }}
{{- range $name, $key := dict "OAUTH_CLIENT_ID" .clientIdKey "OAUTH_CLIENT_SECRET" .clientSecretKey }}
{{ quote $name }}:
  valueFrom:
    secretKeyRef: {name: {{ $.Values.openWebui.oidc.existingSecret | quote }}, key: {{ $key | quote }}}
{{- end }}
OAUTH_PROVIDER_NAME: {{ quote .providerName }}
OAUTH_SCOPES: {{ quote .scopes }}
ENABLE_OAUTH_SIGNUP: {{ .signup | quote }}
OAUTH_MERGE_ACCOUNTS_BY_EMAIL: {{ .mergeByEmail | quote }}
{{- if $url }}
OPENID_REDIRECT_URI: {{ printf "%s/oauth/oidc/callback" $url | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.openWebui.ldap }}
{{- if .host }}
ENABLE_LDAP: "true"
LDAP_SERVER_LABEL: {{ quote .label }}
LDAP_SERVER_HOST: {{ quote .host }}
LDAP_SERVER_PORT: {{ int64 .port | quote }}
LDAP_USE_TLS: {{ .tls | quote }}
LDAP_SEARCH_BASE: {{ quote .searchBase }}
LDAP_SEARCH_FILTER: {{ quote .searchFilter }}
LDAP_ATTRIBUTE_FOR_USERNAME: {{ quote .usernameAttribute }}
LDAP_ATTRIBUTE_FOR_MAIL: {{ quote .mailAttribute }}
{{- if .bindDn }}
LDAP_APP_DN: {{ quote .bindDn }}
LDAP_APP_PASSWORD:
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- range $what, $header := .Values.openWebui.trustedHeaders }}
{{- with $header }}
{{ printf "WEBUI_AUTH_TRUSTED_%s_HEADER" (upper $what) | quote }}: {{ quote . }}
{{- end }}
{{- end }}
{{- end }}
