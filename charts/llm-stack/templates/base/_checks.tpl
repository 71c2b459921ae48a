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
{{ include "llm-stack.textChecks" . }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the release does not create the service account {{ include "llm-stack.serviceAccount" . }}, so it cannot attach Secrets to it; set serviceAccount.create to true, or remove attachPullSecrets and global.imagePullSecrets and attach the Secrets yourself
{{- end }}
{{- end }}

{{- /*


*/}}
{{- define "llm-stack.textChecks" -}}
{{- if regexMatch "\\\\u00[01]|[\\x7f-\\x9f\\x{fffe}\\x{ffff}]" (toJson .Values) }}
{{ include "llm-stack.unprintable" (list "" .Values) }}
{{- end }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.unprintable" -}}
{{- $path := first . }}
{{- $data := last . }}
{{- $found := "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\x{fffe}\\x{ffff}]" }}
{{- if kindIs "map" $data }}
{{- range $key, $value := $data }}
{{- if regexMatch $found $key }}
{{ $path | default "values" }}: the key {{ quote $key }} contains a control character; remove it
{{- else }}
{{ include "llm-stack.unprintable" (list (list $path $key | compact | join ".") $value) }}
{{- end }}
{{- end }}
{{- else if kindIs "slice" $data }}
{{- range $n, $value := $data }}
{{ include "llm-stack.unprintable" (list (printf "%s[%d]" $path $n) $value) }}
{{- end }}
{{- else if kindIs "string" $data }}
{{- if regexMatch $found $data }}
{{ $path }}: {{ regexReplaceAll "\\n" $data " " | trunc 60 | quote }} contains a control character; remove it
{{- end }}
{{- end }}
{{- end }}

{{- /**/}}
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
