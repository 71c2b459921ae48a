{{- /*
{context, image, over?}: the reference of an image. image is a map of repository, tag, digest and pullPolicy. over,
which is optional, overrides its keys. global.imageRegistry decides the registry.
*/}}
{{- define "fragment.image" -}}
{{- $image := include "fragment.imageFields" . | mustFromJson }}
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
{{- /* Docker Hub's official images are under library/, which may be omitted only on Docker Hub. */}}
{{- $repository = printf "%s/%s%s" $mirror (ternary "library/" "" (and (eq $host "docker.io") (not (contains "/" $path)))) $path }}
{{- end }}
{{- $repository }}
{{- with $image.tag }}:{{ . }}{{ end }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* {context, image, over?}: the imagePullPolicy of an image, with the arguments of fragment.image. */}}
{{- define "fragment.pullPolicy" -}}
{{- (include "fragment.imageFields" . | mustFromJson).pullPolicy }}
{{- end }}

{{- /*
{context, image, over?}: the fields of an image as JSON, with over applied. A digest belongs to one tag of one
repository, so it is removed if over has another.
*/}}
{{- define "fragment.imageFields" -}}
{{- $over := .over | default dict }}
{{- /* A copy: nothing is left out. */}}
{{- $image := omit .image "" }}
{{- if and (or $over.repository $over.tag) (not $over.digest) }}
{{- $_ := set $image "digest" "" }}
{{- end }}
{{- mergeOverwrite $image $over | mustToJson }}
{{- end }}

{{- /*
Given a context: what every pod needs: its service account without a token, pull secrets, and no environment variables
for Services.
*/}}
{{- define "fragment.podBasics" -}}
serviceAccountName: {{ include "fragment.serviceAccount" . | quote }}
automountServiceAccountToken: false
# Service links would add variables such as VLLM_PORT to the environment, which programs read as settings.
enableServiceLinks: false
{{- if not .Values.serviceAccount.attachPullSecrets }}
{{- include "fragment.pullSecrets" . }}
{{- end }}
{{- end }}

{{- /* Given a context: imagePullSecrets, for pods and service accounts. */}}
{{- define "fragment.pullSecrets" -}}
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

{{- /*
Given a map of names to text, {valueFrom} or {value}: environment variables as a list, by name. A text reaches the program
unchanged. In {value}, Kubernetes replaces $(NAME) with another variable; these are last, because it knows only what precedes
them.
*/}}
{{- define "fragment.env" -}}
{{- $later := dict }}
{{- range $name, $value := . }}
{{- if and (kindIs "map" $value) (contains "$(" (get ($value | default dict) "value" | toString)) }}
{{- $_ := set $later $name $value.value }}
{{- else if kindIs "map" $value }}
- name: {{ $name | quote }}
  {{- toYaml $value | nindent 2 }}
{{- else }}
- name: {{ $name | quote }}
  {{- /* Without a second $, Kubernetes would replace $(NAME) in it, and make one $ of two. */}}
  value: {{ $value | toString | replace "$" "$$" | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := $later }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /*
Given a map of a user's own variables: the same for fragment.env, as JSON. They have the format of Kubernetes, so $(NAME) is
another variable.
*/}}
{{- define "fragment.ownEnv" -}}
{{- $found := dict }}
{{- range $name, $value := . }}
{{- $_ := set $found $name (kindIs "map" $value | ternary $value (dict "value" (toString $value))) }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /*
{vendor, images}: the facts image, vendors and cpu of an engine whose image depends on the vendor of the accelerator,
as YAML. images maps vendors to names under `images`. `none` is the image for CPUs.
*/}}
{{- define "fragment.imagesByVendor" -}}
{{- $vendors := keys (omit .images "none") | sortAlpha -}}
image: {{ get .images (.vendor | default "none") | default (get .images "nvidia") | default (get .images (first $vendors)) | quote }}
vendors: {{ toJson $vendors }}
cpu: {{ hasKey .images "none" }}
{{- end }}
