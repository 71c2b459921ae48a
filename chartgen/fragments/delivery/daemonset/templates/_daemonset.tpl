{{- define "fragment.delivery.daemonset.wait" -}}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" (dict "name" "wait-for-models" "waitsForLoader" true)) .) }}
{{- end }}

{{- define "fragment.delivery.daemonset.facts" -}}
waitsForLoader: true
refreshes: true
readOnly: true
daemonSet: {{ include "fragment.delivery.daemonset.name" . | quote }}
{{- end }}

{{- define "fragment.delivery.daemonset.logs" -}}
daemonset/{{ include "fragment.delivery.daemonset.name" . }}
{{- end }}

{{- define "fragment.delivery.daemonset.name" -}}
{{- include "fragment.name" (list . (printf "%s-loader" .Server)) }}
{{- end }}

{{- define "fragment.delivery.daemonset.checks" -}}
{{- $type := .Facts.cache.type }}
{{- if ne $type "hostPath" }}
model.delivery: daemonset stores models in a folder of each node, but modelCache.type is {{ $type }}; set modelCache.type to hostPath and modelCache.hostPath to the folder, or use another delivery
{{- end }}
{{- if and .Values.daemonset.chown (not .Values.podSecurityContext.runAsUser) }}
daemonset.chown: is true, but podSecurityContext.runAsUser does not set the owner of the folder; set it, or set daemonset.chown to false
{{- end }}
{{- end }}

{{- /* Kubernetes creates the folder with the owner root, and a pod's fsGroup does not apply to it. */}}
{{- define "fragment.delivery.daemonset.steps" -}}
{{- if .Values.daemonset.chown }}
{{- $user := int64 .Values.podSecurityContext.runAsUser }}
{{- $owner := printf "%d:%d" $user (int64 (.Values.podSecurityContext.runAsGroup | default $user)) }}
{{- $root := dict "runAsUser" 0 "runAsGroup" 0 "runAsNonRoot" false "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true }}
{{- $_ := set $root "capabilities" (dict "drop" (list "ALL") "add" (list "CHOWN" "FOWNER" "DAC_OVERRIDE")) }}
{{- $step := dict "name" "own-folder" "script" "own.sh" "env" (dict "OWNER" $owner) "securityContext" $root }}
{{- include "fragment.slot.loader.container" (merge (dict "Loader" $step) .) }}
{{- end }}
{{- end }}

{{- define "fragment.delivery.daemonset.files" -}}
{{- if .Values.daemonset.chown -}}
own.sh: {file: files/delivery/daemonset/own.sh}
{{- end }}
{{- end }}
