{{- define "fragment.model.checks" -}}
{{- if ne .Values.model.delivery "none" }}
{{- if not .Facts.source.format }}
model.source: engine {{ .Values.engine }} has no source of its own, so nothing would bring its model; set model.source to where it comes from, or model.delivery to none and modelCache.existingClaim to a claim that holds the model
{{- else if not (has .Facts.source.format .Facts.engine.formats) }}
model.source: {{ .Values.model.source }} leaves {{ .Facts.source.format }}, but engine {{ .Values.engine }} reads {{ join " or " .Facts.engine.formats }}; choose another source, or set model.delivery to none and modelCache.existingClaim to a claim that holds the model
{{- end }}
{{- end }}
{{- if eq .Values.model.delivery "none" }}
{{- range $key, $value := pick .Values.model "digest" "reference" "filter" }}
{{- if $value }}
model.{{ $key }}: is given, but nothing is brought with model.delivery none; leave it out, or choose another delivery
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
{{- $directories := eq (.Facts.source.format | default "") "directory" }}
{{- range .Facts.models }}
{{- if and (regexMatch ":[^/]*$" .name) (ne .name $single) }}
models: {{ .name }} holds a tag; give the name without it, and the tag as tag
{{- end }}
{{- $asked := append .filters .reference | join " " }}
{{- if has $asked $references }}
models: {{ .reference }} is asked for twice; name it once
{{- end }}
{{- $references = append $references $asked }}
{{- $folder := .folder }}
{{- if $directories }}
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
