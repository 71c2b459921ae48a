{{- define "fragment.serverChecks" -}}
{{- if has .Server (include "fragment.data.components" . | mustFromJson) }}
the name {{ .Server }} is reserved by the chart; rename the server
{{- end }}
{{- end }}

{{- define "fragment.releaseChecks" -}}
{{- if not (or .Servers .Facts.ui) }}
servers: no server is enabled, and no UI is deployed; set enabled: true for a server, or deploy a UI with endpoints elsewhere
{{- end }}
{{- with .Values.global.proxy }}
{{- if and .existingSecret (or .httpProxy .httpsProxy) }}
global.proxy.existingSecret: cannot be combined with httpProxy and httpsProxy; write the URLs into the Secret, or remove existingSecret
{{- end }}
{{- end }}
{{ include "fragment.secretChecks" . }}
{{ include "fragment.textChecks" . }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the release does not create the service account {{ include "fragment.serviceAccount" . }}, so it cannot attach Secrets to it; set serviceAccount.create to true, or remove attachPullSecrets and global.imagePullSecrets and attach the Secrets yourself
{{- end }}
{{- end }}

{{- /*
Given the root: an error for each text of the values with a character that YAML cannot contain. Where there is one, toYaml
prints nothing at all, without an error.
*/}}
{{- define "fragment.textChecks" -}}
{{- if regexMatch "\\\\u00[01]|[\\x7f-\\x9f\\x{fffe}\\x{ffff}]" (toJson .Values) }}
{{ include "fragment.unprintable" (list "" .Values) }}
{{- end }}
{{- end }}

{{- /* (list PATH DATA): the errors in data at a path. */}}
{{- define "fragment.unprintable" -}}
{{- $path := first . }}
{{- $data := last . }}
{{- $found := "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\x{fffe}\\x{ffff}]" }}
{{- if kindIs "map" $data }}
{{- range $key, $value := $data }}
{{- if regexMatch $found $key }}
{{ $path | default "values" }}: the key {{ quote $key }} contains a control character; remove it
{{- else }}
{{ include "fragment.unprintable" (list (list $path $key | compact | join ".") $value) }}
{{- end }}
{{- end }}
{{- else if kindIs "slice" $data }}
{{- range $n, $value := $data }}
{{ include "fragment.unprintable" (list (printf "%s[%d]" $path $n) $value) }}
{{- end }}
{{- else if kindIs "string" $data }}
{{- if regexMatch $found $data }}
{{ $path }}: {{ regexReplaceAll "\\n" $data " " | trunc 60 | quote }} contains a control character; remove it
{{- end }}
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
