{{- define "llm-stack.serverChecks" -}}
{{- if has .Server (include "llm-stack.data.components" . | mustFromJson) }}
the name {{ .Server }} belongs to a part of the chart itself; call the server otherwise
{{- end }}
{{- end }}

{{- define "llm-stack.releaseChecks" -}}
{{- if not .Servers }}
servers: none is enabled, so no model would be served; set enabled: true for one
{{- end }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the account {{ include "llm-stack.serviceAccount" . }} is not made here, so nothing can be added to it; set serviceAccount.create to true, or leave attachPullSecrets and global.imagePullSecrets out and add the Secrets to it yourself
{{- end }}
{{- end }}

{{- define "llm-stack.releaseNeeds" -}}
{{- range .Values.global.imagePullSecrets }}
Secret/{{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) .Values.serviceAccount.name }}
ServiceAccount/{{ .Values.serviceAccount.name }}
{{- end }}
{{- end }}
