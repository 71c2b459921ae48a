{{- define "fragment.ui.open-webui.claim" -}}
{{- .Values.openWebui.persistence.existingClaim | default (include "fragment.name" (list . "open-webui-data")) }}
{{- end }}

{{- define "fragment.ui.open-webui.claims" -}}
{{ printf "PersistentVolumeClaim/%s" (include "fragment.ui.open-webui.claim" .) | quote }}: openWebui.persistence
{{- end }}

{{- /* (list CONTEXT PATH): its volumes as a container mounts them, the data at PATH. */}}
{{- define "fragment.ui.open-webui.mounts" -}}
- name: data
  mountPath: {{ last . | quote }}
  {{- with (first .).Values.openWebui.persistence.subPath }}
  subPath: {{ . | quote }}
  {{- end }}
- name: tmp
  mountPath: /tmp
{{- end }}
