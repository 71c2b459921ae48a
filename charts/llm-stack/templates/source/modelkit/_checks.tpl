{{- define "llm-stack.source.modelkit.checks" -}}
{{- $kit := .Values.modelkit }}
{{- if eq .Facts.cache.type "image" }}
modelCache.type: image mounts a container image, and a node cannot pull a ModelKit as one; set modelCache.type to persistentVolumeClaim and model.delivery to init, or pack the model into a container image and remove model.source
{{- end }}
{{- range .Facts.models }}
{{- $registry := regexFind "^[^/]*/" .reference | trimSuffix "/" }}
{{- if not (regexMatch "[.:]" $registry) }}
modelkit.registry: {{ if $kit.registry }}{{ $kit.registry }} has neither a domain nor a port, and kit needs one of them to recognise a registry; add one{{ else }}is empty, but {{ .name }} needs a registry; set it to the registry's host, or set model.reference to the complete reference of the model{{ end }}
{{- else if and $kit.existingSecret (not $kit.registry) }}
modelkit.registry: is empty, but the credentials in {{ $kit.existingSecret }} need a registry; set it to {{ $registry }} if they are for that registry
{{- end }}
{{- if not (regexMatch "(:[^:/@]+|@sha256:[0-9a-f]{64})$" .reference) }}
model.tag: {{ .reference }} has no version, and ModelKits have no default version; set model.tag or model.digest
{{- end }}
{{- if regexMatch "/[^:@]*[A-Z]" .reference }}
model.name: {{ .reference }} has uppercase letters before the tag, which registries do not allow; write it in lowercase
{{- end }}
{{- range .filters }}
{{- if not (regexMatch "^(kitfile|model|datasets|code|docs|prompts|mcpservers)(,(kitfile|model|datasets|code|docs|prompts|mcpservers))*(:[^:]+)?$" .) }}
model.filter: {{ . }} is not a filter of kit; write kitfile, model, datasets, code, docs, prompts or mcpservers, separated by commas, and to select some of a kind, add a colon and their names or paths, such as datasets:validation
{{- end }}
{{- end }}
{{- end }}
{{- if and $kit.caSecret $kit.caConfigMap }}
modelkit.caConfigMap: cannot be combined with modelkit.caSecret; put all certificates into one of them
{{- end }}
{{- with $kit.cosign }}
{{- if and .existingSecret .identity }}
modelkit.cosign.identity: cannot be combined with modelkit.cosign.existingSecret, since a signature is made with a key or an identity; remove one of them
{{- end }}
{{- if ne (empty .identity) (empty .issuer) }}
modelkit.cosign.issuer: identity and issuer are needed together; set both, or neither
{{- end }}
{{- if and .identity (not .transparencyLog) }}
modelkit.cosign.transparencyLog: is false, but the certificate of an identity is valid for minutes, and only the log proves when it was used; set transparencyLog to true, or use a key
{{- end }}
{{- end }}
{{- end }}
