{{- define "fragment.serverChecks" -}}
{{- $facts := include "fragment.slot.engine.facts" . | fromYaml }}
{{- $source := include "fragment.slot.source.facts" . | fromYaml }}
{{- if has .Server (include "fragment.data.components" . | mustFromJson) }}
the name {{ .Server }} belongs to a part of the chart itself; call the server otherwise
{{- end }}
{{- if hasSuffix "-loader" .Server }}
a server's name cannot end in -loader, which is what the pods are called that bring a server's models; call it otherwise
{{- end }}
{{- if ne .Values.model.delivery "none" }}
{{- if not $source.format }}
model.source: engine {{ .Values.engine }} has no source of its own, so nothing would bring its model; set model.source to where it comes from, or model.delivery to none and modelCache.existingClaim to a claim that holds the model
{{- else if not (has $source.format $facts.formats) }}
model.source: {{ .Values.model.source }} leaves {{ $source.format }}, but engine {{ .Values.engine }} reads {{ join " or " $facts.formats }}; choose another source, or set model.delivery to none and modelCache.existingClaim to a claim that holds the model
{{- end }}
{{- end }}
{{- if eq .Values.model.delivery "none" }}
{{- range $key, $value := pick .Values.model "digest" "reference" "filter" }}
{{- if $value }}
model.{{ $key }}: is given, but nothing is brought with model.delivery none; leave it out, or choose another delivery
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.models }}
{{- $models := .Values.models }}
{{- range $key, $value := pick .Values.model "digest" "reference" "path" "filter" }}
{{- if $value }}
model.{{ $key }}: is given, but the models are those under models; give it to one of them, models.{{ keys $models | sortAlpha | first }}.{{ $key }} for instance
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $model := .Values.models | default (dict .Values.model.name .Values.model) }}
{{- if and $model.reference $model.digest (not (hasSuffix ($model.digest | default "") ($model.reference | default ""))) }}
model.digest: is given beside the whole reference {{ $model.reference }}, which says by itself what is brought; write the digest at its end, {{ $model.reference | splitList "@" | first }}@{{ $model.digest }}, or leave it out
{{- end }}
{{- end }}
{{- $references := list }}
{{- $folders := list }}
{{- $single := .Values.model.name }}
{{- range include "fragment.models" . | mustFromJson }}
{{- if and (regexMatch ":[^/]*$" .name) (ne .name $single) }}
models: {{ .name }} holds a tag; give the name without it, and the tag as tag
{{- end }}
{{- $asked := append .filters .reference | join " " }}
{{- if has $asked $references }}
models: {{ .reference }} is asked for twice; name it once
{{- end }}
{{- $references = append $references $asked }}
{{- $folder := .folder }}
{{- if eq ($source.format | default "") "directory" }}
{{- range $folders }}
{{- if or (hasPrefix (printf "%s/" .) (printf "%s/" $folder)) (hasPrefix (printf "%s/" $folder) (printf "%s/" .)) }}
models: two of them would lie in {{ $folder }}{{ if ne . $folder }} and {{ . }}{{ end }}; give each a path of its own, none within another's
{{- end }}
{{- end }}
{{- $folders = append $folders $folder }}
{{- end }}
{{- end }}
{{- if regexMatch ":[^/]*$" .Values.model.name }}
{{- $parts := regexFind "[^/]*$" .Values.model.name | splitList ":" }}
model.name: {{ .Values.model.name }} holds a tag; set model.name to {{ trimSuffix (printf ":%s" (last $parts)) .Values.model.name }} and model.tag to {{ last $parts | quote }}
{{- end }}
{{- end }}

{{- define "fragment.releaseChecks" -}}
{{- if not (include "fragment.servers" . | mustFromJson) }}
servers: none is enabled, so no model would be served; set enabled: true for one
{{- end }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the account {{ include "fragment.serviceAccount" . }} is not made here, so nothing can be added to it; set serviceAccount.create to true, or leave attachPullSecrets and global.imagePullSecrets out and add the Secrets to it yourself
{{- end }}
{{- end }}

{{- define "fragment.releaseNeeds" -}}
{{- range .Values.global.imagePullSecrets }}
Secret/{{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) .Values.serviceAccount.name }}
ServiceAccount/{{ .Values.serviceAccount.name }}
{{- end }}
{{- end }}
