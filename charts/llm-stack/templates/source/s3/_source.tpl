{{- define "llm-stack.source.s3.facts" -}}
format: directory
image: curl
curl: true
{{- end }}

{{- define "llm-stack.source.s3.reference" -}}
{{ .Model.name }}
{{- end }}

{{- define "llm-stack.source.s3.endpoint" -}}
{{- with .Values.s3 }}
{{- .endpoint | default (printf "https://s3.%s.amazonaws.com%s" .region (ternary ".cn" "" (hasPrefix "cn-" .region))) }}
{{- end }}
{{- end }}

{{- define "llm-stack.source.s3.urls" -}}
{{- $endpoint := include "llm-stack.source.s3.endpoint" . }}
{{- if eq .Values.s3.addressing "path" }}
- {{ quote $endpoint }}
{{- else }}
{{- range .Facts.models }}
- {{ $endpoint | replace "://" (printf "://%s." (.reference | splitList "/" | first)) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.source.s3.script" -}}
load.sh
{{- end }}

{{- define "llm-stack.source.s3.env" -}}
ENDPOINT: {{ include "llm-stack.source.s3.endpoint" . | quote }}
REGION: {{ .Values.s3.region | quote }}
ADDRESSING: {{ .Values.s3.addressing | quote }}
PLAIN_HTTP: {{ .Values.s3.plainHttp | quote }}
CONCURRENCY: {{ int64 .Values.s3.concurrency | quote }}
{{- end }}

{{- define "llm-stack.source.s3.volumes" -}}
{{- with .Values.s3 }}
{{- if .existingSecret }}
- name: s3-key
  secret:
    secretName: {{ .existingSecret | quote }}
    items:
    - key: {{ .idKey | quote }}
      path: id
    - key: {{ .secretKey | quote }}
      path: secret
    {{- with .tokenKey }}
    - key: {{ . | quote }}
      path: token
    {{- end }}
{{- end }}
{{- if or .caSecret .caConfigMap }}
- name: s3-ca
  projected:
    sources:
    {{- with .caSecret }}
    - secret:
        name: {{ . | quote }}
    {{- end }}
    {{- with .caConfigMap }}
    - configMap:
        name: {{ . | quote }}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.source.s3.volumeMounts" -}}
{{- with .Values.s3 }}
{{- if .existingSecret }}
- name: s3-key
  mountPath: /opt/credentials
  readOnly: true
{{- end }}
{{- if or .caSecret .caConfigMap }}
- name: s3-ca
  mountPath: /opt/ca
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.source.s3.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {file: files/source/s3/load.sh}
xml.awk: {file: files/source/s3/xml.awk}
{{- end }}
{{- end }}

{{- define "llm-stack.source.s3.needs" -}}
{{- if ne .Values.model.delivery "none" }}
{{- with .Values.s3 }}
{{- with .existingSecret }}
Secret/{{ . }}
{{- end }}
{{- with .caSecret }}
Secret/{{ . }}
{{- end }}
{{- with .caConfigMap }}
ConfigMap/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.source.s3.checks" -}}
{{- range .Facts.models }}
{{- if not (regexMatch "^[a-z0-9][a-z0-9.-]{2,62}(/[A-Za-z0-9._@+:-]+)*/?$" .reference) }}
model.name: {{ .reference }} is not a folder of a bucket; write BUCKET/FOLDER, or only BUCKET
{{- else if regexMatch "/[.][.]?(/|$)" .reference }}
model.name: {{ .reference }} contains . or .. as a folder; write the folder without them
{{- end }}
{{- if .digest }}
model.digest: is set for {{ .name }}, but a bucket has no digest of a folder; remove it
{{- end }}
{{- if .tag }}
model.tag: is set to {{ .tag }} for {{ .name }}, but a bucket has no tags; write a folder for each version, and remove tag
{{- end }}
{{- if and (eq $.Values.s3.addressing "host") (hasPrefix "https://" (include "llm-stack.source.s3.endpoint" $)) (contains "." (.reference | splitList "/" | first)) }}
s3.addressing: with host, a certificate does not cover the dots in the bucket of {{ .reference }}; set s3.addressing to path
{{- end }}
{{- end }}
{{- with .Values.s3 }}
{{- if and (hasPrefix "http://" .endpoint) (not .plainHttp) }}
s3.endpoint: {{ .endpoint }} uses plain HTTP, which others on the network can read and change; use https, or set s3.plainHttp to true to allow it
{{- end }}
{{- end }}
{{- end }}
