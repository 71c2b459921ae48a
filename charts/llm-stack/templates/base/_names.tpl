{{- /*


*/}}
{{- define "llm-stack.name" -}}
{{- include "llm-stack.nameWithin" (dict "context" (first .) "suffix" (last .) "length" 63) }}
{{- end }}

{{- /*



*/}}
{{- define "llm-stack.shortName" -}}
{{- include "llm-stack.nameWithin" (dict "context" (first .) "suffix" (last .) "length" 48) }}
{{- end }}

{{- /*



*/}}
{{- define "llm-stack.nameWithin" -}}
{{- $suffix := .suffix }}
{{- $whole := .context.Values.fullnameOverride | default .context.Release.Name }}
{{- $name := $whole | replace "." "-" }}
{{- if regexMatch "^[0-9]" $name }}
{{- $name = printf "r-%s" $name }}
{{- end }}
{{- $room := sub .length (add1 (len $suffix)) | int }}
{{- if or (ne $name $whole) (gt (len $name) $room) }}
{{- $name = printf "%s-%s" ($name | trunc (sub $room 9 | int) | trimSuffix "-") (sha256sum $whole | trunc 8) }}
{{- end }}
{{- printf "%s-%s" $name $suffix }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.selector" -}}
{{- $context := first . -}}
app.kubernetes.io/name: {{ $context.Chart.Name | quote }}
app.kubernetes.io/instance: {{ $context.Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end }}

{{- /*


*/}}
{{- define "llm-stack.labels" -}}
{{- $context := first . -}}
{{ include "llm-stack.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | toString | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service | quote }}
app.kubernetes.io/part-of: {{ $context.Chart.Name | quote }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}

{{- /**/}}
{{- define "llm-stack.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "llm-stack.name" (list . "account")) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
