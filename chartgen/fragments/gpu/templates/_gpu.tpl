{{- /*
The row of the table that the values name, {} where there is none. Given a server's context. Only the vendor's block is
read: the whole table would be parsed dozens of times in a render.
*/}}
{{- define "fragment.gpu.row" -}}
{{- get (include "fragment.gpu.schemes" . | fromYaml) .Values.gpu.scheme | default dict | toYaml }}
{{- end }}

{{- define "fragment.gpu.schemes" -}}
{{- $block := regexFind (printf "(?m)^%s:\\n(  .*\\n?)+" .Values.gpu.vendor) (.Files.Get "files/gpu/vendors.yaml") | fromYaml }}
{{- (get $block .Values.gpu.vendor | default dict).schemes | default dict | toYaml }}
{{- end }}

{{- /* All vendors, for sentences. */}}
{{- define "fragment.gpu.vendors" -}}
{{- $names := list }}
{{- range regexFindAll "(?m)^[a-z0-9]+:" (.Files.Get "files/gpu/vendors.yaml") -1 }}
{{- $names = append $names (trimSuffix ":" .) }}
{{- end }}
{{- printf "one of %s" ($names | sortAlpha | join ", ") }}
{{- end }}

{{- /* What a share of a card has, in MiB; 0 where that is all of it. */}}
{{- define "fragment.gpu.mebibytes" -}}
{{- $unit := regexFind "[MGT]i$" .Values.gpu.memory }}
{{- mul (trimSuffix $unit .Values.gpu.memory | int64) (get (dict "Mi" 1 "Gi" 1024 "Ti" 1048576) $unit | default 0) }}
{{- end }}

{{- /* Of devices that the table does not know the vendor is `other`. */}}
{{- define "fragment.gpu.facts" -}}
{{- $count := ternary 0 (int64 .Values.gpu.count) (eq .Values.gpu.vendor "none") }}
{{- if .Values.gpu.resources }}
{{- $count = 0 }}
{{- range .Values.gpu.resources }}
{{- $count = add $count (int64 .) }}
{{- end }}
{{- end -}}
vendor: {{ ternary "other" .Values.gpu.vendor (and (eq .Values.gpu.vendor "none") (gt (len .Values.gpu.resources) 0)) }}
count: {{ $count }}
memoryMiB: {{ include "fragment.gpu.mebibytes" . }}
{{- end }}

{{- /* Each device and its amount. Names may hold the partition or the type. */}}
{{- define "fragment.gpu.devices" -}}
{{- if .Values.gpu.resources }}
{{- toYaml .Values.gpu.resources }}
{{- else }}
{{- $gpu := .Values.gpu }}
{{- $row := include "fragment.gpu.row" . | fromYaml }}
{{- $found := dict }}
{{- with $row.resource }}
{{- $_ := set $found . (int64 $gpu.count) }}
{{- end }}
{{- if and $row.memory $gpu.memory }}
{{- $_ := set $found $row.memory.resource (div (include "fragment.gpu.mebibytes" . | int64) (int64 $row.memory.unit)) }}
{{- end }}
{{- if and $row.cores (or $gpu.coresPercent $row.cores.cards) }}
{{- $percent := int64 $gpu.coresPercent | default (mul 100 (int64 $gpu.count)) }}
{{- $_ := set $found $row.cores.resource (div (mul $percent (int64 $row.cores.whole)) 100) }}
{{- end }}
{{- range $name, $amount := $found }}
{{ $name | replace "{partition}" $gpu.partition | replace "{type}" $gpu.type }}: {{ $amount }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.gpu.tolerations" -}}
{{- with (include "fragment.gpu.row" . | fromYaml).tolerations }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "fragment.gpu.nodeSelector" -}}
{{- $row := include "fragment.gpu.row" . | fromYaml }}
{{- with $row.nodeSelector }}
{{- toYaml . }}
{{ end }}
{{- if and .Values.gpu.type ($row.type).nodeLabel }}
{{- $row.type.nodeLabel }}: {{ .Values.gpu.type | quote }}
{{- end }}
{{- end }}

{{- define "fragment.gpu.podAnnotations" -}}
{{- $row := include "fragment.gpu.row" . | fromYaml }}
{{- if and .Values.gpu.type ($row.type).annotation }}
{{- $row.type.annotation }}: {{ .Values.gpu.type | quote }}
{{- end }}
{{- end }}

{{- /* Cards are scarce: a rollout that needs spare ones would wait for ever. */}}
{{- define "fragment.gpu.surge" -}}
{{- if or (ne .Values.gpu.vendor "none") .Values.gpu.resources -}}
false
{{- end }}
{{- end }}

{{- /* What a pod asks of DRA, as the spec of a ResourceClaimTemplate; empty with other schemes. */}}
{{- define "fragment.gpu.claim" -}}
{{- $gpu := .Values.gpu }}
{{- with and (not $gpu.resources) (include "fragment.gpu.row" . | fromYaml).class -}}
spec:
  devices:
    requests:
    - name: gpus
      exactly:
        deviceClassName: {{ ternary .partition .name (and $gpu.partition .partition | not | not) }}
        count: {{ int64 $gpu.count }}
        {{- $selectors := list }}
        {{- if $gpu.partition }}
        {{- $selectors = append $selectors (printf "device.attributes['%s'].profile == '%s'" .name $gpu.partition) }}
        {{- end }}
        {{- if and $gpu.type .type }}
        {{- $selectors = append $selectors (printf "device.attributes['%s'].%s == '%s'" .name .type $gpu.type) }}
        {{- end }}
        {{- with $selectors }}
        selectors:
        {{- range . }}
        - cel:
            expression: {{ quote . }}
        {{- end }}
        {{- end }}
{{- end }}
{{- end }}

{{- /* A claim's template cannot be changed: another one has another name. */}}
{{- define "fragment.gpu.claimName" -}}
{{- $hash := include "fragment.gpu.claim" . | fromYaml | toJson | sha256sum | trunc 8 }}
{{- include "fragment.name" (list . (printf "%s-gpus-%s" .Server $hash)) }}
{{- end }}

{{- define "fragment.gpu.resourceClaims" -}}
{{- if include "fragment.gpu.claim" . -}}
- name: gpus
  resourceClaimTemplateName: {{ include "fragment.gpu.claimName" . }}
{{- end }}
{{- end }}

{{- define "fragment.gpu.checks" -}}
{{- $gpu := .Values.gpu }}
{{- $row := include "fragment.gpu.row" . | fromYaml }}
{{- $engine := include "fragment.slot.engine.facts" . | fromYaml }}
{{- $type := $row.type | default dict }}
{{- $cores := int64 $gpu.coresPercent }}
{{- $memory := include "fragment.gpu.mebibytes" . | int64 }}
{{- if and $gpu.resources (gt (int64 $gpu.count) 1) }}
gpu.count: {{ int64 $gpu.count }} is given beside gpu.resources, which says how many there are; leave gpu.count out
{{- else if eq $gpu.vendor "none" }}
{{- $vendors := include "fragment.gpu.vendors" . }}
{{- if gt (int64 $gpu.count) 1 }}
gpu.count: {{ int64 $gpu.count }} cards are asked for, but gpu.vendor is none; set gpu.vendor to {{ $vendors }}
{{- end }}
{{- range $key := list "type" "memory" "partition" "coresPercent" }}
{{- if get $gpu $key }}
gpu.{{ $key }}: {{ get $gpu $key }} is asked for, but gpu.vendor is none; set gpu.vendor to {{ $vendors }}
{{- end }}
{{- end }}
{{- if ne $gpu.scheme "devicePlugin" }}
gpu.scheme: {{ $gpu.scheme }} is asked for, but gpu.vendor is none; set gpu.vendor to {{ $vendors }}
{{- end }}
{{- if not $gpu.resources }}
{{- include "fragment.gpu.strays" . }}
{{- end }}
{{- else if $gpu.resources }}
gpu.resources: is given beside gpu.vendor {{ $gpu.vendor }}, which says what there is; leave one of them out
{{- else if not $row }}
gpu.scheme: {{ $gpu.vendor }} has no {{ $gpu.scheme }}; set gpu.scheme to {{ keys (include "fragment.gpu.schemes" . | fromYaml) | sortAlpha | join " or " }}
{{- else }}
{{- if and $type.nodeLabel $gpu.type (not (contains "," $gpu.type)) (not (regexMatch "^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$" $gpu.type)) }}
gpu.type: {{ $gpu.type }} cannot be the value of a node's label; set it to what {{ $type.nodeLabel }} says on the nodes
{{- else if and $type.nodeLabel (contains "," $gpu.type) }}
gpu.type: {{ $gpu.type }} is a list, but {{ $gpu.scheme }} selects nodes by one value of the label {{ $type.nodeLabel }}; name one card, or use affinity
{{- else if and $type.name $gpu.type (not (regexMatch "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$" $gpu.type)) }}
gpu.type: {{ $gpu.type }} cannot be part of a device's name; set it to the card's name, as {{ $row.resource }} has it on the nodes
{{- else if and $type.required (not $gpu.type) }}
gpu.type: {{ $gpu.scheme }} of {{ $gpu.vendor }} needs to know which card; set gpu.type, to "{{ ternary "Ascend910B3" "T4,V100" ($type.name | default false) }}" for instance
{{- else if and $gpu.type (not $type) (not ($row.class).type) }}
gpu.type: {{ $gpu.scheme }} of {{ $gpu.vendor }} cannot choose a card by its type; leave gpu.type out, and use nodeSelector
{{- else if and $gpu.type $row.class (not (regexMatch "^[A-Za-z0-9 ._-]+$" $gpu.type)) }}
gpu.type: {{ $gpu.type }} cannot be the name of a card; write it as the driver's ResourceSlices have it
{{- end }}
{{- if and $gpu.partition (not $row.partition) (not ($row.class).partition) }}
gpu.partition: {{ $gpu.scheme }} of {{ $gpu.vendor }} knows no partitions; leave it out, or set gpu.scheme to one that does
{{- else if and $row.partition (not $gpu.partition) }}
gpu.partition: {{ $gpu.scheme }} needs to know which; set gpu.partition, to 1g.10gb for instance
{{- end }}
{{- if and $gpu.memory (not $row.memory) }}
gpu.memory: {{ $gpu.scheme }} of {{ $gpu.vendor }} hands out whole cards, no share of their memory; leave it out, or set gpu.scheme to one that does
{{- else if and $gpu.memory (or (not $memory) (mod $memory (int64 $row.memory.unit))) }}
gpu.memory: {{ $gpu.memory }} cannot be said in units of {{ int64 $row.memory.unit }} MiB, which is what {{ $gpu.scheme }} of {{ $gpu.vendor }} counts in; round it
{{- else if and ($row.memory).needed (not $gpu.memory) (or $cores (not ($row.cores).cards)) }}
gpu.memory: {{ $gpu.scheme }} needs to know how much of a card's memory; set gpu.memory, to 8Gi for instance
{{- end }}
{{- if and $cores (not $row.cores) }}
gpu.coresPercent: {{ $gpu.scheme }} of {{ $gpu.vendor }} hands out whole cards, no share of their compute; leave it out, or set gpu.scheme to one that does
{{- else if and $cores ($row.cores).step (mod $cores (int64 $row.cores.step)) }}
gpu.coresPercent: {{ $cores }} is no multiple of {{ int64 $row.cores.step }}, in which {{ $gpu.scheme }} counts; round it
{{- else if and ($row.cores).cards $gpu.memory (not $cores) }}
gpu.coresPercent: {{ $gpu.scheme }} needs to know how much of a card's compute goes with gpu.memory; set gpu.coresPercent, to 50 for instance, or leave gpu.memory out for whole cards
{{- end }}
{{- if and (not $row.resource) (not $row.class) (gt (int64 $gpu.count) 1) (or $gpu.memory $cores) }}
gpu.count: a share by {{ $gpu.scheme }} lies on one card; leave gpu.count out{{ if ($row.cores).cards }}, or gpu.memory and gpu.coresPercent for whole cards{{ end }}
{{- end }}
{{- if and $row.class (not (semverCompare ">=1.34.0-0" .Capabilities.KubeVersion.Version)) }}
gpu.scheme: dra is part of Kubernetes from 1.34 on, and this is {{ .Capabilities.KubeVersion.Version }}; set gpu.scheme to devicePlugin
{{- end }}
{{- if not (or .Values.image.repository (has $gpu.vendor $engine.vendors)) }}
gpu.vendor: the images of {{ .Values.engine }} have nothing for {{ $gpu.vendor }}; set image.repository and image.tag to one that has
{{- end }}
{{- end }}
{{- end }}

{{- /* Cards that are asked for beside gpu: nothing would count them. */}}
{{- define "fragment.gpu.strays" -}}
{{- $asked := merge dict (.Values.resources.limits | default dict) (.Values.resources.requests | default dict) }}
{{- $table := "" }}
{{- range $name := keys $asked | sortAlpha }}
{{- if contains "/" $name }}
{{- $table = $table | default ($.Files.Get "files/gpu/vendors.yaml") }}
{{- if regexMatch (printf "resource: %s\\b" $name) $table }}
resources: {{ $name }} is asked for, but gpu.vendor is none; set gpu.vendor to who makes it, and gpu.count to how many there are
{{- end }}
{{- end }}
{{- end }}
{{- end }}
