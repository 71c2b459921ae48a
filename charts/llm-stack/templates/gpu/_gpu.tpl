
{{- define "llm-stack.gpu.row" -}}
{{- $found := dict }}
{{- if ne .Values.gpu.vendor "none" }}
{{- $found = include "llm-stack.read" (list . "files/gpu/vendors.yaml") | mustFromJson | dig .Values.gpu.vendor "schemes" .Values.gpu.scheme dict }}
{{- end }}
{{- mustToJson $found }}
{{- end }}


{{- define "llm-stack.gpu.mebibytes" -}}
{{- $unit := regexFind "[MGT]i$" .Values.gpu.memory }}
{{- mul (trimSuffix $unit .Values.gpu.memory | int64) (get (dict "Mi" 1 "Gi" 1024 "Ti" 1048576) $unit | default 0) }}
{{- end }}





{{- define "llm-stack.gpu.counted" -}}
{{- $whole := dict }}
{{- range include "llm-stack.read" (list . "files/gpu/vendors.yaml") | mustFromJson }}
{{- range .schemes }}
{{- if (.cores).cards }}
{{- $_ := set $whole .cores.resource (int64 .cores.whole) }}
{{- end }}
{{- end }}
{{- end }}
{{- $count := 0 }}
{{- range $name, $amount := .Values.gpu.resources }}
{{- if hasKey $whole $name }}
{{- $count = add $count (max 1 (div (int64 $amount) (get $whole $name))) }}
{{- else if not (regexMatch "(mem|memory|vmem|vmemory|cores?|vcores?|percentage|priority)$" (lower $name)) }}
{{- $count = add $count (int64 $amount) }}
{{- end }}
{{- end }}
{{- max 1 $count }}
{{- end }}


{{- define "llm-stack.gpu.profile" -}}
{{- $found := list .Values.gpu.partition | compact }}
{{- range $name, $_ := .Values.gpu.resources }}
{{- if hasPrefix "nvidia.com/mig-" $name }}
{{- $found = append $found (trimPrefix "nvidia.com/mig-" $name) }}
{{- end }}
{{- end }}
{{- if eq (len $found) 1 }}
{{- first $found }}
{{- end }}
{{- end }}





{{- define "llm-stack.gpu.facts" -}}
{{- $count := ternary 0 (int64 .Values.gpu.count) (eq .Values.gpu.vendor "none") }}
{{- if .Values.gpu.resources }}
{{- $count = include "llm-stack.gpu.counted" . | int64 }}
{{- end }}
{{- $memory := include "llm-stack.gpu.mebibytes" . | int64 }}
{{- $profile := include "llm-stack.gpu.profile" . }}
{{- with regexFind "[0-9]+gb" $profile }}
{{- $memory = mul 1024 (trimSuffix "gb" . | int64) }}
{{- end -}}
vendor: {{ ternary "other" .Values.gpu.vendor (and (eq .Values.gpu.vendor "none") (gt (len .Values.gpu.resources) 0)) | quote }}
count: {{ int64 $count }}
memoryMiB: {{ int64 $memory }}
{{- with $profile }}
partition: {{ quote . }}
partitionValue: gpu.{{ ternary "resources" "partition" (empty $.Values.gpu.partition) }}
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.devices" -}}
{{- if .Values.gpu.resources }}
{{- toYaml .Values.gpu.resources }}
{{- else }}
{{- $gpu := .Values.gpu }}
{{- $row := include "llm-stack.gpu.row" . | mustFromJson }}
{{- $found := dict }}
{{- with $row.resource }}
{{- $_ := set $found . (int64 $gpu.count) }}
{{- end }}
{{- if and $row.memory $gpu.memory }}
{{- $_ := set $found $row.memory.resource (div (include "llm-stack.gpu.mebibytes" . | int64) (int64 $row.memory.unit)) }}
{{- end }}
{{- if and $row.cores (or $gpu.coresPercent $row.cores.cards) }}
{{- $percent := int64 $gpu.coresPercent | default (mul 100 (int64 $gpu.count)) }}
{{- $_ := set $found $row.cores.resource (div (mul $percent (int64 $row.cores.whole)) 100) }}
{{- end }}
{{- $devices := dict }}
{{- range $name, $amount := $found }}
{{- $_ := set $devices ($name | replace "{partition}" $gpu.partition | replace "{type}" $gpu.type) $amount }}
{{- end }}
{{- toYaml $devices }}
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.tolerations" -}}
{{- with (include "llm-stack.gpu.row" . | mustFromJson).tolerations }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.nodeSelector" -}}
{{- $row := include "llm-stack.gpu.row" . | mustFromJson }}
{{- with $row.nodeSelector }}
{{- toYaml . }}
{{ end }}
{{- if and .Values.gpu.type ($row.type).nodeLabel }}
{{- $row.type.nodeLabel | quote }}: {{ .Values.gpu.type | quote }}
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.podAnnotations" -}}
{{- $row := include "llm-stack.gpu.row" . | mustFromJson }}
{{- if and .Values.gpu.type ($row.type).annotation }}
{{- $row.type.annotation | quote }}: {{ .Values.gpu.type | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.surge" -}}
{{- if or (ne .Values.gpu.vendor "none") .Values.gpu.resources -}}
false
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.claim" -}}
{{- $gpu := .Values.gpu }}
{{- with and (not $gpu.resources) (include "llm-stack.gpu.row" . | mustFromJson).class -}}
spec:
  devices:
    requests:
    - name: gpus
      exactly:
        deviceClassName: {{ and $gpu.partition .partition | default .name | quote }}
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


{{- define "llm-stack.gpu.claimName" -}}
{{- $hash := include "llm-stack.gpu.claim" . | include "llm-stack.map" | sha256sum | trunc 8 }}
{{- include "llm-stack.name" (list . (printf "%s-gpus-%s" .Server $hash)) }}
{{- end }}

{{- define "llm-stack.gpu.resourceClaims" -}}
{{- if include "llm-stack.gpu.claim" . -}}
- name: gpus
  resourceClaimTemplateName: {{ include "llm-stack.gpu.claimName" . | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.partitions" -}}
{{- $count := 0 }}
{{- range $name, $amount := .Values.gpu.resources }}
{{- if hasPrefix "nvidia.com/mig-" $name }}
{{- $count = add $count (int64 $amount) }}
{{- end }}
{{- end }}
{{- if .Values.gpu.partition }}
{{- $count = int64 .Values.gpu.count }}
{{- end }}
{{- int64 $count }}
{{- end }}

{{- define "llm-stack.gpu.checks" -}}
{{- $gpu := .Values.gpu }}
{{- range $name, $_ := include "llm-stack.gpu.devices" . | include "llm-stack.map" | mustFromJson }}
{{- if hasKey $.Values.nodes.resources $name }}
nodes.resources: {{ $name }} is the GPU, whose number is that of gpu.{{ ternary "resources" "count" (gt (len $gpu.resources) 0) }}; remove it here
{{- end }}
{{- end }}
{{- $partitions := include "llm-stack.gpu.partitions" . | int64 }}
{{- if and (gt $partitions 1) (not .Facts.engine.partitions) }}
gpu.{{ ternary "resources" "count" (empty $gpu.partition) }}: the pod would get {{ $partitions }} MIG partitions, but CUDA shows a process only one of them; request one larger partition, or one partition for each pod and set replicas to {{ $partitions }}
{{- end }}
{{- $row := include "llm-stack.gpu.row" . | mustFromJson }}
{{- $counted := gt (int64 $gpu.count) 1 }}
{{- if and $gpu.resources $counted }}
gpu.count: {{ int64 $gpu.count }} is set, but gpu.resources already contains the number of GPUs; remove gpu.count
{{- else if eq $gpu.vendor "none" }}
{{- include "llm-stack.gpu.strays" . }}
{{- if not (or $gpu.resources .Values.image.repository (dig "cpu" true .Facts.engine)) }}
gpu.vendor: engine {{ .Values.engine }} has no image for CPUs; set gpu.vendor to {{ join " or " .Facts.engine.vendors }}, or image.repository and image.tag to an image that runs on CPUs
{{- end }}
{{- else if $gpu.resources }}
gpu.resources: cannot be combined with gpu.vendor {{ $gpu.vendor }}; remove one of them
{{- else if not $row }}
{{- $vendor := get (include "llm-stack.read" (list . "files/gpu/vendors.yaml") | mustFromJson) $gpu.vendor }}
gpu.scheme: vendor {{ $gpu.vendor }} has no scheme {{ $gpu.scheme }}; set gpu.scheme to {{ keys $vendor.schemes | sortAlpha | join " or " }}
{{- else }}
{{- $given := dict "gpu" $gpu "row" $row "scheme" (printf "%s of %s" $gpu.scheme $gpu.vendor) }}
{{- include "llm-stack.gpu.typeChecks" $given }}
{{- include "llm-stack.gpu.partitionChecks" $given }}
{{- include "llm-stack.gpu.memoryChecks" (merge (dict "mebibytes" (include "llm-stack.gpu.mebibytes" . | int64)) $given) }}
{{- include "llm-stack.gpu.coresChecks" $given }}
{{- $whole := or $row.resource $row.class }}
{{- if and $counted (or $gpu.memory $gpu.coresPercent) (not $whole) }}
gpu.count: with {{ $gpu.scheme }}, a share is part of a single card; remove gpu.count{{ if ($row.cores).cards }}, or remove gpu.memory and gpu.coresPercent to use full cards{{ end }}
{{- end }}
{{- if and $row.class (semverCompare "<1.34.0-0" .Capabilities.KubeVersion.Version) }}
gpu.scheme: dra needs Kubernetes 1.34 or newer, and this cluster has {{ .Capabilities.KubeVersion.Version }}; set gpu.scheme to devicePlugin
{{- end }}
{{- if not (or .Values.image.repository (has $gpu.vendor .Facts.engine.vendors)) }}
gpu.vendor: engine {{ .Values.engine }} has no image for {{ $gpu.vendor }}; set image.repository and image.tag to an image that supports it
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.typeChecks" -}}
{{- $type := .gpu.type }}
{{- $by := .row.type | default dict }}
{{- $attribute := (.row.class).type }}
{{- $label := "^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$" }}
{{- $device := "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$" }}
{{- if not $type }}
{{- if $by.required }}
gpu.type: is empty, but {{ .scheme }} needs the card's type; set it, for example to "{{ $by.example }}"
{{- end }}
{{- else if not (or $by $attribute) }}
gpu.type: {{ .scheme }} cannot select a card by its type; remove gpu.type, and use nodeSelector
{{- else if and $by.nodeLabel (contains "," $type) }}
gpu.type: {{ $type }} is a list, but {{ .gpu.scheme }} selects nodes by a single value of the label {{ $by.nodeLabel }}; set one type, or use affinity
{{- else if and $by.nodeLabel (not (regexMatch $label $type)) }}
gpu.type: {{ $type }} is not a valid value of a node label; set it to the value of {{ $by.nodeLabel }} on the nodes
{{- else if and $by.name (not (regexMatch $device $type)) }}
gpu.type: {{ $type }} cannot be part of a resource's name; set it to the card's name in the resource {{ .row.resource }} of the nodes
{{- else if and $attribute (not (regexMatch "^[A-Za-z0-9 ._-]+$" $type)) }}
gpu.type: {{ $type }} is not a valid name of a card; write it as in the driver's ResourceSlices
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.partitionChecks" -}}
{{- if and .gpu.partition (not (or .row.partition (.row.class).partition)) }}
gpu.partition: {{ .scheme }} does not support partitions; remove it, or use a gpu.scheme that does
{{- else if and .row.partition (not .gpu.partition) }}
gpu.partition: is empty, but {{ .gpu.scheme }} needs a partition; set it, for example to 1g.10gb
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.memoryChecks" -}}
{{- $memory := .row.memory | default dict }}
{{- $unit := int64 $memory.unit }}
{{- $share := or .gpu.coresPercent (not (.row.cores).cards) }}
{{- if and .gpu.memory (not $memory) }}
gpu.memory: {{ .scheme }} assigns full cards and not a share of their memory; remove it, or use a gpu.scheme that can share
{{- else if and .gpu.memory (or (not .mebibytes) (mod .mebibytes $unit)) }}
gpu.memory: {{ .gpu.memory }} is not a multiple of {{ $unit }} MiB, the unit of {{ .scheme }}; round it up or down
{{- else if and $memory.needed $share (not .gpu.memory) }}
gpu.memory: is empty, but {{ .gpu.scheme }} needs an amount of a card's memory; set it, for example to 8Gi
{{- end }}
{{- end }}

{{- define "llm-stack.gpu.coresChecks" -}}
{{- $percent := int64 .gpu.coresPercent }}
{{- $cores := .row.cores | default dict }}
{{- $step := int64 ($cores.step | default 1) }}
{{- if and $percent (not $cores) }}
gpu.coresPercent: {{ .scheme }} assigns full cards and not a share of their compute; remove it, or use a gpu.scheme that can share
{{- else if mod $percent $step }}
gpu.coresPercent: {{ $percent }} is not a multiple of {{ $step }}, the step of {{ .gpu.scheme }}; round it up or down
{{- else if and $cores.cards .gpu.memory (not $percent) }}
gpu.coresPercent: is empty, but {{ .gpu.scheme }} needs a share of compute together with gpu.memory; set gpu.coresPercent, for example to 50, or remove gpu.memory to use full cards
{{- end }}
{{- end }}


{{- define "llm-stack.gpu.strays" -}}
{{- $gpu := .Values.gpu }}
{{- $asked := dict }}
{{- if gt (int64 $gpu.count) 1 }}
{{- $_ := set $asked "count" (printf "%d cards are" (int64 $gpu.count)) }}
{{- end }}
{{- range $key := list "type" "memory" "partition" "coresPercent" }}
{{- with get $gpu $key }}
{{- $_ := set $asked $key (printf "%v is" .) }}
{{- end }}
{{- end }}
{{- if ne $gpu.scheme "devicePlugin" }}
{{- $_ := set $asked "scheme" (printf "%s is" $gpu.scheme) }}
{{- end }}
{{- $resources := dict }}
{{- if not $gpu.resources }}
{{- $resources = merge dict (.Values.resources.limits | default dict) (.Values.resources.requests | default dict) }}
{{- end }}

{{- if or $asked (contains "/" (keys $resources | join " ")) }}
{{- $vendors := include "llm-stack.read" (list . "files/gpu/vendors.yaml") | mustFromJson }}
{{- range $key, $what := $asked }}
gpu.{{ $key }}: {{ $what }} set, but gpu.vendor is none; set gpu.vendor to one of {{ keys $vendors | sortAlpha | join ", " }}
{{- end }}
{{- $devices := list }}
{{- range $vendors }}
{{- range .schemes }}
{{- $devices = append $devices .resource | concat (list (.memory).resource (.cores).resource) }}
{{- end }}
{{- end }}
{{- range $name := keys $resources | sortAlpha }}
{{- if has $name $devices }}
resources: {{ $name }} is requested, but gpu.vendor is none; set gpu.vendor to the vendor, and gpu.count to the number of devices
{{- end }}
{{- end }}
{{- end }}
{{- end }}
