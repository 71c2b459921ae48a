{{- /* The row of the table that the values name, {} where there is none. Given a server's context. */}}
{{- define "llm-stack.gpu.row" -}}
{{- $table := .Files.Get "files/gpu/vendors.yaml" | fromYaml }}
{{- $vendor := get $table .Values.gpu.vendor | default dict }}
{{- get ($vendor.schemes | default dict) .Values.gpu.scheme | default dict | toYaml }}
{{- end }}

{{- /* Of devices that the table does not know the vendor is `other`. */}}
{{- define "llm-stack.gpu.facts" -}}
{{- $count := ternary 0 (int64 .Values.gpu.count) (eq .Values.gpu.vendor "none") }}
{{- if .Values.gpu.resources }}
{{- $count = 0 }}
{{- range .Values.gpu.resources }}
{{- $count = add $count (int64 .) }}
{{- end }}
{{- end -}}
vendor: {{ ternary "other" .Values.gpu.vendor (and (eq .Values.gpu.vendor "none") (gt (len .Values.gpu.resources) 0)) }}
count: {{ $count }}
{{- end }}

{{- define "llm-stack.gpu.devices" -}}
{{- $row := include "llm-stack.gpu.row" . | fromYaml }}
{{- if .Values.gpu.resources }}
{{- toYaml .Values.gpu.resources }}
{{- else if $row.resource }}
{{- $row.resource }}: {{ int64 .Values.gpu.count }}
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.tolerations" -}}
{{- with (include "llm-stack.gpu.row" . | fromYaml).tolerations }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.nodeSelector" -}}
{{- $row := include "llm-stack.gpu.row" . | fromYaml }}
{{- with $row.nodeSelector }}
{{- toYaml . }}
{{ end }}
{{- if and .Values.gpu.type ($row.type).nodeLabel }}
{{- $row.type.nodeLabel }}: {{ .Values.gpu.type | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.podAnnotations" -}}
{{- $row := include "llm-stack.gpu.row" . | fromYaml }}
{{- if and .Values.gpu.type ($row.type).annotation }}
{{- $row.type.annotation }}: {{ .Values.gpu.type | quote }}
{{- end }}
{{- end }}

{{- /* Cards are scarce: a rollout that needs spare ones would wait for ever. */}}
{{- define "llm-stack.gpu.spare" -}}
{{- if or (ne .Values.gpu.vendor "none") .Values.gpu.resources -}}
false
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.checks" -}}
{{- $gpu := .Values.gpu }}
{{- $table := .Files.Get "files/gpu/vendors.yaml" | fromYaml }}
{{- $row := include "llm-stack.gpu.row" . | fromYaml }}
{{- if and $gpu.resources (gt (int64 $gpu.count) 1) }}
gpu.count: {{ int64 $gpu.count }} is given beside gpu.resources, which says how many there are; leave gpu.count out
{{- else if eq $gpu.vendor "none" }}
{{- if gt (int64 $gpu.count) 1 }}
gpu.count: {{ int64 $gpu.count }} cards are asked for, but gpu.vendor is none; set gpu.vendor to {{ keys $table | sortAlpha | join " or " }}
{{- end }}
{{- if $gpu.type }}
gpu.type: {{ $gpu.type }} is asked for, but gpu.vendor is none; set gpu.vendor to {{ keys $table | sortAlpha | join " or " }}
{{- end }}
{{- if ne $gpu.scheme "devicePlugin" }}
gpu.scheme: {{ $gpu.scheme }} is asked for, but gpu.vendor is none; set gpu.vendor to {{ keys $table | sortAlpha | join " or " }}
{{- end }}
{{- else if not $row }}
gpu.scheme: {{ $gpu.vendor }} has no {{ $gpu.scheme }}; set gpu.scheme to {{ keys (get $table $gpu.vendor).schemes | sortAlpha | join " or " }}
{{- else if and ($row.type).nodeLabel $gpu.type (not (contains "," $gpu.type)) (not (regexMatch "^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$" $gpu.type)) }}
gpu.type: {{ $gpu.type }} cannot be the value of a node's label; set it to what {{ $row.type.nodeLabel }} says on the nodes
{{- else if and ($row.type).nodeLabel (contains "," $gpu.type) }}
gpu.type: {{ $gpu.type }} is a list, but {{ $gpu.scheme }} selects nodes by one value of the label {{ $row.type.nodeLabel }}; name one card, or use affinity
{{- else if and ($row.type).required (not $gpu.type) }}
gpu.type: {{ $gpu.scheme }} needs to know which card; set gpu.type, to "T4,V100" for instance
{{- end }}
{{- end }}
