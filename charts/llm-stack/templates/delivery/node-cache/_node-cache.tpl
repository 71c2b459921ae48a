{{- define "llm-stack.delivery.node-cache.wait" -}}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waits" true)) .) }}
{{- end }}

{{- define "llm-stack.delivery.node-cache.facts" -}}
logs: daemonset/{{ include "llm-stack.delivery.node-cache.name" . }}
waits: true
changes: true
readOnly: true
{{- end }}

{{- define "llm-stack.delivery.node-cache.name" -}}
{{- include "llm-stack.name" (list . (printf "%s-loader" .Server)) }}
{{- end }}

{{- define "llm-stack.delivery.node-cache.checks" -}}
{{- $type := (include "llm-stack.slot.cache.facts" . | fromYaml).type }}
{{- if ne $type "hostPath" }}
model.delivery: node-cache keeps models in a folder of the node, but modelCache.type is {{ $type }}; set modelCache.type to hostPath and modelCache.hostPath to the folder, or choose another delivery
{{- end }}
{{- if and .Values.nodeCache.chown (not .Values.podSecurityContext.runAsUser) }}
nodeCache.chown: podSecurityContext.runAsUser does not say to whom the folder is to be given; set it, or nodeCache.chown to false
{{- end }}
{{- end }}

{{- /* Kubernetes makes the folder as root's, and a pod's fsGroup does not reach it. */}}
{{- define "llm-stack.delivery.node-cache.steps" -}}
{{- if .Values.nodeCache.chown }}
{{- $user := int64 .Values.podSecurityContext.runAsUser }}
{{- $owner := printf "%d:%d" $user (int64 (.Values.podSecurityContext.runAsGroup | default $user)) }}
{{- $root := dict "runAsUser" 0 "runAsGroup" 0 "runAsNonRoot" false "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true }}
{{- $_ := set $root "capabilities" (dict "drop" (list "ALL") "add" (list "CHOWN" "FOWNER" "DAC_OVERRIDE")) }}
{{- $step := dict "name" "own-folder" "script" "own.sh" "env" (dict "OWNER" $owner) "securityContext" $root }}
{{- include "llm-stack.slot.loader.container" (merge (dict "Loader" $step) .) }}
{{- end }}
{{- end }}

{{- define "llm-stack.delivery.node-cache.files" -}}
{{- if .Values.nodeCache.chown -}}
own.sh: {{ .Files.Get "files/delivery/node-cache/own.sh" | toJson }}
{{- end }}
{{- end }}
