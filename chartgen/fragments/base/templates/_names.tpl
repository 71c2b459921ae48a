{{- /*
(list CONTEXT SUFFIX): the name of an object, RELEASE-SUFFIX. It has at most 63 characters, and the suffix is never
cut.
*/}}
{{- define "fragment.name" -}}
{{- include "fragment.nameWithin" (list ((first .).Values.fullnameOverride | default (first .).Release.Name) (last .) 63) }}
{{- end }}

{{- /*
(list CONTEXT SUFFIX): the same with at most 48 characters, for objects to whose name Kubernetes appends something: 11
characters to that of a CronJob for each Job, 11 to that of a StatefulSet for the label of its pods, and the number of
the group before that for a group of pods.
*/}}
{{- define "fragment.shortName" -}}
{{- include "fragment.nameWithin" (list ((first .).Values.fullnameOverride | default (first .).Release.Name) (last .) 48) }}
{{- end }}

{{- /*
(list WHOLE SUFFIX LENGTH): the same of at most LENGTH characters, for WHOLE, the name of a release. That may contain dots or
begin with a digit, which the name of a Service may not. If it must be changed or cut, a hash of it keeps the names of two
releases different. A suffix that leaves no room for WHOLE is cut, and the hash is of both.
*/}}
{{- define "fragment.nameWithin" -}}
{{- $whole := first . }}
{{- $suffix := index . 1 }}
{{- $name := printf "%s-%s" $whole $suffix }}
{{- if or (gt (len $name) (last .)) (contains "." $whole) (contains (trunc 1 $whole) "0123456789") }}
{{- $kept := printf "%s%s" (contains (trunc 1 $whole) "0123456789" | ternary "r-" "") (replace "." "-" $whole) }}
{{- $room := sub (last .) (add 10 (len $suffix)) | int }}
{{- if gt $room 0 }}
{{- $name = printf "%s-%s-%s" ($kept | trunc $room | trimSuffix "-") (sha256sum $whole | trunc 8) $suffix }}
{{- else }}
{{- $name = printf "r-%s-%s" (sha256sum $name | trunc 8) $suffix | trunc (last .) | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- $name }}
{{- end }}

{{- /* (list CONTEXT COMPONENT): the labels that select the pods of a component. They never change. */}}
{{- define "fragment.selector" -}}
{{- $context := first . -}}
app.kubernetes.io/name: {{ $context.Chart.Name | quote }}
app.kubernetes.io/instance: {{ $context.Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end }}

{{- /*
(list CONTEXT COMPONENT): the labels of an object. Pods have only those of fragment.selector, so that a new version of
the chart does not restart them.
*/}}
{{- define "fragment.labels" -}}
{{- $context := first . -}}
{{ include "fragment.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | toString | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service | quote }}
app.kubernetes.io/part-of: {{ $context.Chart.Name | quote }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}

{{- /*
(list OWN GIVEN): the annotations of a pod as JSON: the chart's own, and those of the values, which override them. A checksum
stays the chart's own, because the pods are replaced when it changes.
*/}}
{{- define "fragment.podAnnotations" -}}
{{- $found := first . }}
{{- range $name, $value := last . }}
{{- if not (and (hasPrefix "checksum/" $name) (hasKey $found $name)) }}
{{- $_ := set $found $name $value }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /* Given a context: the name of the service account of all pods. */}}
{{- define "fragment.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "fragment.name" (list . "account")) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
