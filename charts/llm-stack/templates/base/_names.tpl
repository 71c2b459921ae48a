



{{- define "llm-stack.name" -}}
{{- include "llm-stack.nameWithin" (list ((first .).Values.fullnameOverride | default (first .).Release.Name) (last .) 63) }}
{{- end }}






{{- define "llm-stack.shortName" -}}
{{- include "llm-stack.nameWithin" (list ((first .).Values.fullnameOverride | default (first .).Release.Name) (last .) 48) }}
{{- end }}






{{- define "llm-stack.nameWithin" -}}
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


{{- define "llm-stack.selector" -}}
{{- $context := first . -}}
app.kubernetes.io/name: {{ $context.Chart.Name | quote }}
app.kubernetes.io/instance: {{ $context.Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end }}





{{- define "llm-stack.labels" -}}
{{- $context := first . -}}
{{ include "llm-stack.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | toString | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service | quote }}
app.kubernetes.io/part-of: {{ $context.Chart.Name | quote }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}





{{- define "llm-stack.podAnnotations" -}}
{{- $found := first . }}
{{- range $name, $value := last . }}
{{- if not (and (hasPrefix "checksum/" $name) (hasKey $found $name)) }}
{{- $_ := set $found $name $value }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "llm-stack.name" (list . "account")) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
