{{- define "llm-stack.ui.open-webui.facts" -}}
{{- if .Values.openWebui.enabled -}}
- name: open-webui
  service: {{ include "llm-stack.name" (list . "open-webui") }}
  port: {{ int64 .Values.openWebui.service.port }}
  {{- with int64 .Values.openWebui.service.nodePort }}
  nodePort: {{ int64 . }}
  {{- end }}
  title: Open WebUI
{{- end }}
{{- end }}

{{- define "llm-stack.ui.open-webui.checks" -}}
{{- $ui := .Values.openWebui }}
{{- if $ui.enabled }}
{{- if and $ui.service.nodePort (eq $ui.service.type "ClusterIP") }}
openWebui.service.nodePort: {{ int64 $ui.service.nodePort }} is given, but a Service of type ClusterIP has none; set openWebui.service.type to NodePort, or leave nodePort out
{{- end }}
{{- if not $ui.persistence.enabled }}
{{- with $ui.persistence.existingClaim }}
openWebui.persistence.existingClaim: {{ . }} is given, but openWebui.persistence.enabled is false; set it to true, or leave existingClaim out
{{- end }}
{{- end }}
{{- if and $ui.database.pgvector (not $ui.database.existingSecret) }}
openWebui.database.pgvector: there is no database to keep them in; name a Secret with the URL of a PostgreSQL under openWebui.database.existingSecret
{{- end }}
{{- if and $ui.redis.url $ui.redis.existingSecret }}
openWebui.redis: url and existingSecret both say where it is; leave one out
{{- end }}
{{ include "llm-stack.ui.open-webui.replicasChecks" . }}
{{ include "llm-stack.ui.open-webui.signInChecks" . }}
{{- end }}
{{- end }}

{{- /* What several pods need, by Open WebUI's own guide to scaling; their key for sessions is one already. */}}
{{- define "llm-stack.ui.open-webui.replicasChecks" -}}
{{- $ui := .Values.openWebui }}
{{- $pods := int64 $ui.replicas }}
{{- if gt $pods 1 }}
{{- if not $ui.database.existingSecret }}
openWebui.replicas: {{ $pods }} pods cannot work on a database in a file; name a Secret with the URL of a PostgreSQL under openWebui.database.existingSecret
{{- end }}
{{- if not (or $ui.redis.url $ui.redis.existingSecret) }}
openWebui.replicas: {{ $pods }} pods have to tell each other what happens in a chat; set openWebui.redis.url, or name a Secret with it under openWebui.redis.existingSecret
{{- end }}
{{- if not (or $ui.database.pgvector (hasKey $ui.env "VECTOR_DB")) }}
openWebui.replicas: {{ $pods }} pods cannot index documents in files; set openWebui.database.pgvector to true, or choose another database of vectors by VECTOR_DB under openWebui.env
{{- end }}
{{- if not (ternary (has "ReadWriteMany" $ui.persistence.accessModes) (hasKey $ui.env "STORAGE_PROVIDER") $ui.persistence.enabled) }}
openWebui.replicas: {{ $pods }} pods have to see the same uploaded files; add ReadWriteMany to openWebui.persistence.accessModes, or set openWebui.persistence.enabled to false and STORAGE_PROVIDER under openWebui.env
{{- end }}
{{- if not $ui.persistentConfig }}
openWebui.replicas: what an administrator changes in the browser would reach one of {{ $pods }} pods; set openWebui.persistentConfig to true
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.ui.open-webui.signInChecks" -}}
{{- $ui := .Values.openWebui }}
{{- if and $ui.oidc.providerUrl (not $ui.oidc.existingSecret) }}
openWebui.oidc.existingSecret: the provider at {{ $ui.oidc.providerUrl }} has to know who asks; name a Secret with the client's id and secret
{{- else if and $ui.oidc.existingSecret (not $ui.oidc.providerUrl) }}
openWebui.oidc.providerUrl: there is a client's id and secret, but no provider; set it to the provider's …/.well-known/openid-configuration
{{- end }}
{{- if and $ui.ldap.host (not $ui.ldap.searchBase) }}
openWebui.ldap.searchBase: it says where people are looked for at {{ $ui.ldap.host }}; set it, such as ou=people,dc=example,dc=com
{{- end }}
{{- if and $ui.ldap.host (ne (empty $ui.ldap.bindDn) (empty $ui.ldap.existingSecret)) }}
openWebui.ldap: bindDn and existingSecret belong together, who asks and with which password; set both, or none to ask without a name
{{- end }}
{{- if and (or $ui.trustedHeaders.name $ui.trustedHeaders.groups) (not $ui.trustedHeaders.email) }}
openWebui.trustedHeaders.email: people are known by their address; name the header that holds it
{{- end }}
{{- if not $ui.auth }}
{{- range $way, $given := dict "oidc.providerUrl" $ui.oidc.providerUrl "ldap.host" $ui.ldap.host "trustedHeaders.email" $ui.trustedHeaders.email }}
{{- if $given }}
openWebui.{{ $way }}: {{ $given }} is given, but nobody signs in; set openWebui.auth to true, or leave it out
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.ui.open-webui.needs" -}}
{{- $ui := .Values.openWebui }}
{{- if $ui.enabled }}
{{- $secrets := list $ui.secretKey.existingSecret $ui.database.existingSecret $ui.redis.existingSecret }}
{{- if $ui.oidc.providerUrl }}
{{- $secrets = append $secrets $ui.oidc.existingSecret }}
{{- end }}
{{- if $ui.ldap.host }}
{{- $secrets = append $secrets $ui.ldap.existingSecret }}
{{- end }}
{{- range $ui.endpoints }}
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
