



{{- define "llm-stack.upgrade.checks" -}}
{{- if and .Values.upgradeChecks.enabled (lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt") }}
{{- $fields := include "llm-stack.read" (list . "files/upgrade/immutable.yaml") | mustFromJson }}
{{- $objects := include "llm-stack.upgrade.objects" (list . (append (keys $fields) "ScaledObject")) | mustFromJson }}
{{ include "llm-stack.upgrade.nodePorts" (list . $objects) }}
{{ include "llm-stack.upgrade.lost" . }}
{{- range $objects }}
{{- $old := dict }}
{{- if eq .kind "ScaledObject" }}
{{ include "llm-stack.upgrade.scaler" (list $ .) }}

{{- else if not (hasKey (dig "metadata" "annotations" dict . | default dict) "helm.sh/hook") }}
{{- $old = include "llm-stack.upgrade.found" (list $ .) | mustFromJson }}
{{- end }}
{{ include "llm-stack.upgrade.others" (list $ .) }}
{{- if $old }}
{{- $about := include "llm-stack.upgrade.about" (list $ .) | mustFromJson }}
{{- $pair := dict "context" $ "about" $about "old" $old "new" . }}
{{- range $field, $how := get $fields .kind }}
{{- $field = merge (dict "field" $field) $pair }}
{{- if eq $how "same" }}
{{ include "llm-stack.upgrade.same" $field }}
{{- else if eq $how "within" }}
{{ include "llm-stack.upgrade.within" $field }}
{{- else if eq $how "sealed" }}
{{ include "llm-stack.upgrade.sealed" $field }}
{{- else if eq $how "headless" }}
{{ include "llm-stack.upgrade.headless" $field }}
{{- else if eq $how "pod" }}
{{ include "llm-stack.upgrade.pod" $field }}
{{- else if eq $how "class" }}
{{ include "llm-stack.upgrade.class" $field }}
{{- else if eq $how "size" }}
{{ include "llm-stack.upgrade.size" $field }}
{{- else if eq $how "claims" }}
{{ include "llm-stack.upgrade.claims" $field }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.own" -}}
{{- $release := (first .).Release }}
{{- $notes := dig "metadata" "annotations" dict (last .) | default dict }}
{{- if and (eq (get $notes "meta.helm.sh/release-name") $release.Name) (eq (get $notes "meta.helm.sh/release-namespace") $release.Namespace) -}}
true
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.scaler" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- with $object.metadata.name }}
{{- $namespace := $object.metadata.namespace | default $context.Release.Namespace }}
{{- $found := lookup "autoscaling/v2" "HorizontalPodAutoscaler" $namespace . | default dict }}
{{- $target := dig "spec" "scaleTargetRef" "name" "" $object }}
{{- if and (include "llm-stack.upgrade.own" (list $context $found)) (eq $target (dig "spec" "scaleTargetRef" "name" "?" $found)) }}
ScaledObject/{{ . }}: KEDA refuses it while HorizontalPodAutoscaler/{{ . }} scales {{ $target }}, and Helm deletes that only at the end of an upgrade; run `{{ include "llm-stack.upgrade.delete" (dict "context" $context "old" $found) }}`, and upgrade again
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.others" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- if and (eq $object.kind "Service") $object.metadata.name }}
{{- $found := lookup $object.apiVersion $object.kind ($object.metadata.namespace | default $context.Release.Namespace) $object.metadata.name | default dict }}
{{- range dig "metadata" "ownerReferences" list $found }}
{{- if $context.Capabilities.APIVersions.Has (printf "%s/%s" .apiVersion .kind) }}
{{- $owner := lookup .apiVersion .kind $found.metadata.namespace .name | default dict }}
{{- if include "llm-stack.upgrade.own" (list $context $owner) }}
Service/{{ $object.metadata.name }}: belongs to {{ .kind }}/{{ .name }}, so Helm cannot take it over; run `{{ include "llm-stack.upgrade.delete" (dict "context" $context "old" $owner) }}`, which also deletes the Service, and upgrade again
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.upgrade.found" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- $found := dict }}

{{- if $object.metadata.name }}

{{- if or (not (regexMatch "([.]x-|^resource[.])k8s[.]io/" $object.apiVersion)) ($context.Capabilities.APIVersions.Has (printf "%s/%s" $object.apiVersion $object.kind)) }}
{{- $found = lookup $object.apiVersion $object.kind ($object.metadata.namespace | default $context.Release.Namespace) $object.metadata.name }}
{{- end }}
{{- end }}
{{- mustToJson (ternary $found dict (include "llm-stack.upgrade.own" (list $context $found) | eq "true")) }}
{{- end }}






{{- define "llm-stack.upgrade.nodePorts" -}}
{{- $context := first . }}
{{- $wanted := dict }}
{{- $earlier := dict }}
{{- $done := list }}
{{- range $service := last . }}
{{- $ports := list }}
{{- $chosen := true }}
{{- range include "llm-stack.upgrade.at" (list . "spec.ports" "slice") | mustFromJson }}
{{- with include "llm-stack.upgrade.at" (list . "nodePort") | mustFromJson | int64 }}
{{- $ports = append $ports (toString .) }}
{{- $_ := set $wanted (toString .) $service.metadata.name }}
{{- else }}
{{- $chosen = false }}
{{- end }}
{{- end }}
{{- if eq .kind "Service" }}
{{- $_ := set $earlier (toString .metadata.name) $done }}
{{- if or $chosen (has (include "llm-stack.upgrade.at" (list . "spec.type") | mustFromJson | default "ClusterIP") (list "ClusterIP" "ExternalName")) }}
{{- $done = append $done (dict "name" .metadata.name "ports" $ports) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $wanted }}
{{- range $old := (lookup "v1" "Service" $context.Release.Namespace "").items }}
{{- range .spec.ports }}
{{- $port := .nodePort | default 0 | int64 | toString }}
{{- $name := get $wanted $port }}
{{- $free := false }}
{{- range get $earlier $name | default list }}
{{- if and (eq .name $old.metadata.name) (not (has $port .ports)) }}
{{- $free = true }}
{{- end }}
{{- end }}
{{- $own := include "llm-stack.upgrade.own" (list $context $old) }}
{{- if and $name (ne $name $old.metadata.name) (not (and $free $own)) }}
Service/{{ $name }}: node port {{ $port }} belongs to Service/{{ $old.metadata.name }}, which {{ if $own }}keeps it until the upgrade has changed this one; use another port, or run `{{ include "llm-stack.upgrade.delete" (dict "context" $context "old" $old) }}`, and upgrade again{{ else }}is not of this release; use another port{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.lost" -}}
{{- range include "llm-stack.needs" . | mustFromJson }}
{{- $kind := regexFind "^(PersistentVolumeClaim|Secret|ConfigMap)/" . | trimSuffix "/" }}
{{- if $kind }}
{{- $name := trimPrefix (printf "%s/" $kind) . }}
{{- $old := lookup "v1" $kind $.Release.Namespace $name | default dict }}
{{- if and (include "llm-stack.upgrade.own" (list $ $old)) (ne (dig "metadata" "annotations" "helm.sh/resource-policy" "" $old) "keep") }}
{{ $kind }}/{{ $name }}: is an object of this release, which the upgrade would delete, because the values name it as one that exists already; run `kubectl -n {{ $.Release.Namespace }} annotate {{ lower $kind }} {{ $name }} helm.sh/resource-policy=keep`, and upgrade again
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.upgrade.objects" -}}
{{- $context := first . }}
{{- $kinds := last . }}
{{- $found := list }}
{{- range $file := include "llm-stack.data.manifests" $context | mustFromJson | sortAlpha }}
{{- range include (printf "%s/%s" $context.Template.BasePath $file) $context | splitList "\n---\n" }}
{{- if has (regexFind "(?m)^kind: .+$" . | trimPrefix "kind: " | trimAll "\"'") $kinds }}

{{- $json := include "llm-stack.map" . }}
{{- $json = regexReplaceAll "\"[^\"\\\\]+\":null," $json "" }}
{{- $json = regexReplaceAll ",\"[^\"\\\\]+\":null}" $json "}" }}
{{- $json = regexReplaceAll "{\"[^\"\\\\]+\":null}" $json "{}" }}
{{- $object := mustFromJson $json }}
{{- $found = append $found $object }}
{{- end }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}





{{- define "llm-stack.upgrade.about" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- $title := printf "%s/%s" $object.kind $object.metadata.name }}
{{- $found := dict "title" $title "server" "" "key" "" }}
{{- $keys := include "llm-stack.slot.release.claims" $context | include "llm-stack.map" | mustFromJson }}
{{- with get $context.Servers (dig "labels" "app.kubernetes.io/component" "" $object.metadata) }}
{{- $_ := set $found "server" .Place }}
{{- $keys = include "llm-stack.slot.server.claims" . | include "llm-stack.map" | mustFromJson }}
{{- end }}
{{- mustToJson (set $found "key" (get $keys $title)) }}
{{- end }}






{{- define "llm-stack.upgrade.at" -}}
{{- $found := first . }}
{{- range splitList "." (index . 1) }}
{{- $found = get (kindIs "map" $found | ternary $found dict) . }}
{{- end }}
{{- if and (eq (len .) 3) (not (kindIs (last .) $found)) }}
{{- $found = ternary dict list (eq (last .) "map") }}
{{- end }}
{{- mustToJson ($found | default (ternary $found nil (eq (len .) 3))) }}
{{- end }}


{{- define "llm-stack.upgrade.delete" -}}
kubectl -n {{ .old.metadata.namespace | default .context.Release.Namespace }} delete {{ .old.kind | lower }} {{ .old.metadata.name }}
{{- end }}


{{- define "llm-stack.upgrade.same" -}}
{{- include "llm-stack.upgrade.removed" . }}
{{- $old := include "llm-stack.upgrade.at" (list .old .field) }}
{{- $new := include "llm-stack.upgrade.at" (list .new .field) }}
{{- if not (has $new (list "null" $old)) }}
{{- if eq .old.kind "PersistentVolumeClaim" }}
{{- include "llm-stack.upgrade.claim" (merge (dict "value" (splitList "." .field | last) "was" ($old | replace "\"" "") "is" ($new | replace "\"" "")) .) }}
{{- else }}
{{- .about.server }}{{ .about.title }}: {{ .field }} is {{ $old }} and cannot change to {{ $new }}; run `{{ include "llm-stack.upgrade.delete" . }}`, and upgrade again
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.removed" -}}
{{- $old := include "llm-stack.upgrade.at" (list .old .field) | mustFromJson }}
{{- if and $old (eq (include "llm-stack.upgrade.at" (list .new .field)) "null") }}
{{- $defaults := dict "volumeMode" "Filesystem" "podManagementPolicy" "OrderedReady" "type" "Opaque" "completionMode" "NonIndexed" "completions" "1" "preemptionPolicy" "PreemptLowerPriority" "reclaimPolicy" "Delete" "volumeBindingMode" "Immediate" }}
{{- $default := get $defaults (splitList "." .field | last) }}
{{- if and (ne $default (toString $old)) (include "llm-stack.upgrade.owned" .) }}
{{- .about.server }}{{ .about.title }}: {{ .field }} is {{ kindIs "string" $old | ternary $old (toJson $old) | trunc 80 }} and cannot be removed; set it again, or {{ if eq .old.kind "PersistentVolumeClaim" }}give the claim another name and copy the data to it{{ else }}run `{{ include "llm-stack.upgrade.delete" . }}`, and upgrade again{{ end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.owned" -}}
{{- $found := false }}
{{- range .old.metadata.managedFields }}
{{- $fields := .fieldsV1 | default dict }}
{{- range splitList "." $.field }}
{{- $fields = get ($fields | default dict) (printf "f:%s" .) }}
{{- end }}
{{- $found = or $found (and (hasPrefix "helm" .manager) (kindIs "map" $fields)) }}
{{- end }}

{{- if and (eq .field "spec.loadBalancerClass") (ne (include "llm-stack.upgrade.at" (list .new "spec.type")) "\"LoadBalancer\"") }}
{{- $found = false }}
{{- end }}
{{- if and $found (not (has (list .old.kind .field) (list (list "Job" "spec.selector") (list "Service" "spec.clusterIP") (list "Service" "spec.ipFamilies")))) -}}
true
{{- end }}
{{- end }}

{{- define "llm-stack.upgrade.within" -}}
{{- include "llm-stack.upgrade.removed" . }}
{{- $old := include "llm-stack.upgrade.at" (list .old .field) | mustFromJson }}
{{- $new := include "llm-stack.upgrade.at" (list .new .field) | mustFromJson }}
{{- with include "llm-stack.upgrade.differing" (list .field $old $new) }}
{{- $.about.server }}{{ $.about.title }}: {{ . }}; give the object another name, or run `{{ include "llm-stack.upgrade.delete" $ }}`, and upgrade again
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.differing" -}}
{{- $path := first . }}
{{- $old := index . 1 }}
{{- $new := last . }}
{{- $found := "" }}
{{- if and (kindIs "map" $new) (or $new (kindIs "map" $old)) }}
{{- range $key, $value := $new }}
{{- if not $found }}
{{- $found = include "llm-stack.upgrade.differing" (list (printf "%s.%s" $path $key) (get (kindIs "map" $old | ternary $old dict) $key) $value) }}
{{- end }}
{{- end }}
{{- else if and (kindIs "slice" $new) (kindIs "slice" $old) (eq (len $new) (len $old)) }}
{{- range $n, $value := $new }}
{{- if not $found }}
{{- $found = include "llm-stack.upgrade.differing" (list (printf "%s[%d]" $path $n) (index $old $n) $value) }}
{{- end }}
{{- end }}
{{- else if or $new $old }}
{{- $was := kindIs "string" $old | ternary $old (toJson $old) }}
{{- $is := kindIs "string" $new | ternary $new (toJson $new) }}
{{- $amount := "^[0-9]+([.][0-9]+)?([numkMGTPE]|[KMGTPE]i)?$" }}
{{- $alike := and (regexMatch $amount $was) (regexMatch $amount $is) (eq (include "llm-stack.quantity" $was) (include "llm-stack.quantity" $is)) }}
{{- if not (or (eq $was $is) $alike (eq $is "null")) }}
{{- $found = printf "%s is %s and cannot change to %s" $path (trunc 80 $was) (trunc 80 $is) }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}

{{- define "llm-stack.upgrade.sealed" -}}
{{- if .old.immutable }}
{{- $new := include "llm-stack.upgrade.at" (list .new "data" "map") | mustFromJson }}
{{- range $key, $text := include "llm-stack.upgrade.at" (list .new "stringData" "map") | mustFromJson }}
{{- $_ := set $new $key (toString $text | b64enc) }}
{{- end }}
{{- $alike := and .new.immutable (eq (toJson $new) (toJson (.old.data | default dict))) (eq (toJson (.new.binaryData | default dict)) (toJson (.old.binaryData | default dict))) }}
{{- if not $alike }}
{{- .about.server }}{{ .about.title }}: is immutable and cannot change; give the object another name, or run `{{ include "llm-stack.upgrade.delete" . }}`, and upgrade again
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.upgrade.headless" -}}
{{- $old := eq (include "llm-stack.upgrade.at" (list .old "spec.clusterIP")) "\"None\"" }}
{{- $new := eq (include "llm-stack.upgrade.at" (list .new "spec.clusterIP")) "\"None\"" }}
{{- if ne $old $new }}
{{- .about.server }}{{ .about.title }}: exists {{ ternary "without" "with" $old }} a cluster IP address, and cannot change to a Service {{ ternary "without" "with" $new }} one; run `{{ include "llm-stack.upgrade.delete" . }}`, and upgrade again
{{- else if not (has "\"ExternalName\"" (list (include "llm-stack.upgrade.at" (list .old "spec.type")) (include "llm-stack.upgrade.at" (list .new "spec.type")))) }}
{{- include "llm-stack.upgrade.same" . }}
{{- end }}
{{- end }}


{{- define "llm-stack.upgrade.pod" -}}
{{- $new := omit (include "llm-stack.upgrade.at" (list .new "spec" "map") | mustFromJson) "activeDeadlineSeconds" "tolerations" "schedulingGates" }}
{{- range $list := list "containers" "initContainers" }}
{{- $containers := list }}
{{- range include "llm-stack.upgrade.at" (list $new $list "slice") | mustFromJson }}
{{- $containers = append $containers (omit (kindIs "map" . | ternary . dict) "image") }}
{{- end }}
{{- if hasKey $new $list }}
{{- $_ := set $new $list $containers }}
{{- end }}
{{- end }}
{{- include "llm-stack.upgrade.within" (merge (dict "new" (dict "spec" $new)) .) }}
{{- end }}


{{- define "llm-stack.upgrade.claim" -}}
{{- if .about.key }}
{{- .about.server }}{{ .about.key }}.{{ .value }}: {{ .about.title }} exists with {{ .was }}, which cannot change to {{ .is | default "empty" }}; set {{ .about.key }}.{{ .value }} to {{ .was }}, or copy the data to another claim and set {{ .about.key }}.existingClaim to its name
{{- else }}
{{- .about.server }}{{ .about.title }}: {{ .field }} is {{ .was }} and cannot change to {{ .is | default "the default" }}; undo the change, or give the claim another name and copy the data to it
{{- end }}
{{- end }}


{{- define "llm-stack.upgrade.class" -}}
{{- $old := dig "spec" "storageClassName" "" .old }}
{{- $spec := include "llm-stack.upgrade.at" (list .new "spec" "map") | mustFromJson }}
{{- $new := get $spec "storageClassName" | toString }}
{{- $set := false }}
{{- range .old.metadata.managedFields }}
{{- if and (ne .manager "kube-controller-manager") (dig "fieldsV1" "f:spec" (dict) . | keys | has "f:storageClassName") }}
{{- $set = true }}
{{- end }}
{{- end }}

{{- $none := and (hasKey .old.spec "storageClassName") (hasKey $spec "storageClassName" | not) (eq $old "") $set }}
{{- if or $none (and (hasKey .old.spec "storageClassName") (ne $old $new) (or $new $set)) }}
{{- $is := hasKey $spec "storageClassName" | ternary ($new | default "no class") "" }}
{{- include "llm-stack.upgrade.claim" (merge (dict "value" "storageClass" "was" ($old | default "no class") "is" $is) .) }}
{{- end }}
{{- end }}

{{- define "llm-stack.upgrade.size" -}}
{{- $key := .about.key | default .about.title }}
{{- $was := include "llm-stack.upgrade.at" (list .old .field) | mustFromJson | toString }}
{{- $is := include "llm-stack.upgrade.at" (list .new .field) | mustFromJson | toString }}
{{- $old := include "llm-stack.quantity" $was | float64 }}
{{- $new := include "llm-stack.quantity" $is | float64 }}
{{- $capacity := dig "status" "capacity" "storage" $was .old }}

{{- $recovers := semverCompare ">=1.32-0" .context.Capabilities.KubeVersion.Version }}
{{- $least := ternary (include "llm-stack.quantity" $capacity | float64) $old (and $recovers (ne $capacity $was)) }}
{{- $begin := printf "%s%s.size: %s " .about.server $key .about.title }}
{{- $other := printf "copy the data to another claim and set %s.existingClaim to its name" $key }}
{{- $size := printf "%s.size" $key }}
{{- if not .about.key }}
{{- $begin = printf "%s%s: " .about.server .about.title }}
{{- $other = "give the claim another name and copy the data to it" }}
{{- $size = .field }}
{{- end }}
{{- if ne $old $new }}
{{- if ne (dig "status" "phase" "" .old) "Bound" }}
{{- $begin }}is not bound, so its size cannot change from {{ $was }} to {{ $is }}; set {{ $key }}.size to {{ $was }} until it is bound, or run `{{ include "llm-stack.upgrade.delete" . }}` and upgrade again
{{- else if and (lt $new $old) (le $new $least) }}
{{- $begin }}has {{ $was }} and cannot shrink to {{ $is }}; set {{ $key }}.size to {{ $was }} or more, or {{ $other }}
{{- else if and (gt $new $old) .context.Values.upgradeChecks.storageClasses }}
{{- with include "llm-stack.upgrade.fixed: set upgradeChecks.storageClasses to false if this is forbidden" . }}
{{- $begin }}has {{ $was }} and cannot grow to {{ $is }}, because {{ . }}; set {{ $key }}.size to {{ $was }}, or {{ $other }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.fixed: set upgradeChecks.storageClasses to false if this is forbidden" -}}
{{- $name := dig "spec" "storageClassName" "" .old }}
{{- if not $name -}}
it has no StorageClass
{{- else if not (dig "allowVolumeExpansion" false (lookup "storage.k8s.io/v1" "StorageClass" "" $name)) -}}
StorageClass {{ $name }} does not allow volume expansion
{{- end }}
{{- end }}





{{- define "llm-stack.upgrade.claims" -}}
{{- $olds := include "llm-stack.upgrade.templates" (list .old .field) | mustFromJson }}
{{- $news := include "llm-stack.upgrade.templates" (list .new .field) | mustFromJson }}
{{- $key := .about.key | default .about.title }}
{{- $orphan := eq .old.kind "StatefulSet" }}
{{- $gone := eq (dig "spec" "leaderWorkerTemplate" "persistentVolumeClaimRetentionPolicy" "whenDeleted" "" .old) "Delete" }}
{{- $keys := list }}
{{- $parts := list }}
{{- range $n, $new := ternary $news list (eq (len $olds) (len $news)) }}
{{- $old := index $olds $n }}
{{- range $name := keys $old $new | uniq | sortAlpha }}
{{- $was := get $old $name | toJson | replace "\"" "" }}
{{- $is := get $new $name | toJson | replace "\"" "" }}
{{- $amount := regexMatch "^(size|(limits|requests)[.].+)$" $name }}
{{- $alike := and $amount $was $is (eq (include "llm-stack.quantity" $was) (include "llm-stack.quantity" $is)) }}
{{- if not (or $alike (eq $was $is)) }}
{{- $keys = append $keys (printf "%s.%s" $key $name) }}
{{- $parts = append $parts (printf "%s from %s to %s" $name ($was | default "empty") ($is | default "empty")) }}
{{- end }}
{{- end }}
{{- end }}
{{- if ne (len $olds) (len $news) }}
{{- $keys = list $key }}
{{- $parts = list (printf "from %d to %d" (len $olds) (len $news)) }}
{{- end }}
{{- if $parts }}
{{- .about.server }}{{ $keys | uniq | join ", " | default $key }}: {{ .about.title }} exists, and its claim templates cannot change{{ with $parts }} ({{ join ", " . }}){{ end }}; undo the change, or run `{{ include "llm-stack.upgrade.delete" . }}{{ if $orphan }} --cascade=orphan{{ end }}` and upgrade again: {{ if $orphan }}pods and {{ end }}claims {{ ternary "are deleted" "stay as they are" $gone }}, and new claims are created as you set them
{{- end }}
{{- end }}


{{- define "llm-stack.upgrade.templates" -}}
{{- $found := list }}
{{- range $claim := include "llm-stack.upgrade.at" (append . "slice") | mustFromJson }}
{{- $whole := include "llm-stack.upgrade.at" (list $claim "spec" "map") | mustFromJson }}
{{- $spec := omit $whole "resources" "storageClassName" "accessModes" }}
{{- if eq (get $spec "volumeMode" | toString) "Filesystem" }}
{{- $spec = omit $spec "volumeMode" }}
{{- end }}
{{- $template := dict "spec" $spec }}
{{- range $key, $field := dict "name" "metadata.name" "annotations" "metadata.annotations" "labels" "metadata.labels" "size" "spec.resources.requests.storage" "accessModes" "spec.accessModes" }}
{{- $_ := set $template $key (include "llm-stack.upgrade.at" (list $claim $field) | mustFromJson | default "") }}
{{- end }}

{{- $_ := set $template "storageClass" (hasKey $whole "storageClassName" | ternary (get $whole "storageClassName" | default "no class") "") }}
{{- range $part, $amounts := include "llm-stack.upgrade.at" (list $claim "spec.resources" "map") | mustFromJson }}
{{- range $name, $amount := kindIs "map" $amounts | ternary $amounts dict }}
{{- if not (and (eq $part "requests") (eq $name "storage")) }}
{{- $_ := set $template (printf "%s.%s" $part $name) (toString $amount) }}
{{- end }}
{{- end }}
{{- end }}
{{- $found = append $found $template }}
{{- end }}
{{- mustToJson $found }}
{{- end }}
