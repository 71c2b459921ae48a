{{- /*
(list CONTEXT SUFFIX): the name of an object, <release>-<suffix>, at most 63 characters, the suffix kept.
*/}}
{{- define "llm-stack.name" -}}
{{- include "llm-stack.nameWithin" (dict "context" (first .) "suffix" (last .) "length" 63) }}
{{- end }}

{{- /* The same of at most 52 characters: Kubernetes puts eleven behind a CronJob's for each Job. */}}
{{- define "llm-stack.shortName" -}}
{{- include "llm-stack.nameWithin" (dict "context" (first .) "suffix" (last .) "length" 52) }}
{{- end }}

{{- /*
{context, suffix, length}: the same of at most length characters. A release's name may hold dots or begin with a digit, which a Service's may not; where it has to be changed or cut, a
hash of it keeps two releases apart.
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

{{- /* (list CONTEXT COMPONENT): what selects a component's pods. Never changes. */}}
{{- define "llm-stack.selector" -}}
{{- $context := first . -}}
app.kubernetes.io/name: {{ $context.Chart.Name | quote }}
app.kubernetes.io/instance: {{ $context.Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end }}

{{- /* (list CONTEXT COMPONENT): the labels of an object. Pods have those of fragment.selector alone, so that a new
version of the chart restarts none. */}}
{{- define "llm-stack.labels" -}}
{{- $context := first . -}}
{{ include "llm-stack.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | toString | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service | quote }}
app.kubernetes.io/part-of: {{ $context.Chart.Name | quote }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}

{{- /* The name of the account that all pods run under. */}}
{{- define "llm-stack.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "llm-stack.name" (list . "account")) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
