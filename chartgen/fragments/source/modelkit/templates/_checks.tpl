{{- define "fragment.source.modelkit.checks" -}}
{{- $kit := .Values.modelkit }}
{{- range .Facts.models }}
{{- $registry := regexFind "^[^/]*/" .reference | trimSuffix "/" }}
{{- if not (regexMatch "[.:]" $registry) }}
modelkit.registry: {{ if $kit.registry }}{{ $kit.registry }} is a name and no registry to kit; write it with its domain or its port{{ else }}is empty, so nobody knows where {{ .name }} is; set it to the registry's host, or reference to the model's whole reference{{ end }}
{{- else if and $kit.existingSecret (not $kit.registry) }}
modelkit.registry: is empty, so nobody knows whom the credentials in {{ $kit.existingSecret }} are for; set it to {{ $registry }}, if they are for it
{{- end }}
{{- if not (regexMatch "(:[^:/@]+|@sha256:[0-9a-f]{64})$" .reference) }}
model.tag: {{ .reference }} names no version, and a ModelKit has no usual one; set tag, or digest
{{- end }}
{{- if regexMatch "/[^:@]*[A-Z]" .reference }}
model.name: {{ .reference }} has capitals before its tag, which no registry takes; write it in small letters
{{- end }}
{{- range .filters }}
{{- if not (regexMatch "^(kitfile|model|datasets|code|docs|prompts|mcpservers)(,(kitfile|model|datasets|code|docs|prompts|mcpservers))*(:[^:]+)?$" .) }}
model.filter: {{ . }} is none of kit's; write kitfile, model, datasets, code, docs, prompts or mcpservers (several with commas), and where only some are meant, a colon and their names or paths: datasets:validation
{{- end }}
{{- end }}
{{- end }}
{{- if and $kit.caSecret $kit.caConfigMap }}
modelkit.caConfigMap: is given beside modelkit.caSecret; put all certificates into one of them
{{- end }}
{{- with $kit.cosign }}
{{- if and .existingSecret .identity }}
modelkit.cosign.identity: is given beside modelkit.cosign.existingSecret; a signature is by a key or by an identity, so leave one of them out
{{- end }}
{{- if ne (empty .identity) (empty .issuer) }}
modelkit.cosign.issuer: an identity holds only with whoever vouched for it; set identity and issuer, or neither
{{- end }}
{{- if and .identity (not .transparencyLog) }}
modelkit.cosign.transparencyLog: the certificate of an identity is good for minutes, and only the log says that they were the right ones; leave transparencyLog true, or ask for a key
{{- end }}
{{- end }}
{{- end }}
