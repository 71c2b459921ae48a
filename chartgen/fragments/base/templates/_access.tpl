{{- /*
Given the root: who can use the Services of the release, as a JSON list of sentences. NOTES and `chartgen validate` print
them.
*/}}
{{- define "fragment.access" -}}
{{- include "fragment.servers" . }}
{{- $lines := list }}
{{- $limited := include "fragment.slot.access.clients" . }}
{{- $clients := $limited | default "every pod in the cluster" }}
{{- range $entry := .Facts.access }}
{{- $ways := list $clients }}
{{- if ne .type "ClusterIP" }}
{{- $port := ternary (printf "port %d" (int64 .nodePort)) "a port" (hasKey . "nodePort") }}
{{- $ways = append $ways (printf "every client that reaches %s of a node" $port) }}
{{- end }}
{{- if eq .type "LoadBalancer" }}
{{- $ways = append $ways "every client of its load balancer" }}
{{- end }}
{{- range $.Facts.expose }}
{{- if eq .service $entry.service }}
{{- $ways = append $ways (printf "every client of %s%s" (.url | default .hosts) (ternary " (password required)" "" (.password | default false))) }}
{{- end }}
{{- end }}
{{- $last := last $ways }}
{{- $text := ternary (printf "%s and %s" (initial $ways | join ", ") $last) $last (gt (len $ways) 1) }}
{{- $lines = append $lines (printf "%s is open to %s. %s" .title $text .who) }}
{{- end }}
{{- range $name, $object := .Values.extraObjects }}
{{- $outside := list }}
{{- $spec := get (mustToJson $object | mustFromJson) "spec" }}
{{- if and (eq $object.kind "Service") (kindIs "map" $spec) }}
{{- $outside = without (list (get $spec "type" | default "ClusterIP")) "ClusterIP" "ExternalName" }}
{{- if get $spec "externalIPs" }}
{{- $outside = append $outside "externalIPs" }}
{{- end }}
{{- end }}
{{- if or $outside (regexMatch "^([A-Za-z]*(Ingress|Mapping|Route(TCP|UDP)?)|VirtualService|VirtualServer|TransportServer|HTTPProxy|TunnelBinding|ServiceExport)$" $object.kind) }}
{{- $lines = append $lines (printf "extraObjects.%s opens another way: clients from outside the cluster can reach what %s/%s leads to%s." $name $object.kind $object.metadata.name (ternary (printf ", through its %s" (join " and " $outside)) "" (not (empty $outside)))) }}
{{- end }}
{{- /* NetworkPolicies add up: what one of them allows, no other one denies. */}}
{{- if and $limited (hasSuffix "NetworkPolicy" $object.kind) (kindIs "map" $spec) (get $spec "ingress") }}
{{- $lines = append $lines (printf "extraObjects.%s opens another way: %s/%s lets more clients reach the pods that it selects." $name $object.kind $object.metadata.name) }}
{{- end }}
{{- end }}
{{- mustToJson $lines }}
{{- end }}

{{- /* Given the root: the Secrets whose value is generated, in the same form. */}}
{{- define "fragment.generated" -}}
{{- include "fragment.servers" . }}
{{- $lines := list }}
{{- range .Facts.secrets }}
{{- $lines = append $lines (printf "Secret %s has a generated value. Without access to the cluster, as in Argo CD, each render generates another one, and %s; set %s.existingSecret or %s.value." .name .effect .key .key) }}
{{- end }}
{{- mustToJson $lines }}
{{- end }}
