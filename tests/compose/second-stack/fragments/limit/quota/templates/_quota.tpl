{{- define "fragment.limit.quota.annotations" -}}
example.com/quota: {{ .Values.quota.memory | quote }}
{{- end }}

{{- define "fragment.limit.quota.checks" -}}
{{- if eq (int64 .Values.quota.pods) 0 }}
quota.pods: 0 leaves no room for a server; set it to 1 or more
{{- end }}
{{- end }}
