{{- define "fragment.server.checks" -}}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
service.nodePort: {{ int64 .Values.service.nodePort }} is set, but a Service of type ClusterIP has no node port; set service.type to NodePort, or remove nodePort
{{- end }}
{{- $facts := .Facts.engine }}
{{- $own := int64 .Values.service.port }}
{{- range $name, $port := $facts.ports }}
{{- if eq (int64 $port) $own }}
service.port: {{ int64 $port }} is already the Service's port {{ $name }}; set service.port to another port
{{- end }}
{{- end }}
{{- range (include "fragment.server.arguments" . | mustFromJson).refused }}
{{ . }}
{{- end }}
{{ include "fragment.server.listenFaults" . }}
{{ include "fragment.server.hideFaults" . }}
{{- with .Facts.group }}
{{- range concat .variables (($facts.group | default dict).variables | default list) }}
{{- if hasKey $.Values.env . }}
env.{{ . }}: the pods of a group find each other by it, so the chart or the operator sets it in each of them; remove it
{{- end }}
{{- end }}
{{- end }}
{{ include "fragment.server.repeatedFaults" . }}
{{- $volumes := list "models" "tmp" "files" }}
{{- range include "fragment.slot.server.volumes" . | include "fragment.list" | mustFromJson }}
{{- $volumes = append $volumes .name }}
{{- end }}
{{- $mounts := list ($facts.mountPath | default "/models") "/tmp" "/opt/files" }}
{{- range include "fragment.slot.server.volumeMounts" . | include "fragment.list" | mustFromJson }}
{{- $mounts = append $mounts .mountPath }}
{{- end }}
{{ include "fragment.volumeFaults" (dict "context" . "key" "" "values" (dict "volumes" .Values.volumes "volumeMounts" .Values.volumeMounts) "names" $volumes "paths" $mounts) }}
{{- $spread := list }}
{{- range .Values.topologySpreadConstraints }}
{{- $pair := list .topologyKey .whenUnsatisfiable }}
{{- if has $pair $spread }}
topologySpreadConstraints: two constraints have the topologyKey {{ .topologyKey }} and whenUnsatisfiable {{ .whenUnsatisfiable }}; keep one of them
{{- end }}
{{- $spread = append $spread $pair }}
{{- end }}
{{ include "fragment.resourceFaults" (list "resources" .Values.resources) }}
{{- include "fragment.server.imageChecks" . }}
{{- end }}

{{- /* Arguments and variables with which nothing of the release reaches the server, or with which it is ready too early, by the
engine's fact. */}}
{{- define "fragment.server.hideFaults" -}}
{{- $said := dict
  "tls" "makes the server answer over TLS, but its probes and its clients in the release use HTTP, so that it would never be ready; remove it, and set the certificate at an Ingress or a Gateway"
  "paths" "moves the paths that the probes and the clients in the release request, so that the server would never be ready; remove it"
  "api" "leaves the server without the HTTP API that its probes and its clients in the release request, so that it would never be ready; remove it"
  "early" "makes the server ready before its models are loaded; remove it"
  "cpus" "runs the model on the CPUs, so that the server would be ready without its GPUs; remove it, or set gpu.vendor to none" }}
{{- if not .Facts.batch }}
{{- range $name, $how := .Facts.engine.hides }}
{{- $parts := regexSplit "=" $name 2 }}
{{- if not (hasPrefix "-" $name) }}
{{- if hasKey $.Values.env $name }}
env.{{ $name }}: {{ get $said $how }}
{{- end }}
{{- else if eq (len $parts) 2 }}
{{- if eq (include "fragment.argument" (list $.Values.extraArgs (list (first $parts))) | lower) (last $parts) }}
extraArgs: {{ $name }} {{ get $said $how }}
{{- end }}
{{- else }}
{{- range $.Values.extraArgs }}
{{- /* argparse accepts the beginning of a name. */}}
{{- $flag := include "fragment.flag" . | replace "_" "-" }}
{{- if or (eq $flag $name) (and (ge (len $flag) 9) (hasPrefix $flag $name)) }}
extraArgs: {{ include "fragment.flag" . }} {{ get $said $how }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Arguments that make the server listen elsewhere than at the engine's port, where probes and Services reach it. An engine
whose own arguments do not set the port has its port in a value.
*/}}
{{- define "fragment.server.listenFaults" -}}
{{- $port := int64 .Facts.engine.port | toString }}
{{- $own := include "fragment.slot.server.args" . | include "fragment.list" | mustFromJson }}
{{- if or (has (printf "--port=%s" $port) $own) (has "--port" $own) }}
{{- with include "fragment.argument" (list .Values.extraArgs (list "--port")) }}
{{- if ne . $port }}
extraArgs: --port {{ . }} is not the port {{ $port }}, where the probes and the Service reach the server; remove it, and set service.port if clients need another port
{{- end }}
{{- end }}
{{- with include "fragment.argument" (list .Values.extraArgs (list "--host")) }}
{{- if not (has . (list "0.0.0.0" "::")) }}
extraArgs: --host {{ . }} is not the address of all interfaces, where the probes, the Service and the programs in the pod reach the server; remove it
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Arguments and variables of the values that the chart sets from other values, in the engine's facts. The program takes the one
or the other, but the chart's own sums and its clients follow the values. The same again changes nothing; where the engine
takes a list of names, one that begins with the chart's own adds names.
*/}}
{{- define "fragment.server.repeatedFaults" -}}
{{- $known := .Facts.engine.arguments | default dict }}
{{- $own := include "fragment.slot.server.args" . | include "fragment.list" | mustFromJson }}
{{- /* By the flag as it is written. argparse accepts the beginning of a name. */}}
{{- $names := list }}
{{- $values := dict }}
{{- range .Values.extraArgs }}
{{- $flag := include "fragment.flag" . }}
{{- $plain := replace "_" "-" $flag }}
{{- range $name, $value := $known }}
{{- if or (eq $plain $name) (and (ge (len $plain) 9) (hasPrefix $plain $name) (not (hasKey $known $plain))) }}
{{- $names = append $names $flag }}
{{- $_ := set $values $flag $value }}
{{- end }}
{{- end }}
{{- end }}
{{- range $flag := uniq $names }}
{{- $value := get $values $flag }}
{{- $alike := list (replace "_" "-" $flag) }}
{{- range $name, $other := $known }}
{{- if eq $other $value }}
{{- $alike = append $alike $name }}
{{- end }}
{{- end }}
{{- $given := include "fragment.argument" (list $.Values.extraArgs $alike) }}
{{- if has $value $.Facts.engine.lists }}
{{- $given = splitList "," $given | first }}
{{- end }}
{{- $set := include "fragment.argument" (list $own $alike) }}
{{- $default := include "fragment.valueAt" (list $ $value) | mustFromJson }}
{{- /* The chart leaves out what is the engine's default. */}}
{{- if not $set }}
{{- $set = kindIs "float64" $default | ternary (toString $default) "auto" }}
{{- end }}
{{- $also := get ($.Facts.engine.alsoAccepted | default dict) $value | default "" | splitList " " }}
{{- $switched := and (kindIs "bool" $default) $default (or (not $given) (hasPrefix "-" $given)) }}
{{- if not (or $switched (and $given (or (has $given $also) (include "fragment.sameSetting" (list $given $set))))) }}
extraArgs: {{ $flag }} is set there, but {{ $value }} is the value for it, which the chart reads, too; remove it, and set {{ $value }}
{{- end }}
{{- end }}
{{- $env := include "fragment.slot.server.env" . | include "fragment.map" | mustFromJson }}
{{- range $name, $value := .Facts.engine.variables }}
{{- if hasKey $.Values.env $name }}
{{- $given := get $.Values.env $name | toString }}
{{- /* The chart leaves out what is the engine's default. */}}
{{- $set := hasKey $env $name | ternary (get $env $name) (include "fragment.valueAt" (list $ $value) | mustFromJson) | toString }}
{{- if not (include "fragment.sameSetting" (list $given $set)) }}
env.{{ $name }}: {{ $value }} is the value for it, which the chart reads, too; remove it, and set {{ $value }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The tag under images belongs to its own repository. */}}
{{- define "fragment.server.imageChecks" -}}
{{- $image := .Values.image }}
{{- $facts := .Facts.engine }}
{{- $usual := get .Values.images ($facts.image | default "") | default dict }}
{{- with $image.repository }}
{{- $program := splitList "/" . | last }}
{{- if and $usual.repository (ne $program (splitList "/" $usual.repository | last)) (not (or $image.tag $image.digest)) }}
image.tag: is empty, so {{ . }} would be pulled with {{ $usual.tag }}, which is a tag of {{ $usual.repository }}; set image.tag
{{- end }}
{{- end }}
{{- end }}

{{- /* A node port can belong to only one Service. */}}
{{- define "fragment.server.releaseChecks" -}}
{{- $users := dict }}
{{- range $name, $server := .Servers }}
{{- $pods := printf "%s-pods" $name }}
{{- if and (hasKey $.Servers $pods) (eq .Facts.server.kind "StatefulSet") }}
servers.{{ $pods }}: {{ $pods }} is the name of the headless Service of server {{ $name }}; rename one of the two servers
{{- end }}
{{- if eq .Facts.server.kind "LeaderWorkerSet" }}
{{- range list "group" "worker" }}
{{- $taken := printf "%s-%s" $name . }}
{{- if hasKey $.Servers $taken }}
servers.{{ $taken }}: the name is used for the pods of server {{ $name }}, which runs across nodes; rename one of the two servers
{{- end }}
{{- end }}
{{- end }}
{{- with ternary (int64 .Values.service.nodePort) 0 (empty .Facts.batch) }}
{{- $_ := set $users (toString .) (append (get $users (toString .) | default list) $name) }}
{{- end }}
{{- end }}
{{- /* Charts of UIs have a value image, too, and there it is the image of the UI. */}}
{{- range $name, $server := .Servers }}
{{- $images := .Values.images }}
{{- with .Values.image.repository }}
{{- $image := . }}
{{- range $.Facts.ui }}
{{- if eq (splitList "/" $image | last) (splitList "/" (get $images .image).repository | last) }}
servers.{{ $name }}: image.repository: {{ $image }} is the image of {{ .title }}, but image sets the image of the model servers; set it under images.{{ .image }}, and check that the other values of the file are meant for the model servers, too
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $port, $names := $users }}
{{- if gt (len $names) 1 }}
service.nodePort: servers {{ join " and " $names }} have the same node port {{ $port }}; set a different port in each entry of servers
{{- end }}
{{- end }}
{{- end }}
