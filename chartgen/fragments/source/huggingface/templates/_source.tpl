{{- define "fragment.source.huggingface.facts" -}}
format: directory
image: huggingface
{{- end }}

{{- define "fragment.source.huggingface.reference" -}}
{{ .Model.name }}{{ with .Model.tag }}@{{ . }}{{ end }}
{{- end }}

{{- define "fragment.source.huggingface.script" -}}
load.sh
{{- end }}

{{- define "fragment.source.huggingface.env" -}}
HUB: {{ .Values.huggingface.hub | quote }}
ENDPOINT: {{ .Values.huggingface.endpoint | quote }}
PLAIN_HTTP: {{ .Values.huggingface.plainHttp | quote }}
CONCURRENCY: {{ int64 .Values.huggingface.concurrency | quote }}
{{- end }}

{{- define "fragment.source.huggingface.volumes" -}}
{{- with .Values.huggingface }}
{{- if .existingSecret }}
- name: hub-token
  secret:
    secretName: {{ .existingSecret | quote }}
    items:
    - key: {{ .tokenKey | quote }}
      path: token
{{- end }}
{{- if or .caSecret .caConfigMap }}
- name: hub-ca
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

{{- define "fragment.source.huggingface.volumeMounts" -}}
{{- with .Values.huggingface }}
{{- if .existingSecret }}
- name: hub-token
  mountPath: /opt/credentials
  readOnly: true
{{- end }}
{{- if or .caSecret .caConfigMap }}
- name: hub-ca
  mountPath: /opt/ca
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.source.huggingface.files" -}}
{{- if ne .Values.model.delivery "none" -}}
load.sh: {file: files/source/huggingface/load.sh}
hub.sh: {file: files/source/huggingface/hub.sh}
files.sh: {file: files/source/huggingface/files.sh}
json.awk: {file: files/source/huggingface/json.awk}
listing.awk: {file: files/source/huggingface/listing.awk}
{{- end }}
{{- end }}

{{- define "fragment.source.huggingface.needs" -}}
{{- if ne .Values.model.delivery "none" }}
{{- with .Values.huggingface }}
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

{{- define "fragment.source.huggingface.checks" -}}
{{- range .Facts.models }}
{{- if not (regexMatch "^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+(@.+)?$" .reference) }}
model.name: {{ .reference }} is no model of a hub; name it organisation/name as its page there does, and what stands after a colon or an @ as model.tag
{{- end }}
{{- if .digest }}
model.digest: a hub knows models by their commits, {{ .name }} too; give the commit as model.tag, and leave digest out
{{- end }}
{{- end }}
{{- with .Values.huggingface }}
{{- if and (hasPrefix "http://" .endpoint) (not .plainHttp) }}
huggingface.endpoint: {{ .endpoint }} is plain http, which anybody on the way can read and change; set huggingface.plainHttp to true if that is meant to be so
{{- end }}
{{- end }}
{{- end }}
