{{- define "fragment.model.checks" -}}
{{- if ne .Values.model.delivery "none" }}
{{- if not .Facts.source.format }}
model.source: is empty, and engine {{ .Values.engine }} has no default source; set model.source, or set model.delivery to none and modelCache.existingClaim to a claim that has the model
{{- else if not (has .Facts.source.format .Facts.engine.formats) }}
model.source: {{ .Values.model.source }} provides the format {{ .Facts.source.format }}, but engine {{ .Values.engine }} reads the format {{ join " or " .Facts.engine.formats }}; use another source, or set model.delivery to none and modelCache.existingClaim to a claim that has the model
{{- end }}
{{- end }}
{{- if eq .Values.model.delivery "none" }}
{{- range $key, $value := pick .Values.model "digest" "reference" "filter" }}
{{- if $value }}
model.{{ $key }}: is set, but with model.delivery none nothing is downloaded; remove it, or use another delivery
{{- end }}
{{- end }}
{{- end }}
{{- if and .Facts.engine.servesOneModel (gt (len .Facts.models) 1) }}
{{- $names := list }}
{{- range .Facts.models }}
{{- $names = append $names .key }}
{{- end }}
models: engine {{ .Values.engine }} serves one model, but there are {{ len $names }}, {{ join " and " $names }}; set one of them under model, and give each other model its own server under servers
{{- end }}
{{- if .Values.models }}
{{- $models := .Values.models }}
{{- range $key, $value := pick .Values.model "digest" "reference" "path" "filter" }}
{{- if $value }}
model.{{ $key }}: is set, but the server uses the models under models; set it for one of them, for example as models.{{ keys $models | sortAlpha | first }}.{{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $model := .Values.models | default (dict .Values.model.name .Values.model) }}
{{- if and $model.reference $model.digest (not (hasSuffix ($model.digest | default "") ($model.reference | default ""))) }}
model.digest: cannot be combined with model.reference, {{ $model.reference }}; write the digest at the end of the reference, {{ $model.reference | splitList "@" | first }}@{{ $model.digest }}, or remove it
{{- end }}
{{- end }}
{{- $references := list }}
{{- $folders := list }}
{{- $single := .Values.model.name }}
{{- $directories := eq (.Facts.source.format | default "") "directory" }}
{{- range .Facts.models }}
{{- if and (regexMatch ":[^/]*$" .name) (ne .name $single) }}
models: the name {{ .name }} contains a tag; write the tag under tag
{{- end }}
{{- $asked := append .filters .reference | join " " }}
{{- if has $asked $references }}
models: {{ .reference }} is listed twice; remove one of the two
{{- end }}
{{- $references = append $references $asked }}
{{- $folder := .folder }}
{{- if $directories }}
{{- range $folders }}
{{- if or (hasPrefix (printf "%s/" .) (printf "%s/" $folder)) (hasPrefix (printf "%s/" $folder) (printf "%s/" .)) }}
models: two models overlap in {{ $folder }}{{ if ne . $folder }} and {{ . }}{{ end }}; give each its own path, and none inside another
{{- end }}
{{- end }}
{{- $folders = append $folders $folder }}
{{- end }}
{{- end }}
{{- if regexMatch ":[^/]*$" .Values.model.name }}
{{- $parts := regexFind "[^/]*$" .Values.model.name | splitList ":" }}
model.name: {{ .Values.model.name }} contains a tag; set model.name to {{ trimSuffix (printf ":%s" (last $parts)) .Values.model.name }} and model.tag to {{ last $parts | quote }}
{{- end }}
{{- end }}
