



{{- define "llm-stack.sizing.tag" -}}
{{- if eq (.Facts.source.format | default "ollama") "ollama" }}
{{- $family := trimPrefix "registry.ollama.ai/library/" .Model }}
{{- range include "llm-stack.sizing.read" . | splitList (printf "\n\"%s:" $family) | rest }}
{{- $line := splitList "\n" . | first }}
{{- if contains "\"default\": true" $line }}
{{- splitList "\"" $line | first }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.sizing.mebibytes" -}}
{{- $unit := regexFind "[A-Za-z]*$" . }}
{{- $bytes := get (dict
  "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976
  "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "P" 1000000000000000 "E" 1000000000000000000) $unit }}
{{- divf (mulf (trimSuffix $unit . | float64) $bytes) 1048576 | floor | int64 }}
{{- end }}










{{- define "llm-stack.sizing.facts" -}}
{{- $known := true }}
{{- $models := list }}
{{- $weights := 0 }}
{{- $experts := 0 }}
{{- $kv := 0 }}
{{- $bits := include "llm-stack.sizing.cacheBits" . | float64 }}
{{- $requests := int64 .Facts.engine.parallel | default 1 }}
{{- range .Facts.models }}
{{- $model := include "llm-stack.sizing.model" (dict "context" $ "model" .) | mustFromJson }}
{{- $tokens := mul $requests (int64 $.Values.model.contextLength) }}
{{- if $.Facts.engine.wholeContext }}
{{- $tokens = max (int64 $.Values.model.contextLength) (int64 $model.context) }}
{{- end }}
{{- $own := divf (mulf $model.kvKiBPerToken $tokens $bits) 16384 | floor | int64 }}
{{- $known = and $known (gt (int64 $model.weightsMiB) 0) }}
{{- $weights = add $weights (int64 $model.weightsMiB) }}
{{- $kv = add $kv $own }}
{{- $experts = add $experts (int64 $model.expertsMiB) }}
{{- $models = append $models (merge (dict "kvMiB" $own) $model) }}
{{- end }}
{{- $program := 2355 }}
{{- $copies := int64 (.Facts.engine.copies | default 1) }}
{{- $cards := mul (max 1 (int64 .Facts.gpu.count)) (int64 .Values.nodes.count) }}
{{- $shared := ternary (mul $experts (sub $copies 1)) 0 (.Facts.engine.sharesExperts | default false) }}
{{- $held := sub (mul $weights $copies) $shared }}
{{- $need := add (div (mul $held 102) 100) $kv (mul $program $cards) }}
{{- $usable := int64 (.Facts.engine.usablePercent | default 90) }}
{{- $sum := dict "known" $known "models" $models "weightsMiB" $weights "kvMiB" $kv "needMiB" $need }}
{{- $cache := mul (len $models) (int64 .Facts.engine.promptCacheMiB) }}
{{- merge (dict "programMiB" $program "usablePercent" $usable "promptCacheMiB" $cache) $sum | mustToJson }}
{{- end }}






{{- define "llm-stack.sizing.cacheBits" -}}
{{- $known := dict "f32" 32.0 "float" 32.0 "float32" 32.0 "fp8" 8.0 "fp8_e4m3" 8.0 "fp8_e5m2" 8.0 "fp8_inc" 8.0 "fp8_ds_mla" 9.25
  "fp8_per_token_head" 8.5 "int8_per_token_head" 8.5 "int4_per_token_head" 4.5 "nvfp4" 4.5 "nvfp4_4over6" 4.5 "fp4_e2m1" 4.5
  "q8_0" 8.5 "q5_1" 6.0 "q5_0" 5.5 "q4_1" 5.0 "q4_0" 4.5 "iq4_nl" 4.5 }}
{{- $bits := 0.0 }}
{{- $types := .Facts.engine.kvCacheTypes | default (list "") }}
{{- range $types }}
{{- $bits = addf $bits (get $known . | default 16.0) }}
{{- end }}
{{- divf $bits (len $types) }}
{{- end }}





{{- define "llm-stack.sizing.model" -}}
{{- $row := include "llm-stack.sizing.row" (dict "context" .context "reference" .model.reference "file" (.context.Facts.engine.modelFile | default "")) | mustFromJson }}
{{- $values := .context.Values }}
{{- $said := get $values.models .model.key | default $values.model }}
{{- $weights := int64 $row.weightsMiB }}
{{- $token := $row.kvKiBPerToken | default 0 | float64 }}
{{- with $said.weightsSize }}
{{- $weights = include "llm-stack.sizing.mebibytes" . | int64 }}
{{- $token = ternary $token 128.0 (hasKey $row "kvKiBPerToken") }}
{{- end }}
{{- with $row.windowKiBPerToken }}
{{- $kept := ternary (min (int64 $row.window) (int64 $values.model.contextLength)) (int64 $values.model.contextLength) ($.context.Facts.engine.slidingWindow | default false) }}
{{- $token = addf $token (divf (mulf . $kept) (max 1 (int64 $values.model.contextLength))) }}
{{- end }}
{{- with $said.kvCachePerToken }}
{{- $token = trimSuffix "Ki" . | float64 }}
{{- end }}
{{- $made := ternary (int64 $row.context) 0 (gt $token 0.0) }}
{{- $found := pick $row "dtype" "quantization" "heads" "kvHeads" }}

{{- $experts := 0 }}
{{- if $row.expertsM }}
{{- $wide := int64 $row.wideM }}
{{- $narrow := subf $weights (divf (mulf $wide 2000000) 1048576) }}
{{- $experts = divf (mulf $narrow $row.expertsM) (sub (int64 $row.parametersM) $wide) | floor | int64 }}
{{- end }}
{{- merge (dict "reference" .model.reference "weightsMiB" $weights "expertsMiB" $experts "kvKiBPerToken" $token "context" $made) $found | mustToJson }}
{{- end }}



{{- define "llm-stack.sizing.step" -}}
{{- $step := ternary 2 8 (le . 32768) }}
{{- mul $step (div (add . (mul $step 1024) -1) (mul $step 1024)) }}
{{- end }}






{{- define "llm-stack.sizing.limit" -}}
{{- $sum := .Facts.sizing }}
{{- $bound := include "llm-stack.sizing.mebibytes" (.Facts.cache.size | default "100Gi") | int64 }}
{{- $most := add (mul 2 (int64 $sum.programMiB)) (div (mul $bound 11) 10) (int64 $sum.kvMiB) }}
{{- if and .Facts.engine.usablePercent (not (int64 .Facts.gpu.count)) }}
{{- $most = include "llm-stack.sizing.mebibytes" .Floor | int64 | mul 8 }}
{{- end }}
{{- include "llm-stack.sizing.step" (add $most (ternary $bound 0 (.Facts.cache.memory | default false))) }}
{{- end }}

{{- define "llm-stack.sizing.resources" -}}
{{- $sum := .Facts.sizing }}
{{- $nodes := int64 .Values.nodes.count }}

{{- $weights := div (add (int64 $sum.weightsMiB) $nodes -1) $nodes }}
{{- $least := .Values.minimumResources }}
{{- $cpu := int64 $least.cpu }}
{{- $memory := $least.memory }}
{{- $limit := "" }}
{{- if $sum.known }}
{{- $cached := add (int64 $sum.promptCacheMiB) (ternary $weights 0 (.Facts.cache.memory | default false)) }}
{{- $cards := int64 .Facts.gpu.count }}
{{- $need := div (add (int64 $sum.needMiB) $nodes -1) $nodes }}
{{- $most := mul 2 $need }}
{{- if $cards }}
{{- $program := int64 $sum.programMiB }}
{{- $need = add $program (div $weights 10) }}
{{- $most = add (mul 2 $program) (div (mul $weights 11) 10) }}
{{- else }}
{{- range list 2 4 8 16 }}
{{- if gt $weights (mul . 2048) }}
{{- $cpu = max $cpu . }}
{{- end }}
{{- end }}
{{- end }}
{{- $step := include "llm-stack.sizing.step" (add $need $cached) | int64 }}
{{- $floor := include "llm-stack.sizing.mebibytes" $memory | int64 }}
{{- if gt (mul $step 1024) $floor }}
{{- $memory = printf "%dGi" $step }}
{{- end }}
{{- $limit = printf "%dGi" (include "llm-stack.sizing.step" (max (add $most $cached) (mul 2 $floor)) | int64) }}
{{- else }}
{{- $limit = printf "%dGi" (include "llm-stack.sizing.limit" (merge (dict "Floor" $memory) .) | int64) }}
{{- end -}}
requests: {cpu: {{ int64 $cpu }}, memory: {{ $memory | quote }}}
{{- with $limit }}
limits: {memory: {{ . | quote }}}
{{- end }}
{{- end }}


{{- define "llm-stack.sizing.values" -}}
{{- if not .Values.startupTimeoutSeconds -}}
startupTimeoutSeconds: {{ mul 1800 (add 1 (div (add 299 (div (int64 .Facts.sizing.weightsMiB) 50)) 1800)) }}
{{- end }}
{{- end }}


{{- define "llm-stack.sizing.volume" -}}
{{- mul 10 (div (add (div (mul (int64 .) 11) 10) 10239) 10240) }}
{{- end }}



{{- define "llm-stack.sizing.copies" -}}
{{- if eq .Values.model.delivery "none" -}}
1
{{- else }}
{{- $refreshes := .Facts.delivery.refreshes | default false }}
{{- add (ternary 2 0 $refreshes) (int64 (.Facts.source.copies | default 1)) }}
{{- end }}
{{- end }}


{{- define "llm-stack.sizing.acrossNodes" -}}
{{- if and .Facts.engine.group (eq (int64 (.Facts.engine.copies | default 1)) 1) -}}
true
{{- end }}
{{- end }}



{{- define "llm-stack.sizing.nodes" -}}
{{- $sum := .Facts.sizing }}
{{- $gpu := .Facts.gpu }}
{{- $each := mul (int64 $gpu.count) (sub (int64 $gpu.memoryMiB) (int64 $sum.programMiB)) }}
{{- if and (include "llm-stack.sizing.acrossNodes" .) (gt $each 0) }}
{{- $once := sub (int64 $sum.needMiB) (mul (int64 $sum.programMiB) (int64 $gpu.count) (int64 .Values.nodes.count)) }}
{{- div (add $once $each -1) $each }}
{{- end }}
{{- end }}

{{- define "llm-stack.sizing.checks" -}}
{{- $sum := .Facts.sizing }}
{{- $context := int64 .Values.model.contextLength }}
{{- range $sum.models }}
{{- if and .context (gt $context (int64 .context)) }}
model.contextLength: {{ $context }} is more than the {{ int64 .context }} tokens that {{ .reference }} supports; set model.contextLength to {{ int64 .context }} or less
{{- end }}
{{- end }}
{{- $split := int64 .Facts.engine.tensorParallelSize }}
{{- range $sum.models }}
{{- if and .heads $split (mod (int64 .heads) (max 1 $split)) }}
gpu.count: the {{ int64 .heads }} attention heads of {{ .reference }} cannot be split across {{ $split }} GPUs, and {{ $.Values.engine }} refuses to start; set gpu.count to a number that divides {{ int64 .heads }}, or split the layers with {{ $.Values.engine }}.pipelineParallelSize
{{- end }}
{{- end }}
{{- $cache := .Facts.cache }}
{{- $copies := int64 (include "llm-stack.sizing.copies" .) }}
{{- $need := mul $copies (int64 $sum.weightsMiB) }}
{{- if and $cache.size (not $cache.existing) (ne .Values.model.delivery "none") (gt $need (include "llm-stack.sizing.mebibytes" $cache.size | int64)) }}
modelCache.size: {{ $cache.size }} is too small for the models, which take {{ div (add $need 1023) 1024 }}Gi{{ if gt $copies 2 }} for the served, the new and the previous version{{ else if gt $copies 1 }}, packed and unpacked{{ end }}; set modelCache.size to {{ include "llm-stack.sizing.volume" $need }}Gi or more{{ if eq $cache.type "persistentVolumeClaim" }} (an existing claim grows only if its StorageClass allows volume expansion: otherwise name another with modelCache.existingClaim){{ else if eq $cache.type "volumeClaimTemplate" }} (if the StatefulSet exists, delete it with --cascade=orphan before you upgrade, and expand its claims){{ end }}
{{- end }}
{{- $limit := dig "limits" "memory" "" .Values.loader.resources | toString }}
{{- if and $cache.memory $limit (ne .Values.model.delivery "none") (gt $need (include "llm-stack.sizing.mebibytes" $limit | int64)) }}
loader.resources: the memory limit of {{ $limit }} includes the files written to a cache in memory, where the models take {{ div (add $need 1023) 1024 }}Gi; remove the limit, or raise it above that
{{- end }}
{{ include "llm-stack.sizing.limitFault" . }}
{{- $gpu := .Facts.gpu }}
{{- $nodes := int64 .Values.nodes.count }}
{{- $share := mul (int64 $gpu.memoryMiB) (int64 $gpu.count) $nodes }}
{{- $takes := int64 $sum.needMiB }}
{{- $tooLarge := and $sum.known $share (gt $takes $share) (not .Facts.engine.offloadsToMemory) }}
{{- if and $tooLarge $gpu.partition }}
{{ $gpu.partitionValue }}: a partition {{ $gpu.partition }} is too small for the model, which takes {{ div (add $takes 1023) 1024 }}Gi with a context of {{ $context }} tokens; choose a larger partition, or lower model.contextLength
{{- else if $tooLarge }}
gpu.memory: {{ int64 $gpu.memoryMiB }}Mi with gpu.count {{ int64 $gpu.count }}{{ if gt $nodes 1 }} on each of {{ $nodes }} nodes{{ end }} is too small for the model, which takes {{ div (add $takes 1023) 1024 }}Gi with a context of {{ $context }} tokens; raise gpu.memory or gpu.count{{ with include "llm-stack.sizing.nodes" . }}, set nodes.count to {{ . }}{{ end }}, or lower model.contextLength
{{- end }}
{{- end }}





{{- define "llm-stack.sizing.limitFault" -}}
{{- $limits := .Values.resources.limits | default dict }}
{{- $limit := get $limits "memory" | toString }}

{{- $devices := or (int64 .Facts.gpu.count) (contains "/" (keys $limits | join " ")) (include "llm-stack.slot.server.resourceClaims" . | trim) }}

{{- $uncounted := or .Values.runtimeClassName (hasKey .Values.env "NVIDIA_VISIBLE_DEVICES") (dig "privileged" false .Values.securityContext) }}
{{- range .Values.volumes }}
{{- $uncounted = or $uncounted (dig "hostPath" "path" "" . | hasPrefix "/dev") }}
{{- end }}
{{- if and $limit (not $devices) (not $uncounted) (not .Facts.engine.mapsWeights) }}
{{- $largest := 0 }}
{{- range .Facts.sizing.models }}
{{- $largest = max $largest (int64 .weightsMiB) }}
{{- end }}
{{- $takes := div (mul $largest (int64 .Facts.engine.copies | default 1)) (int64 .Values.nodes.count) }}
{{- if gt $takes (include "llm-stack.sizing.mebibytes" $limit | int64) }}
resources.limits.memory: {{ $limit }} is too small for the weights of the model, which take {{ div (add $takes 1023) 1024 }}Gi of the pod's memory without a GPU; raise the limit, or remove resources, and the chart calculates them
{{- end }}
{{- end }}

{{- $cached := int64 .Facts.engine.promptCacheMiB }}
{{- if and $limit $cached (ge $cached (include "llm-stack.sizing.mebibytes" $limit | int64)) }}
resources.limits.memory: {{ $limit }} is too small for the cache of prompts, which takes up to {{ $cached }}Mi of the pod's memory; raise the limit, or lower {{ .Values.engine }}.promptCacheMiB
{{- end }}
{{- end }}


{{- define "llm-stack.sizing.plan" -}}
{{- $sum := .Facts.sizing }}
{{- $gpu := .Facts.gpu }}
{{- $plan := dict "server" .Server "engine" .Values.engine "context" (int64 .Values.model.contextLength) }}
{{- $_ := set $plan "parallel" (int64 .Facts.engine.parallel | default 1) }}

{{- $serves := ternary (.Facts.engine.names | default (list .Facts.engine.model)) list (eq .Facts.engine.protocol "openai") }}
{{- $_ := set $plan "serves" (ternary list $serves (not (empty (.Facts.batch | default dict)))) }}
{{- $_ := set $plan "offloadsToMemory" (.Facts.engine.offloadsToMemory | default false) }}
{{- $_ := set $plan "models" $sum.models }}
{{- $_ := set $plan "vendors" (.Facts.engine.vendors | default list) }}
{{- $_ := set $plan "tensorParallel" (.Facts.engine.tensorParallel | default false) }}
{{- $_ := set $plan "engineCards" (.Facts.engine.cards | default dict) }}
{{- $_ := set $plan "dtype" (.Facts.engine.dtype | default "") }}
{{- $_ := set $plan "quantization" (.Facts.engine.quantization | default (first $sum.models).quantization | default "") }}
{{- $_ := set $plan "known" $sum.known }}
{{- $_ := set $plan "needMiB" (int64 $sum.needMiB) }}
{{- $_ := set $plan "programMiB" (int64 $sum.programMiB) }}
{{- $_ := set $plan "usablePercent" (int64 $sum.usablePercent) }}
{{- $_ := set $plan "promptCacheMiB" (int64 $sum.promptCacheMiB) }}
{{- $_ := set $plan "copies" (int64 (.Facts.engine.copies | default 1)) }}
{{- $_ := set $plan "nodes" (int64 .Values.nodes.count) }}
{{- $_ := set $plan "acrossNodes" (not (empty (include "llm-stack.sizing.acrossNodes" .))) }}
{{- $_ := set $plan "parallelism" (.Facts.engine.parallelism | default "") }}
{{- $_ := set $plan "gpu" (dict "vendor" $gpu.vendor "count" (int64 $gpu.count) "memoryMiB" (int64 $gpu.memoryMiB) "partition" ($gpu.partition | default "")) }}
{{- $_ := set $plan "resources" (ternary (include "llm-stack.sizing.resources" . | include "llm-stack.map" | mustFromJson) .Values.resources (empty .Values.resources)) }}
{{- $_ := set $plan "startupTimeoutSeconds" (int64 .Values.startupTimeoutSeconds) }}
{{- $stored := mul (include "llm-stack.sizing.copies" . | int64) (int64 $sum.weightsMiB) }}
{{- $ask := include "llm-stack.sizing.volume" $stored | int64 }}
{{- $_ := set $plan "volume" (dict "size" (.Facts.cache.size | default "") "askGiB" $ask) }}
{{- toJson $plan }}
{{- end }}
