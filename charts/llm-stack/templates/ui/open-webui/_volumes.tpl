{{- define "llm-stack.ui.open-webui.claim" -}}
{{- .Values.openWebui.persistence.existingClaim | default (include "llm-stack.name" (list . "open-webui-data")) }}
{{- end }}

{{- define "llm-stack.ui.open-webui.claims" -}}
{{ printf "PersistentVolumeClaim/%s" (include "llm-stack.ui.open-webui.claim" .) | quote }}: openWebui.persistence
{{- end }}


{{- define "llm-stack.ui.open-webui.mounts" -}}
- name: data
  mountPath: {{ last . | quote }}
  {{- with (first .).Values.openWebui.persistence.subPath }}
  subPath: {{ . | quote }}
  {{- end }}
- name: tmp
  mountPath: /tmp
{{- end }}
