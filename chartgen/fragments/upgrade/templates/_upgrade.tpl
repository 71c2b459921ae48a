{{- /*
Changes that the API server would refuse, one a line. Every object of the release is rendered and compared with the one
that exists. Empty without access to a cluster, where lookup finds nothing: every namespace has kube-root-ca.crt.
*/}}
{{- define "fragment.upgrade.checks" -}}
{{- if and .Values.upgradeChecks.enabled (lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt") }}
{{- $fields := include "fragment.read" (list . "files/upgrade/immutable.yaml") | mustFromJson }}
{{- $objects := include "fragment.upgrade.objects" (list . (append (keys $fields) "ScaledObject")) | mustFromJson }}
{{ include "fragment.upgrade.nodePorts" (list . $objects) }}
{{ include "fragment.upgrade.lost" . }}
{{- range $objects }}
{{- $old := dict }}
{{- if eq .kind "ScaledObject" }}
{{ include "fragment.upgrade.scaler" (list $ .) }}
{{- /* Helm deletes a hook before it creates the next one. */}}
{{- else if not (hasKey (dig "metadata" "annotations" dict . | default dict) "helm.sh/hook") }}
{{- $old = include "fragment.upgrade.found" (list $ .) | mustFromJson }}
{{- end }}
{{ include "fragment.upgrade.others" (list $ .) }}
{{- if $old }}
{{- $about := include "fragment.upgrade.about" (list $ .) | mustFromJson }}
{{- $pair := dict "context" $ "about" $about "old" $old "new" . }}
{{- range $field, $how := get $fields .kind }}
{{- $field = merge (dict "field" $field) $pair }}
{{- if eq $how "same" }}
{{ include "fragment.upgrade.same" $field }}
{{- else if eq $how "within" }}
{{ include "fragment.upgrade.within" $field }}
{{- else if eq $how "sealed" }}
{{ include "fragment.upgrade.sealed" $field }}
{{- else if eq $how "headless" }}
{{ include "fragment.upgrade.headless" $field }}
{{- else if eq $how "pod" }}
{{ include "fragment.upgrade.pod" $field }}
{{- else if eq $how "class" }}
{{ include "fragment.upgrade.class" $field }}
{{- else if eq $how "size" }}
{{ include "fragment.upgrade.size" $field }}
{{- else if eq $how "claims" }}
{{ include "fragment.upgrade.claims" $field }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
(list CONTEXT OBJECT): whether Helm created the object for this release. Of any other, Helm says itself that it exists, and
no message here may lead to its deletion.
*/}}
{{- define "fragment.upgrade.own" -}}
{{- $release := (first .).Release }}
{{- $notes := dig "metadata" "annotations" dict (last .) | default dict }}
{{- if and (eq (get $notes "meta.helm.sh/release-name") $release.Name) (eq (get $notes "meta.helm.sh/release-namespace") $release.Namespace) -}}
true
{{- end }}
{{- end }}

{{- /*
(list CONTEXT SCALEDOBJECT): a HorizontalPodAutoscaler of this release for the same workload. KEDA's webhook refuses a ScaledObject
while one exists (apis/keda/v1alpha1/scaledobject_webhook.go of 2.21), and Helm deletes objects when all others are created.
*/}}
{{- define "fragment.upgrade.scaler" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- with $object.metadata.name }}
{{- $namespace := $object.metadata.namespace | default $context.Release.Namespace }}
{{- $found := lookup "autoscaling/v2" "HorizontalPodAutoscaler" $namespace . | default dict }}
{{- $target := dig "spec" "scaleTargetRef" "name" "" $object }}
{{- if and (include "fragment.upgrade.own" (list $context $found)) (eq $target (dig "spec" "scaleTargetRef" "name" "?" $found)) }}
ScaledObject/{{ . }}: KEDA refuses it while HorizontalPodAutoscaler/{{ . }} scales {{ $target }}, and Helm deletes that only at the end of an upgrade; run `{{ include "fragment.upgrade.delete" (dict "context" $context "old" $found) }}`, and upgrade again
{{- end }}
{{- end }}
{{- end }}

{{- /*
(list CONTEXT OBJECT): an object that an operator created for another object of this release under the name of this one, such as
the Service of a RayService. Helm refuses to take it over. If a user gave it to Helm, it would be deleted with its owner.
*/}}
{{- define "fragment.upgrade.others" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- if and (eq $object.kind "Service") $object.metadata.name }}
{{- $found := lookup $object.apiVersion $object.kind ($object.metadata.namespace | default $context.Release.Namespace) $object.metadata.name | default dict }}
{{- range dig "metadata" "ownerReferences" list $found }}
{{- if $context.Capabilities.APIVersions.Has (printf "%s/%s" .apiVersion .kind) }}
{{- $owner := lookup .apiVersion .kind $found.metadata.namespace .name | default dict }}
{{- if include "fragment.upgrade.own" (list $context $owner) }}
Service/{{ $object.metadata.name }}: belongs to {{ .kind }}/{{ .name }}, so Helm cannot take it over; run `{{ include "fragment.upgrade.delete" (dict "context" $context "old" $owner) }}`, which also deletes the Service, and upgrade again
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* (list CONTEXT OBJECT): the object of the release that exists under the name of this one as JSON, or {}. */}}
{{- define "fragment.upgrade.found" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- $found := dict }}
{{- /* An object without a name is refused, with all other errors. */}}
{{- if $object.metadata.name }}
{{- /* Without its CRD, lookup of a custom resource is an error. Helm 3 may not know the kinds of Kubernetes itself. */}}
{{- if or (not (regexMatch "([.]x-|^resource[.])k8s[.]io/" $object.apiVersion)) ($context.Capabilities.APIVersions.Has (printf "%s/%s" $object.apiVersion $object.kind)) }}
{{- $found = lookup $object.apiVersion $object.kind ($object.metadata.namespace | default $context.Release.Namespace) $object.metadata.name }}
{{- end }}
{{- end }}
{{- mustToJson (ternary $found dict (include "fragment.upgrade.own" (list $context $found) | eq "true")) }}
{{- end }}

{{- /*
(list CONTEXT OBJECTS): ports of the nodes that another Service of the namespace has. Helm creates and changes Services in the
order of the objects, and deletes others when all of that is done. A Service gives a port up if it sets all of its node ports,
or has none; where one is not set, the Service keeps the one that it was given.
*/}}
{{- define "fragment.upgrade.nodePorts" -}}
{{- $context := first . }}
{{- $wanted := dict }}
{{- $earlier := dict }}
{{- $done := list }}
{{- range $service := last . }}
{{- $ports := list }}
{{- $chosen := true }}
{{- range include "fragment.upgrade.at" (list . "spec.ports" "slice") | mustFromJson }}
{{- with include "fragment.upgrade.at" (list . "nodePort") | mustFromJson | int64 }}
{{- $ports = append $ports (toString .) }}
{{- $_ := set $wanted (toString .) $service.metadata.name }}
{{- else }}
{{- $chosen = false }}
{{- end }}
{{- end }}
{{- if eq .kind "Service" }}
{{- $_ := set $earlier (toString .metadata.name) $done }}
{{- if or $chosen (has (include "fragment.upgrade.at" (list . "spec.type") | mustFromJson | default "ClusterIP") (list "ClusterIP" "ExternalName")) }}
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
{{- $own := include "fragment.upgrade.own" (list $context $old) }}
{{- if and $name (ne $name $old.metadata.name) (not (and $free $own)) }}
Service/{{ $name }}: node port {{ $port }} belongs to Service/{{ $old.metadata.name }}, which {{ if $own }}keeps it until the upgrade has changed this one; use another port, or run `{{ include "fragment.upgrade.delete" (dict "context" $context "old" $old) }}`, and upgrade again{{ else }}is not of this release; use another port{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Claims, Secrets and ConfigMaps that the values name as existing, and that are the release's own: it no longer renders them, so
Helm would delete them.
*/}}
{{- define "fragment.upgrade.lost" -}}
{{- range include "fragment.needs" . | mustFromJson }}
{{- $kind := regexFind "^(PersistentVolumeClaim|Secret|ConfigMap)/" . | trimSuffix "/" }}
{{- if $kind }}
{{- $name := trimPrefix (printf "%s/" $kind) . }}
{{- $old := lookup "v1" $kind $.Release.Namespace $name | default dict }}
{{- if and (include "fragment.upgrade.own" (list $ $old)) (ne (dig "metadata" "annotations" "helm.sh/resource-policy" "" $old) "keep") }}
{{ $kind }}/{{ $name }}: is an object of this release, which the upgrade would delete, because the values name it as one that exists already; run `kubectl -n {{ $.Release.Namespace }} annotate {{ lower $kind }} {{ $name }} helm.sh/resource-policy=keep`, and upgrade again
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* (list CONTEXT KINDS): the objects of these kinds that the release renders, in the order in which Helm creates those of a kind. */}}
{{- define "fragment.upgrade.objects" -}}
{{- $context := first . }}
{{- $kinds := last . }}
{{- $found := list }}
{{- range $file := include "fragment.data.manifests" $context | mustFromJson | sortAlpha }}
{{- range include (printf "%s/%s" $context.Template.BasePath $file) $context | splitList "\n---\n" }}
{{- if has (regexFind "(?m)^kind: .+$" . | trimPrefix "kind: " | trimAll "\"'") $kinds }}
{{- /* Kubernetes takes null as nothing, and dig and range do not. */}}
{{- $json := include "fragment.map" . }}
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

{{- /*
(list CONTEXT OBJECT): how messages refer to an object, as JSON: title is its kind and name; server is the beginning of
the line, if it belongs to a server; key is the path of the values that describe its claims, if the chart has one.
*/}}
{{- define "fragment.upgrade.about" -}}
{{- $context := first . }}
{{- $object := last . }}
{{- $title := printf "%s/%s" $object.kind $object.metadata.name }}
{{- $found := dict "title" $title "server" "" "key" "" }}
{{- $keys := include "fragment.slot.release.claims" $context | include "fragment.map" | mustFromJson }}
{{- with get $context.Servers (dig "labels" "app.kubernetes.io/component" "" $object.metadata) }}
{{- $_ := set $found "server" .Place }}
{{- $keys = include "fragment.slot.server.claims" . | include "fragment.map" | mustFromJson }}
{{- end }}
{{- mustToJson (set $found "key" (get $keys $title)) }}
{{- end }}

{{- /*
(list OBJECT FIELD FORM?): the field at a dotted path as JSON, null if it is not set. With a FORM, map or slice, a field of
another form, which the API server refuses, is an empty one. Objects of the user can have any form, so their fields
are only read by this template.
*/}}
{{- define "fragment.upgrade.at" -}}
{{- $found := first . }}
{{- range splitList "." (index . 1) }}
{{- $found = get (kindIs "map" $found | ternary $found dict) . }}
{{- end }}
{{- if and (eq (len .) 3) (not (kindIs (last .) $found)) }}
{{- $found = ternary dict list (eq (last .) "map") }}
{{- end }}
{{- mustToJson ($found | default (ternary $found nil (eq (len .) 3))) }}
{{- end }}

{{- /* The command that deletes an object. Given {context, old}. */}}
{{- define "fragment.upgrade.delete" -}}
kubectl -n {{ .old.metadata.namespace | default .context.Release.Namespace }} delete {{ .old.kind | lower }} {{ .old.metadata.name }}
{{- end }}

{{- /* {context, about, old, new, field}, as all templates that compare. */}}
{{- define "fragment.upgrade.same" -}}
{{- include "fragment.upgrade.removed" . }}
{{- $old := include "fragment.upgrade.at" (list .old .field) }}
{{- $new := include "fragment.upgrade.at" (list .new .field) }}
{{- if not (has $new (list "null" $old)) }}
{{- if eq .old.kind "PersistentVolumeClaim" }}
{{- include "fragment.upgrade.claim" (merge (dict "value" (splitList "." .field | last) "was" ($old | replace "\"" "") "is" ($new | replace "\"" "")) .) }}
{{- else }}
{{- .about.server }}{{ .about.title }}: {{ .field }} is {{ $old }} and cannot change to {{ $new }}; run `{{ include "fragment.upgrade.delete" . }}`, and upgrade again
{{- end }}
{{- end }}
{{- end }}

{{- /*
A field that Helm set in the object, and that the chart no longer sets: Helm removes it. Where the API server then sets a
default, that is the new value.
*/}}
{{- define "fragment.upgrade.removed" -}}
{{- $old := include "fragment.upgrade.at" (list .old .field) | mustFromJson }}
{{- if and $old (eq (include "fragment.upgrade.at" (list .new .field)) "null") }}
{{- $defaults := dict "volumeMode" "Filesystem" "podManagementPolicy" "OrderedReady" "type" "Opaque" "completionMode" "NonIndexed" "completions" "1" "preemptionPolicy" "PreemptLowerPriority" "reclaimPolicy" "Delete" "volumeBindingMode" "Immediate" }}
{{- $default := get $defaults (splitList "." .field | last) }}
{{- if and (ne $default (toString $old)) (include "fragment.upgrade.owned" .) }}
{{- .about.server }}{{ .about.title }}: {{ .field }} is {{ kindIs "string" $old | ternary $old (toJson $old) | trunc 80 }} and cannot be removed; set it again, or {{ if eq .old.kind "PersistentVolumeClaim" }}give the claim another name and copy the data to it{{ else }}run `{{ include "fragment.upgrade.delete" . }}`, and upgrade again{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Whether Helm has set the field. The API server sets the addresses of a Service and the selector of a Job, and names Helm for
them, too.
*/}}
{{- define "fragment.upgrade.owned" -}}
{{- $found := false }}
{{- range .old.metadata.managedFields }}
{{- $fields := .fieldsV1 | default dict }}
{{- range splitList "." $.field }}
{{- $fields = get ($fields | default dict) (printf "f:%s" .) }}
{{- end }}
{{- $found = or $found (and (hasPrefix "helm" .manager) (kindIs "map" $fields)) }}
{{- end }}
{{- /* A Service of another type has no class. */}}
{{- if and (eq .field "spec.loadBalancerClass") (ne (include "fragment.upgrade.at" (list .new "spec.type")) "\"LoadBalancer\"") }}
{{- $found = false }}
{{- end }}
{{- if and $found (not (has (list .old.kind .field) (list (list "Job" "spec.selector") (list "Service" "spec.clusterIP") (list "Service" "spec.ipFamilies")))) -}}
true
{{- end }}
{{- end }}

{{- define "fragment.upgrade.within" -}}
{{- include "fragment.upgrade.removed" . }}
{{- $old := include "fragment.upgrade.at" (list .old .field) | mustFromJson }}
{{- $new := include "fragment.upgrade.at" (list .new .field) | mustFromJson }}
{{- with include "fragment.upgrade.differing" (list .field $old $new) }}
{{- $.about.server }}{{ $.about.title }}: {{ . }}; give the object another name, or run `{{ include "fragment.upgrade.delete" $ }}`, and upgrade again
{{- end }}
{{- end }}

{{- /*
(list PATH OLD NEW): the first place where something is set in NEW and differs from OLD, as the middle of a sentence. The API
server adds defaults, leaves out what is empty, and writes amounts in its own way.
*/}}
{{- define "fragment.upgrade.differing" -}}
{{- $path := first . }}
{{- $old := index . 1 }}
{{- $new := last . }}
{{- $found := "" }}
{{- if and (kindIs "map" $new) (or $new (kindIs "map" $old)) }}
{{- range $key, $value := $new }}
{{- if not $found }}
{{- $found = include "fragment.upgrade.differing" (list (printf "%s.%s" $path $key) (get (kindIs "map" $old | ternary $old dict) $key) $value) }}
{{- end }}
{{- end }}
{{- else if and (kindIs "slice" $new) (kindIs "slice" $old) (eq (len $new) (len $old)) }}
{{- range $n, $value := $new }}
{{- if not $found }}
{{- $found = include "fragment.upgrade.differing" (list (printf "%s[%d]" $path $n) (index $old $n) $value) }}
{{- end }}
{{- end }}
{{- else if or $new $old }}
{{- $was := kindIs "string" $old | ternary $old (toJson $old) }}
{{- $is := kindIs "string" $new | ternary $new (toJson $new) }}
{{- $amount := "^[0-9]+([.][0-9]+)?([numkMGTPE]|[KMGTPE]i)?$" }}
{{- $alike := and (regexMatch $amount $was) (regexMatch $amount $is) (eq (include "fragment.quantity" $was) (include "fragment.quantity" $is)) }}
{{- if not (or (eq $was $is) $alike (eq $is "null")) }}
{{- $found = printf "%s is %s and cannot change to %s" $path (trunc 80 $was) (trunc 80 $is) }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}

{{- define "fragment.upgrade.sealed" -}}
{{- if .old.immutable }}
{{- $new := include "fragment.upgrade.at" (list .new "data" "map") | mustFromJson }}
{{- range $key, $text := include "fragment.upgrade.at" (list .new "stringData" "map") | mustFromJson }}
{{- $_ := set $new $key (toString $text | b64enc) }}
{{- end }}
{{- $alike := and .new.immutable (eq (toJson $new) (toJson (.old.data | default dict))) (eq (toJson (.new.binaryData | default dict)) (toJson (.old.binaryData | default dict))) }}
{{- if not $alike }}
{{- .about.server }}{{ .about.title }}: is immutable and cannot change; give the object another name, or run `{{ include "fragment.upgrade.delete" . }}`, and upgrade again
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.upgrade.headless" -}}
{{- $old := eq (include "fragment.upgrade.at" (list .old "spec.clusterIP")) "\"None\"" }}
{{- $new := eq (include "fragment.upgrade.at" (list .new "spec.clusterIP")) "\"None\"" }}
{{- if ne $old $new }}
{{- .about.server }}{{ .about.title }}: exists {{ ternary "without" "with" $old }} a cluster IP address, and cannot change to a Service {{ ternary "without" "with" $new }} one; run `{{ include "fragment.upgrade.delete" . }}`, and upgrade again
{{- else if not (has "\"ExternalName\"" (list (include "fragment.upgrade.at" (list .old "spec.type")) (include "fragment.upgrade.at" (list .new "spec.type")))) }}
{{- include "fragment.upgrade.same" . }}
{{- end }}
{{- end }}

{{- /* Of a pod, only images, the deadline, added tolerations and removed scheduling gates can change. */}}
{{- define "fragment.upgrade.pod" -}}
{{- $new := omit (include "fragment.upgrade.at" (list .new "spec" "map") | mustFromJson) "activeDeadlineSeconds" "tolerations" "schedulingGates" }}
{{- range $list := list "containers" "initContainers" }}
{{- $containers := list }}
{{- range include "fragment.upgrade.at" (list $new $list "slice") | mustFromJson }}
{{- $containers = append $containers (omit (kindIs "map" . | ternary . dict) "image") }}
{{- end }}
{{- if hasKey $new $list }}
{{- $_ := set $new $list $containers }}
{{- end }}
{{- end }}
{{- include "fragment.upgrade.within" (merge (dict "new" (dict "spec" $new)) .) }}
{{- end }}

{{- /* With value, was and is: a field of a claim that cannot change. value is its key in the values. */}}
{{- define "fragment.upgrade.claim" -}}
{{- if .about.key }}
{{- .about.server }}{{ .about.key }}.{{ .value }}: {{ .about.title }} exists with {{ .was }}, which cannot change to {{ .is | default "empty" }}; set {{ .about.key }}.{{ .value }} to {{ .was }}, or copy the data to another claim and set {{ .about.key }}.existingClaim to its name
{{- else }}
{{- .about.server }}{{ .about.title }}: {{ .field }} is {{ .was }} and cannot change to {{ .is | default "the default" }}; undo the change, or give the claim another name and copy the data to it
{{- end }}
{{- end }}

{{- /* A class that the chart did not set is the cluster's default class, which the claim keeps. */}}
{{- define "fragment.upgrade.class" -}}
{{- $old := dig "spec" "storageClassName" "" .old }}
{{- $spec := include "fragment.upgrade.at" (list .new "spec" "map") | mustFromJson }}
{{- $new := get $spec "storageClassName" | toString }}
{{- $set := false }}
{{- range .old.metadata.managedFields }}
{{- if and (ne .manager "kube-controller-manager") (dig "fieldsV1" "f:spec" (dict) . | keys | has "f:storageClassName") }}
{{- $set = true }}
{{- end }}
{{- end }}
{{- /* No class is a class, too: a claim with "" differs from one that gets the cluster's default. */}}
{{- $none := and (hasKey .old.spec "storageClassName") (hasKey $spec "storageClassName" | not) (eq $old "") $set }}
{{- if or $none (and (hasKey .old.spec "storageClassName") (ne $old $new) (or $new $set)) }}
{{- $is := hasKey $spec "storageClassName" | ternary ($new | default "no class") "" }}
{{- include "fragment.upgrade.claim" (merge (dict "value" "storageClass" "was" ($old | default "no class") "is" $is) .) }}
{{- end }}
{{- end }}

{{- define "fragment.upgrade.size" -}}
{{- $key := .about.key | default .about.title }}
{{- $was := include "fragment.upgrade.at" (list .old .field) | mustFromJson | toString }}
{{- $is := include "fragment.upgrade.at" (list .new .field) | mustFromJson | toString }}
{{- $old := include "fragment.quantity" $was | float64 }}
{{- $new := include "fragment.quantity" $is | float64 }}
{{- $capacity := dig "status" "capacity" "storage" $was .old }}
{{- /* Since 1.32, a claim whose expansion failed can shrink to a size above its capacity. */}}
{{- $recovers := semverCompare ">=1.32-0" .context.Capabilities.KubeVersion.Version }}
{{- $least := ternary (include "fragment.quantity" $capacity | float64) $old (and $recovers (ne $capacity $was)) }}
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
{{- $begin }}is not bound, so its size cannot change from {{ $was }} to {{ $is }}; set {{ $key }}.size to {{ $was }} until it is bound, or run `{{ include "fragment.upgrade.delete" . }}` and upgrade again
{{- else if and (lt $new $old) (le $new $least) }}
{{- $begin }}has {{ $was }} and cannot shrink to {{ $is }}; set {{ $key }}.size to {{ $was }} or more, or {{ $other }}
{{- else if and (gt $new $old) .context.Values.upgradeChecks.storageClasses }}
{{- with include "fragment.upgrade.fixed: set upgradeChecks.storageClasses to false if this is forbidden" . }}
{{- $begin }}has {{ $was }} and cannot grow to {{ $is }}, because {{ . }}; set {{ $key }}.size to {{ $was }}, or {{ $other }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Why a claim cannot grow, empty if it can. If the account may not read StorageClasses, Helm prints the names of the templates
that it was in, and this one says what to do.
*/}}
{{- define "fragment.upgrade.fixed: set upgradeChecks.storageClasses to false if this is forbidden" -}}
{{- $name := dig "spec" "storageClassName" "" .old }}
{{- if not $name -}}
it has no StorageClass
{{- else if not (dig "allowVolumeExpansion" false (lookup "storage.k8s.io/v1" "StorageClass" "" $name)) -}}
StorageClass {{ $name }} does not allow volume expansion
{{- end }}
{{- end }}

{{- /*
Claim templates. What follows from the values is compared by its key, the rest as a whole. Pods and claims stay if a
StatefulSet is deleted with --cascade=orphan, and the new one takes them over. Claims alone stay of a LeaderWorkerSet.
*/}}
{{- define "fragment.upgrade.claims" -}}
{{- $olds := include "fragment.upgrade.templates" (list .old .field) | mustFromJson }}
{{- $news := include "fragment.upgrade.templates" (list .new .field) | mustFromJson }}
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
{{- $alike := and $amount $was $is (eq (include "fragment.quantity" $was) (include "fragment.quantity" $is)) }}
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
{{- .about.server }}{{ $keys | uniq | join ", " | default $key }}: {{ .about.title }} exists, and its claim templates cannot change{{ with $parts }} ({{ join ", " . }}){{ end }}; undo the change, or run `{{ include "fragment.upgrade.delete" . }}{{ if $orphan }} --cascade=orphan{{ end }}` and upgrade again: {{ if $orphan }}pods and {{ end }}claims {{ ternary "are deleted" "stay as they are" $gone }}, and new claims are created as you set them
{{- end }}
{{- end }}

{{- /* (list OBJECT FIELD): claim templates as a JSON list, without what the API server adds. */}}
{{- define "fragment.upgrade.templates" -}}
{{- $found := list }}
{{- range $claim := include "fragment.upgrade.at" (append . "slice") | mustFromJson }}
{{- $whole := include "fragment.upgrade.at" (list $claim "spec" "map") | mustFromJson }}
{{- $spec := omit $whole "resources" "storageClassName" "accessModes" }}
{{- if eq (get $spec "volumeMode" | toString) "Filesystem" }}
{{- $spec = omit $spec "volumeMode" }}
{{- end }}
{{- $template := dict "spec" $spec }}
{{- range $key, $field := dict "name" "metadata.name" "annotations" "metadata.annotations" "labels" "metadata.labels" "size" "spec.resources.requests.storage" "accessModes" "spec.accessModes" }}
{{- $_ := set $template $key (include "fragment.upgrade.at" (list $claim $field) | mustFromJson | default "") }}
{{- end }}
{{- /* No class is another than the cluster's default, which is chosen where none is set. */}}
{{- $_ := set $template "storageClass" (hasKey $whole "storageClassName" | ternary (get $whole "storageClassName" | default "no class") "") }}
{{- range $part, $amounts := include "fragment.upgrade.at" (list $claim "spec.resources" "map") | mustFromJson }}
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
