{{- /*
(list CONTEXT SUFFIX): the name of an object, RELEASE-SUFFIX. It has at most 63 characters, and the suffix is never
cut.
*/}}
{{- define "llm-stack.name" -}}
{{- include "llm-stack.nameWithin" (dict "context" (first .) "suffix" (last .) "length" 63) }}
{{- end }}

{{- /*
(list CONTEXT SUFFIX): the same with at most 48 characters, for objects to whose name Kubernetes appends something: 11
characters to that of a CronJob for each Job, 11 to that of a StatefulSet for the label of its pods, and the number of
the group before that for a group of pods.
*/}}
{{- define "llm-stack.shortName" -}}
{{- include "llm-stack.nameWithin" (dict "context" (first .) "suffix" (last .) "length" 48) }}
{{- end }}

{{- /*
{context, suffix, length}: the same of at most length characters. A release's name may contain dots or begin with a
digit, which a Service's may not. If it must be changed or cut, a hash of it keeps the names of two releases
different.
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

{{- /* (list CONTEXT COMPONENT): the labels that select the pods of a component. They never change. */}}
{{- define "llm-stack.selector" -}}
{{- $context := first . -}}
app.kubernetes.io/name: {{ $context.Chart.Name | quote }}
app.kubernetes.io/instance: {{ $context.Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end }}

{{- /*
(list CONTEXT COMPONENT): the labels of an object. Pods have only those of fragment.selector, so that a new version of
the chart does not restart them.
*/}}
{{- define "llm-stack.labels" -}}
{{- $context := first . -}}
{{ include "llm-stack.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | toString | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service | quote }}
app.kubernetes.io/part-of: {{ $context.Chart.Name | quote }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}

{{- /* Given a context: the name of the service account of all pods. */}}
{{- define "llm-stack.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "llm-stack.name" (list . "account")) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
