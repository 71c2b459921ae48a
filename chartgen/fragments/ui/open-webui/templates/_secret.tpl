{{- define "fragment.ui.open-webui.secretName" -}}
{{- .Values.openWebui.secretKey.existingSecret | default (include "fragment.name" (list . "open-webui")) }}
{{- end }}
