{{- /*
Given a server's context with Model in it: the tag that a family of the catalogue means where none is given. The
catalogue's tags are ollama's; what another source has under such a name is its own.
*/}}
{{- define "llm-stack.sizing.tag" -}}
{{- if eq ((include "llm-stack.slot.source.facts" . | fromYaml).format | default "ollama") "ollama" }}
{{- $family := trimPrefix "registry.ollama.ai/library/" .Model | regexQuoteMeta }}
{{- with regexFind (printf `(?m)^%s:[^:]+: \{.*default: true.*$` $family) (.Files.Get "files/sizing/models.yaml") }}
{{- keys (fromYaml .) | first | splitList ":" | last }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A size such as 1.5Gi in whole MiB, rounded down. Given the size. */}}
{{- define "llm-stack.sizing.mebibytes" -}}
{{- $unit := regexFind "[A-Za-z]*$" . }}
{{- $bytes := get (dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "P" 1000000000000000 "E" 1000000000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976) $unit }}
{{- divf (mulf (trimSuffix $unit . | float64) $bytes) 1048576 | floor | int64 }}
{{- end }}

{{- /*
What a server's models need, as a map: known (whether all of them are described), models (reference, weightsMiB, kvMiB of
all parallel requests at full context, context that it was made for), weightsMiB and kvMiB of all. Figures of the values
win over the catalogue's.
*/}}
{{- define "llm-stack.sizing.sum" -}}
{{- $file := .Files.Get "files/sizing/models.yaml" }}
{{- $server := . }}
{{- $parallel := int64 (include "llm-stack.slot.engine.facts" . | fromYaml).parallel | default 1 }}
{{- $context := int64 .Values.model.contextLength }}
{{- $sum := dict "known" true "models" list "weightsMiB" 0 "kvMiB" 0 }}
{{- range include "llm-stack.models" . | mustFromJson }}
{{- $own := ternary (get $server.Values.models .key) $server.Values.model (hasKey $server.Values.models .key) }}
{{- $reference := regexReplaceAll "^registry\\.ollama\\.ai/library/" .reference "" }}
{{- $row := dict }}
{{- with regexFind (printf `(?m)^%s: \{.*$` (regexQuoteMeta $reference)) $file }}
{{- $row = get (fromYaml .) $reference }}
{{- end }}
{{- $weights := int64 $row.weightsMiB }}
{{- $token := int64 $row.kvKiBPerToken }}
{{- with $own.weightsSize }}
{{- $weights = include "llm-stack.sizing.mebibytes" . | int64 }}
{{- $token = $token | default 128 }}
{{- end }}
{{- with $own.kvCachePerToken }}
{{- $token = trimSuffix "Ki" . | int64 }}
{{- end }}
{{- if not $weights }}
{{- $_ := set $sum "known" false }}
{{- end }}
{{- $kv := div (mul $token $context $parallel) 1024 }}
{{- $model := dict "reference" .reference "weightsMiB" $weights "kvMiB" $kv "context" (ternary 0 (int64 $row.context) (eq $token 0)) }}
{{- $_ := set $sum "models" (append $sum.models $model) }}
{{- $_ := set $sum "weightsMiB" (add $sum.weightsMiB $weights) }}
{{- $_ := set $sum "kvMiB" (add $sum.kvMiB $kv) }}
{{- end }}
{{- toJson $sum }}
{{- end }}

{{- /* MiB as whole GiB, in steps of 2, beyond 32 of 8: a corrected figure of the catalogue seldom changes it. */}}
{{- define "llm-stack.sizing.step" -}}
{{- $step := ternary 2 8 (le . 32768) }}
{{- mul $step (div (add . (mul $step 1024) -1) (mul $step 1024)) }}
{{- end }}

{{- /*
In MiB, what a server's models take: 1.02 times the weights of each copy, the KV cache, and 2.3 GiB for the program, as
KAITO reckons (its preset estimator). On GPUs that is what the cards hold, the program's part on each; the pod's memory then holds the
program, and while it loads the weights pass through. A KV cache that is quantised counts as f16.
*/}}
{{- define "llm-stack.sizing.need" -}}
{{- $sum := include "llm-stack.sizing.sum" . | fromJson }}
{{- $cards := max 1 (int64 (include "llm-stack.slot.gpu.facts" . | fromYaml).count) }}
{{- $copies := (include "llm-stack.slot.engine.facts" . | fromYaml).copies | default 1 | int64 }}
{{- add (div (mul (int64 $sum.weightsMiB) $copies 102) 100) (int64 $sum.kvMiB) (mul 2355 $cards) }}
{{- end }}

{{- define "llm-stack.sizing.resources" -}}
{{- $sum := include "llm-stack.sizing.sum" . | fromJson }}
{{- $weights := int64 $sum.weightsMiB }}
{{- $least := .Values.minimumResources }}
{{- $cpu := int64 $least.cpu }}
{{- $memory := $least.memory }}
{{- $limit := "" }}
{{- if $sum.known }}
{{- $beside := ternary $weights 0 ((include "llm-stack.slot.cache.facts" . | fromYaml).memory | default false) }}
{{- $cards := int64 (include "llm-stack.slot.gpu.facts" . | fromYaml).count }}
{{- $need := include "llm-stack.sizing.need" . | int64 }}
{{- $most := mul 2 $need }}
{{- if $cards }}
{{- $need = add 2355 (div $weights 10) }}
{{- $most = add 4710 (div (mul $weights 11) 10) }}
{{- else }}
{{- range list 2 4 8 16 }}
{{- if gt $weights (mul . 2048) }}
{{- $cpu = max $cpu . }}
{{- end }}
{{- end }}
{{- end }}
{{- $step := include "llm-stack.sizing.step" (add $need $beside) | int64 }}
{{- $floor := include "llm-stack.sizing.mebibytes" $memory | int64 }}
{{- if gt (mul $step 1024) $floor }}
{{- $memory = printf "%dGi" $step }}
{{- end }}
{{- $limit = printf "%dGi" (include "llm-stack.sizing.step" (max (add $most $beside) (mul 2 $floor)) | int64) }}
{{- end -}}
requests: {cpu: {{ $cpu }}, memory: {{ $memory }}}
{{- with $limit }}
limits: {memory: {{ . }}}
{{- end }}
{{- end }}

{{- /* Reading 50 MiB a second from slow storage, and five minutes; in half hours. */}}
{{- define "llm-stack.sizing.startup" -}}
{{- $weights := (include "llm-stack.sizing.sum" . | fromJson).weightsMiB | int64 }}
{{- mul 1800 (add 1 (div (add 299 (div $weights 50)) 1800)) }}
{{- end }}

{{- /* In GiB, the volume to ask for: a tenth more than the models, in tens. */}}
{{- define "llm-stack.sizing.volume" -}}
{{- mul 10 (div (add (div (mul (int64 .) 11) 10) 10239) 10240) }}
{{- end }}

{{- /* How often a model lies in the cache while its source brings it. Where it changes under a running server, the version
that is served and the one before it lie there too. */}}
{{- define "llm-stack.sizing.copies" -}}
{{- if eq .Values.model.delivery "none" -}}
1
{{- else }}
{{- $refreshes := (include "llm-stack.slot.delivery.facts" . | fromYaml).refreshes | default false }}
{{- add (ternary 2 0 $refreshes) (int64 ((include "llm-stack.slot.source.facts" . | fromYaml).copies | default 1)) }}
{{- end }}
{{- end }}

{{- define "llm-stack.sizing.checks" -}}
{{- $sum := include "llm-stack.sizing.sum" . | fromJson }}
{{- $context := int64 .Values.model.contextLength }}
{{- range $sum.models }}
{{- if and .context (gt $context (int64 .context)) }}
model.contextLength: {{ $context }} is more than the {{ int64 .context }} tokens that {{ .reference }} was made for; set model.contextLength to {{ int64 .context }} or less
{{- end }}
{{- end }}
{{- $cache := include "llm-stack.slot.cache.facts" . | fromYaml }}
{{- $copies := int64 (include "llm-stack.sizing.copies" .) }}
{{- $need := mul $copies (int64 $sum.weightsMiB) }}
{{- if and $cache.size (not $cache.existing) (ne .Values.model.delivery "none") (gt $need (include "llm-stack.sizing.mebibytes" $cache.size | int64)) }}
modelCache.size: {{ $cache.size }} does not hold the models, which take {{ div (add $need 1023) 1024 }}Gi{{ if gt $copies 2 }}, since a version that comes lies beside the one that is served and the one before{{ else if gt $copies 1 }}, packed and unpacked{{ end }}; set modelCache.size to {{ include "llm-stack.sizing.volume" $need }}Gi or more
{{- end }}
{{- $limit := dig "limits" "memory" "" .Values.loader.resources | toString }}
{{- if and $cache.memory $limit (ne .Values.model.delivery "none") (gt $need (include "llm-stack.sizing.mebibytes" $limit | int64)) }}
loader.resources: its memory's limit of {{ $limit }} counts what it writes to a cache in memory, where the models take {{ div (add $need 1023) 1024 }}Gi; leave the limit out, or raise it above that
{{- end }}
{{- $gpu := include "llm-stack.slot.gpu.facts" . | fromYaml }}
{{- $share := mul (int64 $gpu.memoryMiB) (int64 $gpu.count) }}
{{- $takes := include "llm-stack.sizing.need" . | int64 }}
{{- if and $sum.known $share (gt $takes $share) (not (include "llm-stack.slot.engine.facts" . | fromYaml).offloadsToMemory) }}
gpu.memory: {{ .Values.gpu.memory }} on each of {{ int64 $gpu.count }} does not hold the model, which takes {{ div (add $takes 1023) 1024 }}Gi with {{ $context }} tokens of context; raise gpu.memory or gpu.count, or lower model.contextLength
{{- end }}
{{- end }}

{{- /* What `chartgen plan` prints of a server, as JSON. */}}
{{- define "llm-stack.sizing.plan" -}}
{{- $sum := include "llm-stack.sizing.sum" . | fromJson }}
{{- $gpu := include "llm-stack.slot.gpu.facts" . | fromYaml }}
{{- $plan := dict "server" .Server "engine" .Values.engine "context" (int64 .Values.model.contextLength) }}
{{- $_ := set $plan "parallel" (int64 (include "llm-stack.slot.engine.facts" . | fromYaml).parallel | default 1) }}
{{- $_ := set $plan "offloadsToMemory" ((include "llm-stack.slot.engine.facts" . | fromYaml).offloadsToMemory | default false) }}
{{- $_ := set $plan "models" $sum.models }}
{{- $_ := set $plan "known" $sum.known }}
{{- $_ := set $plan "needMiB" (include "llm-stack.sizing.need" . | int64) }}
{{- $_ := set $plan "gpu" (dict "vendor" $gpu.vendor "count" (int64 $gpu.count) "memoryMiB" (int64 $gpu.memoryMiB)) }}
{{- $_ := set $plan "resources" (ternary (include "llm-stack.sizing.resources" . | fromYaml) .Values.resources (empty .Values.resources)) }}
{{- $_ := set $plan "startupTimeoutSeconds" (int64 .Values.startupTimeoutSeconds) }}
{{- $_ := set $plan "volume" (dict "size" ((include "llm-stack.slot.cache.facts" . | fromYaml).size | default "") "askGiB" (include "llm-stack.sizing.volume" (mul (int64 (include "llm-stack.sizing.copies" .)) (int64 $sum.weightsMiB)) | int64)) }}
{{- toJson $plan }}
{{- end }}
