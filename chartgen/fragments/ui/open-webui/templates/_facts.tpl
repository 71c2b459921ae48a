{{- define "fragment.ui.open-webui.facts" -}}
{{- if .Values.openWebui.enabled -}}
- name: open-webui
  service: {{ include "fragment.name" (list . "open-webui") }}
  port: {{ int64 .Values.openWebui.service.port }}
  {{- with int64 .Values.openWebui.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  title: Open WebUI
  image: openWebui
{{- end }}
{{- end }}

{{- define "fragment.ui.open-webui.access" -}}
{{- $ui := .Values.openWebui }}
{{- if $ui.enabled }}
- title: Open WebUI
  service: {{ include "fragment.name" (list . "open-webui") }}
  type: {{ $ui.service.type | quote }}
  {{- with int64 $ui.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  annotations: {{ include "fragment.opening" (list $ui.service.annotations $ui.podAnnotations) | mustFromJson | toJson }}
  {{- if not $ui.auth }}
  who: It has no sign-in. Every client is the same user, who is an administrator.
  {{- else if $ui.trustedHeaders.email }}
  who: {{ printf "It trusts the header %s. Every client that does not pass through your proxy can sign in as any user." $ui.trustedHeaders.email | quote }}
  {{- else }}
  who: {{ include "fragment.ui.open-webui.accounts" . | quote }}
  {{- end }}
  authorization: the session of the user
{{- end }}
{{- end }}

{{- /*
Who gets an account, as in backend/open_webui/routers/auths.py and utils/oauth.py: the first one is the administrator's. A new
account has the role DEFAULT_USER_ROLE, and one that is pending can do nothing.
*/}}
{{- define "fragment.ui.open-webui.accounts" -}}
{{- $ui := .Values.openWebui }}
{{- $lines := list "Users sign in." }}
{{- /* A variable of the user overrides the value. If it comes from elsewhere, it can be true. */}}
{{- $provided := and $ui.oidc.providerUrl $ui.oidc.signup }}
{{- if hasKey $ui.env "ENABLE_OAUTH_SIGNUP" }}
{{- $variable := get $ui.env "ENABLE_OAUTH_SIGNUP" }}
{{- $provided = or (not (kindIs "string" $variable)) (eq (lower (toString $variable)) "true") }}
{{- end }}
{{- if and (hasKey $ui.env "WEBUI_ADMIN_EMAIL") (hasKey $ui.env "WEBUI_ADMIN_PASSWORD") }}
{{- $lines = append $lines "The administrator is the user of WEBUI_ADMIN_EMAIL." }}
{{- else if or $provided $ui.ldap.host }}
{{- $lines = append $lines "The first account is the administrator's." }}
{{- else }}
{{- $lines = append $lines "The first user to sign up becomes the administrator." }}
{{- end }}
{{- $open := list }}
{{- if $ui.signup }}
{{- $open = append $open "every client can sign up" }}
{{- end }}
{{- if $provided }}
{{- $open = append $open (printf "every user of %s gets an account" (regexReplaceAll "[?#].*" $ui.oidc.providerUrl "" | default "its identity providers")) }}
{{- end }}
{{- if $ui.ldap.host }}
{{- $open = append $open (printf "every user that the LDAP search at %s finds gets an account" $ui.ldap.host) }}
{{- end }}
{{- with $open }}
{{- $role := hasKey $ui.env "DEFAULT_USER_ROLE" | ternary (get $ui.env "DEFAULT_USER_ROLE") "pending" }}
{{- $then := "DEFAULT_USER_ROLE decides what a new account can do" }}
{{- if eq (toString $role) "pending" }}
{{- $then = "an administrator must approve each account" }}
{{- else if kindIs "string" $role }}
{{- $then = printf "no account needs approval, because DEFAULT_USER_ROLE is %s" $role }}
{{- end }}
{{- $sentence := join ", " . }}
{{- $lines = append $lines (printf "%s%s; %s." (substr 0 1 $sentence | upper) (substr 1 -1 $sentence) $then) }}
{{- end }}
{{- if $ui.persistentConfig }}
{{- $lines = append $lines "Settings in its database take precedence over these values." }}
{{- end }}
{{- if $ui.envFrom }}
{{- $lines = append $lines "Variables from openWebui.envFrom can change all of this." }}
{{- end }}
{{- join " " $lines }}
{{- end }}

{{- define "fragment.ui.open-webui.secrets" -}}
{{- $key := .Values.openWebui.secretKey }}
{{- if and .Values.openWebui.enabled (not (or $key.existingSecret $key.value)) -}}
- name: {{ include "fragment.ui.open-webui.secretName" . | quote }}
  key: openWebui.secretKey
  effect: all users are signed out
{{- end }}
{{- end }}

{{- define "fragment.ui.open-webui.checks" -}}
{{- $ui := .Values.openWebui }}
{{- if $ui.enabled }}
{{- if and $ui.service.nodePort (eq $ui.service.type "ClusterIP") }}
openWebui.service.nodePort: {{ int64 $ui.service.nodePort }} is set, but a Service of type ClusterIP has no node port; set openWebui.service.type to NodePort, or remove nodePort
{{- end }}
{{- if not $ui.persistence.enabled }}
{{- with $ui.persistence.existingClaim }}
openWebui.persistence.existingClaim: {{ . }} is set, but openWebui.persistence.enabled is false; set it to true, or remove existingClaim
{{- end }}
{{- end }}
{{- if and $ui.database.pgvector (not $ui.database.existingSecret) }}
openWebui.database.pgvector: is true, but no PostgreSQL database is set; set openWebui.database.existingSecret to a Secret with its URL
{{- end }}
{{- if and $ui.secretKey.value $ui.secretKey.existingSecret }}
openWebui.secretKey: both value and existingSecret are set; remove one of them
{{- end }}
{{- if regexMatch "(?i)[?&]password=" $ui.redis.url }}
openWebui.redis.url: contains a password, which everyone who can read the release can read; write the URL into a Secret, and set existingSecret in place of url
{{- end }}
{{- if and $ui.redis.url $ui.redis.existingSecret }}
openWebui.redis: both url and existingSecret are set; remove one of them
{{- end }}
{{ include "fragment.resourceFaults" (list "openWebui.resources" $ui.resources) }}
{{ include "fragment.volumeFaults" (dict "context" . "key" "openWebui." "values" $ui "names" (list "data" "tmp" "files") "paths" (list "/app/backend/data" "/data" "/opt/files" "/tmp")) }}
{{ include "fragment.ui.open-webui.endpointChecks" . }}
{{ include "fragment.ui.open-webui.replicasChecks" . }}
{{ include "fragment.ui.open-webui.signInChecks" . }}
{{- $variables := dict "WEBUI_AUTH" "openWebui.auth" "ENABLE_SIGNUP" "openWebui.signup" "WEBUI_SECRET_KEY" "openWebui.secretKey.existingSecret" }}
{{- range $what, $header := $ui.trustedHeaders }}
{{- $_ := set $variables (printf "WEBUI_AUTH_TRUSTED_%s_HEADER" (upper $what)) (printf "openWebui.trustedHeaders.%s" $what) }}
{{- end }}
{{ include "fragment.envFaults" (list "openWebui.env" $ui.env $variables) }}
{{ include "fragment.listenFaults" (list "openWebui.env" $ui.env (dict "PORT" "^8080$" "HOST" "^(0[.]0[.]0[.]0|::)?$" "UVICORN_UDS" "^$" "UVICORN_SSL_KEYFILE" "^$" "UVICORN_SSL_CERTFILE" "^$")) }}
{{- if hasKey $ui.env "INSERT_KEYS" }}
openWebui.env.INSERT_KEYS: is a variable of the chart's own script; remove it, and write endpoints with keys under openWebui.endpoints
{{- end }}
{{- end }}
{{- end }}

{{- /*
URLs under env replace the lists of the chart, and with them the servers of the release. Without a server and without an
endpoint there is nothing to chat with, unless an administrator adds it in the browser.
*/}}
{{- define "fragment.ui.open-webui.endpointChecks" -}}
{{- $ui := .Values.openWebui }}
{{- $endpoints := include "fragment.ui.open-webui.endpoints" . | mustFromJson }}
{{- $own := list }}
{{- range $protocol, $names := dict "ollama" (list "OLLAMA_BASE_URL" "OLLAMA_BASE_URLS") "openai" (list "OPENAI_API_BASE_URL" "OPENAI_API_BASE_URLS") }}
{{- with include "fragment.ui.open-webui.ownUrls" (prepend $names $) }}
{{- $own = append $own . }}
{{- if get $endpoints $protocol }}
openWebui.env.{{ last $own }}: replaces the endpoints that the chart sets; write its URLs under openWebui.endpoints, and remove it
{{- end }}
{{- end }}
{{- end }}
{{- $keyed := include "fragment.ui.open-webui.ownUrls" (list . "OPENAI_API_KEY" "OPENAI_API_KEYS" "ENABLE_OPENAI_API" "ENABLE_OLLAMA_API") }}
{{- if not (or .Serving $endpoints.ollama $endpoints.openai $own $keyed $ui.envFrom $ui.persistentConfig) }}
openWebui.endpoints: is empty, and no server is enabled that answers requests, so Open WebUI has no model to chat with; add an endpoint, such as far: {protocol: ollama, url: "http://ollama.example.com:11434"}, or enable a server
{{- end }}
{{- range $name, $server := $ui.toolServers }}
{{- if and .path (ne (.protocol | default "mcp") "openapi") }}
openWebui.toolServers.{{ $name }}.path: is set, but only a server with protocol openapi has a document; set protocol to openapi, or remove path
{{- end }}
{{- end }}
{{- end }}

{{- /* The requirements of several pods, as in Open WebUI's scaling guide. They already share the session key. */}}
{{- define "fragment.ui.open-webui.replicasChecks" -}}
{{- $ui := .Values.openWebui }}
{{- $pods := int64 $ui.replicas }}
{{- if gt $pods 1 }}
{{- if not $ui.database.existingSecret }}
openWebui.replicas: {{ $pods }} pods cannot share a database in a file; set openWebui.database.existingSecret to a Secret with the URL of a PostgreSQL database
{{- end }}
{{- if not (or $ui.redis.url $ui.redis.existingSecret) }}
openWebui.replicas: {{ $pods }} pods need Redis to share the state of chats; set openWebui.redis.url, or openWebui.redis.existingSecret to a Secret with the URL
{{- end }}
{{- if not (or $ui.database.pgvector (hasKey $ui.env "VECTOR_DB")) }}
openWebui.replicas: {{ $pods }} pods cannot share an index of documents in files; set openWebui.database.pgvector to true, or use another vector database with VECTOR_DB under openWebui.env
{{- end }}
{{- if not (ternary (has "ReadWriteMany" $ui.persistence.accessModes) (hasKey $ui.env "STORAGE_PROVIDER") $ui.persistence.enabled) }}
openWebui.replicas: {{ $pods }} pods need shared storage for uploaded files; add ReadWriteMany to openWebui.persistence.accessModes (an existing claim cannot be changed: name another with openWebui.persistence.existingClaim), or set openWebui.persistence.enabled to false and STORAGE_PROVIDER under openWebui.env
{{- end }}
{{- if not $ui.persistentConfig }}
openWebui.replicas: a change that an administrator makes in the browser would reach only one of {{ $pods }} pods; set openWebui.persistentConfig to true
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.ui.open-webui.signInChecks" -}}
{{- $ui := .Values.openWebui }}
{{- if and $ui.oidc.providerUrl (not $ui.oidc.existingSecret) }}
openWebui.oidc.existingSecret: is empty, but the provider at openWebui.oidc.providerUrl requires a client ID and a client secret; set it to a Secret with the client ID and client secret
{{- else if and $ui.oidc.existingSecret (not $ui.oidc.providerUrl) }}
openWebui.oidc.providerUrl: is empty, but openWebui.oidc.existingSecret has a client; set it to the provider's …/.well-known/openid-configuration
{{- end }}
{{- if and $ui.ldap.host (not $ui.ldap.searchBase) }}
openWebui.ldap.searchBase: is empty, but the search for users needs it; set it, for example to ou=people,dc=example,dc=com
{{- end }}
{{- if and $ui.ldap.host (ne (empty $ui.ldap.bindDn) (empty $ui.ldap.existingSecret)) }}
openWebui.ldap: bindDn and existingSecret are needed together, as user and password; set both, or neither for an anonymous bind
{{- end }}
{{- if and (or $ui.trustedHeaders.name $ui.trustedHeaders.groups) (not $ui.trustedHeaders.email) }}
openWebui.trustedHeaders.email: is empty, but users are identified by their email address; set it to the header with the address
{{- end }}
{{- if not $ui.auth }}
{{- range $way, $given := dict "oidc.providerUrl" $ui.oidc.providerUrl "ldap.host" $ui.ldap.host "trustedHeaders.email" $ui.trustedHeaders.email }}
{{- if $given }}
openWebui.{{ $way }}: {{ $given }} is set, but sign-in is disabled; set openWebui.auth to true, or remove openWebui.{{ $way }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.ui.open-webui.needs" -}}
{{- $ui := .Values.openWebui }}
{{- if $ui.enabled }}
{{- $secrets := list $ui.secretKey.existingSecret $ui.database.existingSecret $ui.redis.existingSecret }}
{{- if $ui.oidc.providerUrl }}
{{- $secrets = append $secrets $ui.oidc.existingSecret }}
{{- end }}
{{- if $ui.ldap.host }}
{{- $secrets = append $secrets $ui.ldap.existingSecret }}
{{- end }}
{{- range concat (values $ui.endpoints) (values $ui.toolServers) }}
{{- $secrets = append $secrets (.existingSecret | default "") }}
{{- end }}
{{- range compact $secrets | uniq }}
Secret/{{ . }}
{{- end }}
{{- with $ui.persistence.existingClaim }}
PersistentVolumeClaim/{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The URLs that the values name, as a JSON list. */}}
{{- define "fragment.ui.open-webui.urls" -}}
{{- $ui := .Values.openWebui }}
{{- $urls := include "fragment.urlsIn" (list $ui.env) | mustFromJson }}
{{- range include "fragment.ui.open-webui.endpoints" . | mustFromJson }}
{{- range . }}
{{- $urls = append $urls .url }}
{{- end }}
{{- end }}
{{- range $ui.toolServers }}
{{- $urls = append $urls .url }}
{{- end }}
{{- with $ui.ldap.host }}
{{- $urls = append $urls (printf "ldap://%s:%d" . (int64 $ui.ldap.port)) }}
{{- end }}
{{- concat $urls (list $ui.redis.url $ui.oidc.providerUrl) | compact | uniq | mustToJson }}
{{- end }}

{{- define "fragment.ui.open-webui.network" -}}
{{- $ui := .Values.openWebui }}
{{- if $ui.enabled }}
{{- $urls := concat (include "fragment.ui.open-webui.urls" . | mustFromJson) (include "fragment.proxyURLs" . | mustFromJson) }}
{{- $hidden := include "fragment.hiddenIn" (list "openWebui.env" $ui.env) | mustFromJson }}
{{- range $key := list "database" "redis" }}
{{- if (get $ui $key).existingSecret }}
{{- $hidden = append $hidden (printf "openWebui.%s.existingSecret" $key) }}
{{- end }}
{{- end }}
{{- if .Values.global.proxy.existingSecret }}
{{- $hidden = append $hidden "global.proxy.existingSecret" }}
{{- end -}}
- component: open-webui
  service: {{ include "fragment.name" (list . "open-webui") }}
  ports: [8080]
  public: true
  urls: {{ $urls | uniq | toJson }}
  hidden: {{ toJson $hidden }}
  unread: {{ include "fragment.unreadIn" (dict "place" "openWebui." "env" $ui.env "envFrom" $ui.envFrom) | mustFromJson | toJson }}
  internet: {{ not $ui.offline | toJson }}
{{- end }}
{{- end }}
