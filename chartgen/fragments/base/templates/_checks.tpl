{{- define "fragment.serverChecks" -}}
{{- if has .Server (include "fragment.data.components" . | mustFromJson) }}
the name {{ .Server }} is reserved by the chart; rename the server
{{- end }}
{{- end }}

{{- define "fragment.releaseChecks" -}}
{{- if not .Servers }}
servers: no server is enabled; set enabled: true for at least one
{{- end }}
{{ include "fragment.secretChecks" . }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the release does not create the service account {{ include "fragment.serviceAccount" . }}, so it cannot attach Secrets to it; set serviceAccount.create to true, or remove attachPullSecrets and global.imagePullSecrets and attach the Secrets yourself
{{- end }}
{{- end }}

{{- /* Given a context: an error for each Secret that would be generated, and for each that is described twice. */}}
{{- define "fragment.secretChecks" -}}
{{- if not .Values.generateSecrets }}
{{- range .Facts.secrets }}
{{ .key }}.existingSecret: is empty, and generateSecrets is false; set it to an existing Secret, or set {{ .key }}.value
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.releaseNeeds" -}}
{{- range .Values.global.imagePullSecrets }}
Secret/{{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) .Values.serviceAccount.name }}
ServiceAccount/{{ .Values.serviceAccount.name }}
{{- end }}
{{- end }}
