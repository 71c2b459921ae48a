{{- define "fragment.source.huggingface.facts" -}}
format: directory
image: huggingface
curl: true
{{- end }}

{{- define "fragment.source.huggingface.reference" -}}
{{ .Model.name }}{{ with .Model.tag }}@{{ . }}{{ end }}
{{- end }}

{{- define "fragment.source.huggingface.urls" -}}
- {{ .Values.huggingface.endpoint | default (ternary "https://huggingface.co" "https://www.modelscope.cn" (eq .Values.huggingface.hub "huggingface")) | quote }}
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
json.awk: {file: files/source/huggingface/json.awk}
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
model.name: {{ .reference }} is not the name of a model on a hub; write organization/name as on the model's page, and write the part after a colon or an @ as model.tag
{{- end }}
{{- if .digest }}
model.digest: is set for {{ .name }}, but a hub identifies versions by commits; write the commit as model.tag, and remove digest
{{- end }}
{{- end }}
{{- with .Values.huggingface }}
{{- if and (hasPrefix "http://" .endpoint) (not .plainHttp) }}
huggingface.endpoint: {{ .endpoint }} uses plain HTTP, which others on the network can read and change; use https, or set huggingface.plainHttp to true to allow it
{{- end }}
{{- end }}
{{- end }}
