{{- define "llm-stack.ui.open-webui.secretName" -}}
{{- .Values.openWebui.secretKey.existingSecret | default (include "llm-stack.name" (list . "open-webui")) }}
{{- end }}
