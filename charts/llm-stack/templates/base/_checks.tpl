{{- define "llm-stack.serverChecks" -}}
{{- if has .Server (include "llm-stack.data.components" . | mustFromJson) }}
the name {{ .Server }} is reserved by the chart; rename the server
{{- end }}
{{- end }}

{{- define "llm-stack.releaseChecks" -}}
{{- if not (or .Servers .Facts.ui) }}
servers: no server is enabled, and no UI is deployed; set enabled: true for a server, or deploy a UI with endpoints elsewhere
{{- end }}
{{- with .Values.global.proxy }}
{{- if and .existingSecret (or .httpProxy .httpsProxy) }}
global.proxy.existingSecret: cannot be combined with httpProxy and httpsProxy; write the URLs into the Secret, or remove existingSecret
{{- end }}
{{- end }}
{{ include "llm-stack.secretChecks" . }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the release does not create the service account {{ include "llm-stack.serviceAccount" . }}, so it cannot attach Secrets to it; set serviceAccount.create to true, or remove attachPullSecrets and global.imagePullSecrets and attach the Secrets yourself
{{- end }}
{{- end }}

{{- /* Given a context: an error for each Secret that would be generated, and for each that is described twice. */}}
{{- define "llm-stack.secretChecks" -}}
{{- if not .Values.generateSecrets }}
{{- range .Facts.secrets }}
{{ .key }}.existingSecret: is empty, and generateSecrets is false; set it to an existing Secret, or set {{ .key }}.value
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.releaseNeeds" -}}
{{- with .Values.global.proxy.existingSecret }}
Secret/{{ . }}
{{- end }}
{{- range .Values.global.imagePullSecrets }}
Secret/{{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) .Values.serviceAccount.name }}
ServiceAccount/{{ .Values.serviceAccount.name }}
{{- end }}
{{- end }}
