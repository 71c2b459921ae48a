{{- define "llm-stack.delivery.daemonset.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.daemonset.facts" -}}
waitsForLoader: true
refreshes: true
readOnly: true
daemonSet: {{ include "llm-stack.delivery.daemonset.name" . | quote }}
{{- end }}

{{- define "llm-stack.delivery.daemonset.logs" -}}
daemonset/{{ include "llm-stack.delivery.daemonset.name" . }}
{{- end }}

{{- define "llm-stack.delivery.daemonset.name" -}}
{{- include "llm-stack.name" (list . (printf "%s-loader" .Server)) }}
{{- end }}

{{- define "llm-stack.delivery.daemonset.checks" -}}
{{- $type := .Facts.cache.type }}
{{- if ne $type "hostPath" }}
model.delivery: daemonset stores models in a folder of each node, but modelCache.type is {{ $type }}; set modelCache.type to hostPath and modelCache.hostPath to the folder, or use another delivery
{{- end }}
{{- if and .Values.daemonset.chown (not .Values.podSecurityContext.runAsUser) }}
daemonset.chown: is true, but podSecurityContext.runAsUser does not set the owner of the folder; set it, or set daemonset.chown to false
{{- end }}
{{- end }}


{{- define "llm-stack.delivery.daemonset.steps" -}}
{{- if .Values.daemonset.chown }}
{{- $user := int64 .Values.podSecurityContext.runAsUser }}
{{- $owner := printf "%d:%d" $user (int64 (.Values.podSecurityContext.runAsGroup | default $user)) }}
{{- $root := dict "runAsUser" 0 "runAsGroup" 0 "runAsNonRoot" false "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true }}
{{- $_ := set $root "capabilities" (dict "drop" (list "ALL") "add" (list "CHOWN" "FOWNER" "DAC_OVERRIDE")) }}
{{- $step := dict "name" "own-folder" "script" "own.sh" "env" (dict "OWNER" $owner) "securityContext" $root }}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" $step) .) }}
{{- end }}
{{- end }}

{{- define "llm-stack.delivery.daemonset.files" -}}
{{- if .Values.daemonset.chown -}}
own.sh: {file: files/delivery/daemonset/own.sh}
{{- end }}
{{- end }}
