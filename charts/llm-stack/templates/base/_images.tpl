



{{- define "llm-stack.image" -}}
{{- $image := include "llm-stack.imageFields" . | mustFromJson }}
{{- $repository := $image.repository }}
{{- $host := "docker.io" }}
{{- $path := $repository }}
{{- $first := splitList "/" $repository | first }}
{{- if and (contains "/" $repository) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) }}
{{- $host = $first }}
{{- $path = trimPrefix (printf "%s/" $first) $repository }}
{{- end }}
{{- if has $host (list "index.docker.io" "registry-1.docker.io") }}
{{- $host = "docker.io" }}
{{- end }}
{{- $mirror := .context.Values.global.imageRegistry | default "" }}
{{- if kindIs "map" $mirror }}
{{- $mirror = get $mirror $host }}
{{- end }}
{{- if $mirror }}

{{- $repository = printf "%s/%s%s" $mirror (ternary "library/" "" (and (eq $host "docker.io") (not (contains "/" $path)))) $path }}
{{- end }}
{{- $repository }}
{{- with $image.tag }}:{{ . }}{{ end }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}


{{- define "llm-stack.pullPolicy" -}}
{{- (include "llm-stack.imageFields" . | mustFromJson).pullPolicy }}
{{- end }}





{{- define "llm-stack.imageFields" -}}
{{- $over := .over | default dict }}

{{- $image := omit .image "" }}
{{- if and (or $over.repository $over.tag) (not $over.digest) }}
{{- $_ := set $image "digest" "" }}
{{- end }}
{{- mergeOverwrite $image $over | mustToJson }}
{{- end }}





{{- define "llm-stack.podBasics" -}}
serviceAccountName: {{ include "llm-stack.serviceAccount" . | quote }}
automountServiceAccountToken: false
# Service links would add variables such as VLLM_PORT to the environment, which programs read as settings.
enableServiceLinks: false
{{- if not .Values.serviceAccount.attachPullSecrets }}
{{- include "llm-stack.pullSecrets" . }}
{{- end }}
{{- end }}


{{- define "llm-stack.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
{{- $secret := . }}
{{- if kindIs "map" . }}
{{- $secret = .name }}
{{- end }}
- name: {{ $secret | quote }}
{{- end }}
{{- end }}
{{- end }}






{{- define "llm-stack.env" -}}
{{- $later := dict }}
{{- range $name, $value := . }}
{{- if and (kindIs "map" $value) (contains "$(" (get ($value | default dict) "value" | toString)) }}
{{- $_ := set $later $name $value.value }}
{{- else if kindIs "map" $value }}
- name: {{ $name | quote }}
  {{- toYaml $value | nindent 2 }}
{{- else }}
- name: {{ $name | quote }}
  {{- /**/}}
  value: {{ $value | toString | replace "$" "$$" | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := $later }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}





{{- define "llm-stack.ownEnv" -}}
{{- $found := dict }}
{{- range $name, $value := . }}
{{- $_ := set $found $name (kindIs "map" $value | ternary $value (dict "value" (toString $value))) }}
{{- end }}
{{- mustToJson $found }}
{{- end }}





{{- define "llm-stack.imagesByVendor" -}}
{{- $vendors := keys (omit .images "none") | sortAlpha -}}
image: {{ get .images (.vendor | default "none") | default (get .images "nvidia") | default (get .images (first $vendors)) | quote }}
vendors: {{ toJson $vendors }}
cpu: {{ hasKey .images "none" }}
{{- end }}
