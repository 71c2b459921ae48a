








{{- define "llm-stack.waysOfRoute" -}}
{{- $way := . }}
{{- range $parent := .parents }}
{{- range $way.hosts | default (list "") }}
- key: {{ quote $way.key }}
  kind: HTTPRoute
  host: {{ . | quote }}
  parent: {{ printf "%s/%s" ($parent.namespace | default $way.namespace) $parent.name | quote }}
  {{- with $parent.sectionName }}
  section: {{ . | quote }}
  {{- end }}
  {{- with $parent.port }}
  port: {{ int64 . }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.placesOfIngress" -}}
{{- $found := dict }}
{{- range $name, $value := . }}
{{- if regexMatch "/(canary|group[.]name|ingress[.]class|listen-ports|load-balancer-name|router[.]entrypoints|router[.]priority|scheme)" $name }}
{{- $_ := set $found $name (toString $value) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.itemsOf" -}}
{{- $found := list }}
{{- if kindIs "slice" (first .) }}
{{- range first . }}
{{- if kindIs (last $) . }}
{{- $found = append $found . }}
{{- end }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}





{{- define "llm-stack.waysOfObject" -}}
{{- $found := list }}
{{- $key := .key }}
{{- $object := .object }}
{{- $spec := kindIs "map" $object.spec | ternary $object.spec dict }}
{{- $metadata := kindIs "map" $object.metadata | ternary $object.metadata dict }}
{{- $namespace := $metadata.namespace | default .namespace }}
{{- $kind := printf "%s/%s" (splitList "/" (toString $object.apiVersion) | first) $object.kind }}
{{- if eq $kind "networking.k8s.io/Ingress" }}
{{- $places := kindIs "map" $metadata.annotations | ternary $metadata.annotations dict }}
{{- range $rule := include "llm-stack.itemsOf" (list $spec.rules "map") | mustFromJson }}
{{- $http := kindIs "map" $rule.http | ternary $rule.http dict }}
{{- range include "llm-stack.itemsOf" (list $http.paths "map") | mustFromJson }}
{{- $path := printf "%s %s" (eq (toString .pathType) "Exact" | ternary "Exact" "Prefix") (toString (default "/" .path)) }}
{{- $found = append $found (dict "key" $key "kind" "Ingress" "host" ($rule.host | default "") "path" $path "parent" ($spec.ingressClassName | default "") "places" (include "llm-stack.placesOfIngress" $places | mustFromJson)) }}
{{- end }}
{{- end }}
{{- else if eq $kind "gateway.networking.k8s.io/HTTPRoute" }}
{{- $hosts := include "llm-stack.itemsOf" (list $spec.hostnames "string") | mustFromJson }}
{{- $paths := list }}
{{- range include "llm-stack.itemsOf" (list $spec.rules "map") | mustFromJson }}
{{- if not .matches }}
{{- $paths = append $paths "Prefix /" }}
{{- end }}
{{- range include "llm-stack.itemsOf" (list .matches "map") | mustFromJson }}
{{- if not (or .headers .queryParams .method) }}
{{- $path := kindIs "map" .path | ternary .path dict }}
{{- $paths = append $paths (printf "%s %s" ($path.type | default "PathPrefix" | toString | trimPrefix "Path") (toString ($path.value | default "/"))) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $parent := include "llm-stack.itemsOf" (list $spec.parentRefs "map") | mustFromJson }}
{{- if eq (toString ($parent.kind | default "Gateway")) "Gateway" }}
{{- range $host := $hosts | default (list "") }}
{{- range uniq $paths }}
{{- $found = append $found (dict "key" $key "kind" "HTTPRoute" "host" $host "path" . "parent" (printf "%s/%s" ($parent.namespace | default $namespace) (toString $parent.name)) "section" ($parent.sectionName | default "") "port" ($parent.port | default 0)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}





{{- define "llm-stack.sameListener" -}}
{{- $one := first . }}
{{- $other := last . }}
{{- $sections := list ($one.section | default "") ($other.section | default "") | compact }}
{{- $ports := list (int64 $one.port) (int64 $other.port) | compact }}
{{- $same := and (le (len (uniq $sections)) 1) (le (len (uniq $ports)) 1) }}
{{- $apart := and (eq (len $sections) 1) (eq (len $ports) 1) (ne (empty $one.section) (empty $other.section)) (ne (empty $one.section) (empty $one.port)) }}
{{- if and $same (not $apart) (eq (mustToJson ($one.places | default dict)) (mustToJson ($other.places | default dict))) }}true{{ end }}
{{- end }}


{{- define "llm-stack.wayFaults" -}}
{{- $ways := .Facts.ways }}
{{- range $name, $object := .Values.extraObjects }}
{{- $given := dict "key" (printf "extraObjects.%s" $name) "object" (mustToJson $object | mustFromJson) "namespace" $.Release.Namespace }}
{{- $ways = concat $ways (include "llm-stack.waysOfObject" $given | mustFromJson) }}
{{- end }}
{{- $known := dict }}
{{- $said := list }}
{{- range $way := $ways }}

{{- $alone := and (eq .kind "Ingress") (has .parent (list "alb" "gce" "gce-internal")) (not (get (.places | default dict) "alb.ingress.kubernetes.io/group.name")) }}
{{- $host := .host | default "*" | lower }}
{{- $path := .path | default "Prefix /" }}
{{- $path = ternary $path (trimSuffix "/" $path) (or (not (hasPrefix "Prefix " $path)) (eq $path "Prefix /")) }}
{{- $place := list .kind .parent $host $path | mustToJson }}
{{- range ternary list (get $known $place | default list) $alone }}
{{- $pair := list .key $way.key $host | mustToJson }}
{{- if and (ne .key $way.key) (not (has $pair $said)) (include "llm-stack.sameListener" (list . $way)) }}
{{- $said = append $said $pair }}
{{- $where := ternary (printf "Ingresses%s" (ternary (printf " of class %s" $way.parent) "" (ne ($way.parent | default "") ""))) (printf "the Gateway %s" $way.parent) (eq $way.kind "Ingress") }}
{{- $other := ternary "another ingress class" "another Gateway or sectionName in parentRefs" (eq $way.kind "Ingress") }}
{{ $way.key }}: {{ eq $host "*" | ternary "any host name" $host }} of {{ $where }} is already that of {{ .key }}, and requests would reach only one of the two; set another host name for one of them, or {{ $other }}
{{- end }}
{{- end }}
{{- if not $alone }}
{{- $_ := set $known $place (append (get $known $place | default list) $way) }}
{{- end }}
{{- end }}
{{- end }}
