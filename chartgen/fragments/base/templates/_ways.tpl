{{- /*
Two ways in that take the same host and path at the same place: a controller follows one of them, usually the older, and the other
one gets no requests, without a message. A named host and any host are not the same.
*/}}

{{- /*
{key, parents, hosts, namespace}: entries of ways.facts for each host at each of parents, which are parentRefs of an HTTPRoute
whose Gateways are in that namespace where they name none. No hosts means any.
*/}}
{{- define "fragment.waysOfRoute" -}}
{{- $key := .key }}
{{- $namespace := .namespace }}
{{- $hosts := .hosts | default (list "") }}
{{- range $parent := .parents }}
{{- range $hosts }}
- key: {{ quote $key }}
  kind: HTTPRoute
  host: {{ . | quote }}
  parent: {{ printf "%s/%s" ((get $parent "namespace") | default $namespace) $parent.name | quote }}
  {{- with (get $parent "sectionName") }}
  section: {{ . | quote }}
  {{- end }}
  {{- with (get $parent "port") }}
  port: {{ int64 . }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Given a map, the annotations of an Ingress: those with which two Ingresses of one class can share a host and a path, as JSON. */}}
{{- define "fragment.placesOfIngress" -}}
{{- $found := dict }}
{{- range $name, $value := . }}
{{- if regexMatch "/(canary|group[.]name|ingress[.]class|listen-ports|load-balancer-name|router[.]entrypoints|router[.]priority|scheme)" $name }}
{{- $_ := set $found $name (toString $value) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /* (list DATA KIND): the items of a list that are of this kind, as JSON. Objects that users write can have other forms. */}}
{{- define "fragment.itemsOf" -}}
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

{{- /*
{key, object, namespace}: the ways of an Ingress or an HTTPRoute of extraObjects, as a JSON list of entries like those of
ways.facts, with their path. What matches more than a host and a path, such as a header, is more specific.
*/}}
{{- define "fragment.waysOfObject" -}}
{{- $found := list }}
{{- $key := .key }}
{{- $object := .object }}
{{- $spec := kindIs "map" (get $object "spec") | ternary (get $object "spec") dict }}
{{- $metadata := kindIs "map" (get $object "metadata") | ternary (get $object "metadata") dict }}
{{- $namespace := (get $metadata "namespace") | default .namespace }}
{{- $kind := printf "%s/%s" (splitList "/" (toString $object.apiVersion) | first) $object.kind }}
{{- if eq $kind "networking.k8s.io/Ingress" }}
{{- $places := kindIs "map" (get $metadata "annotations") | ternary (get $metadata "annotations") dict }}
{{- range $rule := include "fragment.itemsOf" (list (get $spec "rules") "map") | mustFromJson }}
{{- $http := kindIs "map" (get $rule "http") | ternary (get $rule "http") dict }}
{{- range include "fragment.itemsOf" (list (get $http "paths") "map") | mustFromJson }}
{{- $path := printf "%s %s" (eq (toString (get . "pathType")) "Exact" | ternary "Exact" "Prefix") (toString (default "/" (get . "path"))) }}
{{- $found = append $found (dict "key" $key "kind" "Ingress" "host" ((get $rule "host") | default "") "path" $path "parent" ((get $spec "ingressClassName") | default "") "places" (include "fragment.placesOfIngress" $places | mustFromJson)) }}
{{- end }}
{{- end }}
{{- else if eq $kind "gateway.networking.k8s.io/HTTPRoute" }}
{{- $hosts := include "fragment.itemsOf" (list (get $spec "hostnames") "string") | mustFromJson }}
{{- $paths := list }}
{{- range include "fragment.itemsOf" (list (get $spec "rules") "map") | mustFromJson }}
{{- if not (get . "matches") }}
{{- $paths = append $paths "Prefix /" }}
{{- end }}
{{- range include "fragment.itemsOf" (list (get . "matches") "map") | mustFromJson }}
{{- if not (or (get . "headers") (get . "queryParams") (get . "method")) }}
{{- $path := kindIs "map" (get . "path") | ternary (get . "path") dict }}
{{- $paths = append $paths (printf "%s %s" ((get $path "type") | default "PathPrefix" | toString | trimPrefix "Path") (toString ((get $path "value") | default "/"))) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $parent := include "fragment.itemsOf" (list (get $spec "parentRefs") "map") | mustFromJson }}
{{- if eq (toString ((get $parent "kind") | default "Gateway")) "Gateway" }}
{{- range $host := $hosts | default (list "") }}
{{- range uniq $paths }}
{{- $found = append $found (dict "key" $key "kind" "HTTPRoute" "host" $host "path" . "parent" (printf "%s/%s" ((get $parent "namespace") | default $namespace) (toString (get $parent "name"))) "section" ((get $parent "sectionName") | default "") "port" ((get $parent "port") | default 0)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /*
(list WAY WAY), which take the same host and path of one parent: true if both are at one listener. Whether a listener of a name has
a port is not known here, so they can be two.
*/}}
{{- define "fragment.sameListener" -}}
{{- $one := first . }}
{{- $other := last . }}
{{- $sections := list ((get $one "section") | default "") ((get $other "section") | default "") | compact }}
{{- $ports := list (int64 (get $one "port")) (int64 (get $other "port")) | compact }}
{{- $same := and (le (len (uniq $sections)) 1) (le (len (uniq $ports)) 1) }}
{{- $apart := and (eq (len $sections) 1) (eq (len $ports) 1) (ne (empty (get $one "section")) (empty (get $other "section"))) (ne (empty (get $one "section")) (empty (get $one "port"))) }}
{{- if and $same (not $apart) (eq (mustToJson ((get $one "places") | default dict)) (mustToJson ((get $other "places") | default dict))) }}true{{ end }}
{{- end }}

{{- /* Given the root: an error for each two ways in of which one would get no requests. */}}
{{- define "fragment.wayFaults" -}}
{{- $ways := .Facts.ways }}
{{- range $name, $object := .Values.extraObjects }}
{{- $given := dict "key" (printf "extraObjects.%s" $name) "object" (mustToJson $object | mustFromJson) "namespace" $.Release.Namespace }}
{{- $ways = concat $ways (include "fragment.waysOfObject" $given | mustFromJson) }}
{{- end }}
{{- $known := dict }}
{{- $said := list }}
{{- range $way := $ways }}
{{- /* Controllers of clouds create a load balancer for each Ingress. */}}
{{- $alone := and (eq .kind "Ingress") (has (get . "parent") (list "alb" "gce" "gce-internal")) (not (get ((get . "places") | default dict) "alb.ingress.kubernetes.io/group.name")) }}
{{- $host := (get . "host") | default "*" | lower }}
{{- $path := (get . "path") | default "Prefix /" }}
{{- $path = ternary $path (trimSuffix "/" $path) (or (not (hasPrefix "Prefix " $path)) (eq $path "Prefix /")) }}
{{- $place := list .kind (get . "parent") $host $path | mustToJson }}
{{- range ternary list (get $known $place | default list) $alone }}
{{- $pair := list .key $way.key $host | mustToJson }}
{{- if and (ne .key $way.key) (not (has $pair $said)) (include "fragment.sameListener" (list . $way)) }}
{{- $said = append $said $pair }}
{{- $where := ternary (printf "Ingresses%s" (ternary (printf " of class %s" (get $way "parent")) "" (ne ((get $way "parent") | default "") ""))) (printf "the Gateway %s" (get $way "parent")) (eq $way.kind "Ingress") }}
{{- $other := ternary "another ingress class" "another Gateway or sectionName in parentRefs" (eq $way.kind "Ingress") }}
{{ $way.key }}: {{ eq $host "*" | ternary "any host name" $host }} of {{ $where }} is already that of {{ .key }}, and requests would reach only one of the two; set another host name for one of them, or {{ $other }}
{{- end }}
{{- end }}
{{- if not $alone }}
{{- $_ := set $known $place (append (get $known $place | default list) $way) }}
{{- end }}
{{- end }}
{{- end }}
