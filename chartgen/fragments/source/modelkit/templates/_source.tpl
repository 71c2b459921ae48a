{{- define "fragment.source.modelkit.facts" -}}
format: directory
copies: 2
image: {{ ternary "modelkitCosign" "modelkit" (include "fragment.source.modelkit.signed" . | eq "true") | quote }}
{{- end }}

{{- define "fragment.source.modelkit.signed" -}}
{{- or (ne .Values.modelkit.cosign.existingSecret "") (ne .Values.modelkit.cosign.identity "") }}
{{- end }}

{{- /* kit uses the digest of name:tag@digest. */}}
{{- define "fragment.source.modelkit.reference" -}}
{{- list .Values.modelkit.registry .Values.modelkit.namespace .Model.name | compact | join "/" }}
{{- with .Model.tag }}:{{ . }}{{ end }}
{{- with .Model.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "fragment.source.modelkit.urls" -}}
{{- range .Facts.models }}
- {{ splitList "/" .reference | first | printf "%s://%s" (ternary "http" "https" $.Values.modelkit.plainHttp) | quote }}
{{- end }}
{{- /* Where cosign finds the keys of the transparency log, and the log. */}}
{{- if and (eq (include "fragment.source.modelkit.signed" .) "true") .Values.modelkit.cosign.transparencyLog }}
- https://tuf-repo-cdn.sigstore.dev
- https://rekor.sigstore.dev
{{- end }}
{{- end }}

{{- define "fragment.source.modelkit.script" -}}
load.sh
{{- end }}

{{- define "fragment.source.modelkit.env" -}}
{{- $kit := .Values.modelkit }}
PLAIN_HTTP: {{ $kit.plainHttp | quote }}
CONCURRENCY: {{ int64 $kit.concurrency | quote }}
EXPANSION: {{ int64 $kit.maxExpansion | quote }}
MOST_FILES: {{ int64 $kit.maxFiles | quote }}
{{- $cache := .Facts.cache }}
{{- /* A volume that is deleted with its pod has only one version, unless the delivery checks for changes. */}}
{{- $later := or (not (has $cache.type (list "emptyDir" "ephemeral"))) .Facts.delivery.refreshes }}
KEEP_LAYERS: {{ and $kit.keepLayers (not $cache.memory) ($later | default false) | quote }}
{{- if $kit.existingSecret }}
LOGIN_DIR: /opt/credentials
REGISTRY: {{ $kit.registry | quote }}
USERNAME_KEY: {{ $kit.usernameKey | quote }}
PASSWORD_KEY: {{ $kit.passwordKey | quote }}
{{- end }}
{{- if or $kit.caSecret $kit.caConfigMap }}
# Go adds the certificates in these folders to those of the image.
SSL_CERT_DIR: /etc/ssl/certs:/opt/ca
{{- end }}
{{- if eq (include "fragment.source.modelkit.signed" .) "true" }}
{{- with $kit.cosign }}
{{- if .existingSecret }}
COSIGN_KEY: {{ printf "/opt/cosign/%s" .key | quote }}
{{- else }}
COSIGN_IDENTITY: {{ .identity | quote }}
COSIGN_ISSUER: {{ .issuer | quote }}
{{- end }}
COSIGN_TLOG: {{ .transparencyLog | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.source.modelkit.volumes" -}}
{{- with .Values.modelkit.existingSecret }}
- name: modelkit-credentials
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- if .Values.modelkit.caSecret }}
- name: modelkit-ca
  secret:
    secretName: {{ .Values.modelkit.caSecret | quote }}
{{- else if .Values.modelkit.caConfigMap }}
- name: modelkit-ca
  configMap:
    name: {{ .Values.modelkit.caConfigMap | quote }}
{{- end }}
{{- with .Values.modelkit.cosign.existingSecret }}
- name: modelkit-cosign
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "fragment.source.modelkit.volumeMounts" -}}
{{- if .Values.modelkit.existingSecret }}
- name: modelkit-credentials
  mountPath: /opt/credentials
  readOnly: true
{{- end }}
{{- if or .Values.modelkit.caSecret .Values.modelkit.caConfigMap }}
- name: modelkit-ca
  mountPath: /opt/ca
  readOnly: true
{{- end }}
{{- if .Values.modelkit.cosign.existingSecret }}
- name: modelkit-cosign
  mountPath: /opt/cosign
  readOnly: true
{{- end }}
{{- end }}

{{- define "fragment.source.modelkit.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {file: files/source/modelkit/load.sh}
modelkit.awk: {file: files/source/modelkit/modelkit.awk}
{{- if eq (include "fragment.source.modelkit.signed" .) "true" }}
# A model is ready only if this condition is true.
terms: {{ .Values.modelkit.cosign | toJson | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.source.modelkit.needs" -}}
{{- if ne .Values.model.delivery "none" -}}
{{- with .Values.modelkit }}
{{- range list .existingSecret .caSecret .cosign.existingSecret | compact | uniq }}
Secret/{{ . }}
{{- end }}
{{- with .caConfigMap }}
ConfigMap/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
