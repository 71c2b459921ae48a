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
{{- $annotations := .annotations | default list }}
{{- if ne .type "ClusterIP" }}
{{- $port := ternary (printf "port %d" (int64 .nodePort)) "a port" (hasKey . "nodePort") }}
{{- $ways = append $ways (printf "every client that reaches %s of a node" $port) }}
{{- end }}
{{- if eq .type "LoadBalancer" }}
{{- $ways = append $ways "every client of its load balancer" }}
{{- end }}
{{- range $.Facts.expose }}
{{- if eq .service $entry.service }}
{{- /* Which controller serves a class is known to the cluster only. */}}
{{- $password := ternary (printf " (password required if its controller is %s)" .password) "" (hasKey . "password") }}
{{- $ways = append $ways (printf "every client of %s%s" (.url | default .hosts) $password) }}
{{- $annotations = concat $annotations (.annotations | default list) }}
{{- end }}
{{- end }}
{{- $last := last $ways }}
{{- $text := ternary (printf "%s and %s" (initial $ways | join ", ") $last) $last (gt (len $ways) 1) }}
{{- $more := "" }}
{{- with uniq $annotations | sortAlpha }}
{{- $more = printf " Controllers that read its annotations can let in more clients: %s." (join ", " .) }}
{{- end }}
{{- $lines = append $lines (printf "%s is open to %s. %s%s" .title $text .who $more) }}
{{- end }}
{{- range $name, $object := .Values.extraObjects }}
{{- $lines = append $lines (include "fragment.accessOfObject" (dict "name" $name "object" (mustToJson $object | mustFromJson) "limited" $limited)) }}
{{- end }}
{{- mustToJson (compact $lines) }}
{{- end }}

{{- /*
Given a list of maps of annotations, or of labels: the names with which a controller can let clients in, as a JSON list.
Those that are known not to are few; no list names what all controllers read.
*/}}
{{- define "fragment.opening" -}}
{{- $domains := list
  "app.kubernetes.io" "helm.sh" "meta.helm.sh" "argocd.argoproj.io" "kubectl.kubernetes.io" "kustomize.toolkit.fluxcd.io" "checksum"
  "cert-manager.io" "acme.cert-manager.io" "prometheus.io" "reloader.stakater.com" "secret.reloader.stakater.com" "configmap.reloader.stakater.com"
  "sidecar.istio.io" "linkerd.io" "cluster-autoscaler.kubernetes.io" "karpenter.sh" "ad.datadoghq.com" "co.elastic.logs" "backup.velero.io" }}
{{- $found := list }}
{{- range . }}
{{- range $name, $_ := . }}
{{- /* Names without a domain are not those of controllers. */}}
{{- $known := regexMatch "^[^/]*$|^nginx.ingress.kubernetes.io/(proxy-(body-size|buffering|(connect|read|send)-timeout)|(force-)?ssl-redirect)$" $name }}
{{- if not (or $known (has (splitList "/" $name | first) $domains)) }}
{{- $found = append $found $name }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $found | sortAlpha | mustToJson }}
{{- end }}

{{- /* A text, a kind: true if its objects lead clients outside the cluster to Services. */}}
{{- define "fragment.leadsIn" -}}
{{- if regexMatch "^([A-Za-z]*(Ingress|Mapping|Route(TCP|UDP)?)|VirtualService|VirtualServer|TransportServer|HTTPProxy|(Tunnel|TargetGroup)Binding|ServiceExport)$" . }}true{{ end }}
{{- end }}

{{- /* {object, service}: true if an object of extraObjects leads clients outside the cluster to the Service of this name. */}}
{{- define "fragment.leadsTo" -}}
{{- $object := mustToJson .object | mustFromJson }}
{{- if and (include "fragment.leadsIn" $object.kind) (regexMatch (printf "\"%s[.\"]" .service) (get $object "spec" | mustToJson)) }}true{{ end }}
{{- end }}

{{- /* Given a map, an object: the ways by which a Service of Kubernetes lets in clients from outside the cluster, as a JSON list. */}}
{{- define "fragment.outsideOf" -}}
{{- $found := list }}
{{- $spec := get . "spec" }}
{{- $spec = ternary $spec dict (kindIs "map" $spec) }}
{{- /* A kind is that of its API group: the Service of Knative is another than that of Kubernetes. */}}
{{- if and (eq .kind "Service") (not (contains "/" .apiVersion)) }}
{{- $found = without (list ($spec.type | default "ClusterIP")) "ClusterIP" "ExternalName" }}
{{- if $spec.externalIPs }}
{{- $found = append $found "externalIPs" }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /*
{object, selector}: true if an object of extraObjects is a Service that lets clients outside the cluster reach pods with the labels of this
selector. Labels that only its own selector has can be theirs, too, such as those of podLabels.
*/}}
{{- define "fragment.opensPods" -}}
{{- $object := mustToJson .object | mustFromJson }}
{{- if include "fragment.outsideOf" $object | mustFromJson }}
{{- $shared := 0 }}
{{- $other := false }}
{{- range $label, $value := get $object "spec" | dig "selector" dict | default dict }}
{{- if hasKey $.selector $label }}
{{- $shared = add1 $shared }}
{{- $other = or $other (ne (toString $value) (toString (get $.selector $label))) }}
{{- end }}
{{- end }}
{{- if and $shared (not $other) }}true{{ end }}
{{- end }}
{{- end }}

{{- /*
{name, object, limited}: the way that an object of extraObjects opens, as a sentence, empty if it is of a kind that
opens none. limited: whether NetworkPolicies of the release limit who connects.
*/}}
{{- define "fragment.accessOfObject" -}}
{{- $object := .object }}
{{- $kind := $object.kind }}
{{- $title := printf "%s/%s" $kind ($object.metadata.name | default "?") }}
{{- $spec := get $object "spec" }}
{{- $spec = ternary $spec dict (kindIs "map" $spec) }}
{{- $named := include "fragment.opening" (list ($object.metadata.annotations | default dict) ($object.metadata.labels | default dict)) | mustFromJson }}
{{- $group := splitList "/" $object.apiVersion | initial | join "/" }}
{{- $service := and (eq $kind "Service") (eq $group "") }}
{{- $outside := include "fragment.outsideOf" $object | mustFromJson }}
{{- $never := get (dict
  "" (list "ConfigMap" "Secret" "ServiceAccount" "PersistentVolume" "PersistentVolumeClaim" "LimitRange" "ResourceQuota" "Namespace")
  "storage.k8s.io" (list "StorageClass" "VolumeAttributesClass")
  "snapshot.storage.k8s.io" (list "VolumeSnapshot" "VolumeSnapshotClass")
  "networking.k8s.io" (list "IngressClass")
  "gateway.networking.k8s.io" (list "GatewayClass")
  "scheduling.k8s.io" (list "PriorityClass")
  "node.k8s.io" (list "RuntimeClass")
  "resource.k8s.io" (list "DeviceClass" "ResourceClaim" "ResourceClaimTemplate")
  "policy" (list "PodDisruptionBudget")
  "autoscaling" (list "HorizontalPodAutoscaler")
  "autoscaling.k8s.io" (list "VerticalPodAutoscaler")
  "keda.sh" (list "ScaledObject" "TriggerAuthentication" "ClusterTriggerAuthentication")
  "rbac.authorization.k8s.io" (list "Role" "ClusterRole")
  "monitoring.coreos.com" (list "ServiceMonitor" "PodMonitor" "PrometheusRule")
  "cert-manager.io" (list "Certificate" "Issuer" "ClusterIssuer")
  "external-secrets.io" (list "ExternalSecret" "ClusterExternalSecret" "SecretStore" "ClusterSecretStore")
  "bitnami.com" (list "SealedSecret")) $group | default list }}
{{- /* What a ConfigMap of ingress-nginx lists as PORT: NAMESPACE/SERVICE:PORT is open at a port of the controller. */}}
{{- $ports := and (eq $kind "ConfigMap") (regexMatch "\"[0-9]+\":\"[a-z0-9.-]+/[a-z0-9.-]+:[a-z0-9]" (get $object "data" | default dict | mustToJson)) }}
{{- if or $outside (include "fragment.leadsIn" $kind) -}}
extraObjects.{{ .name }} opens another way: clients from outside the cluster can reach what {{ $title }} leads to{{ with $outside }}, through its {{ join " and " . }}{{ end }}.
{{- else if hasSuffix "NetworkPolicy" $kind }}
{{- /* NetworkPolicies add up: what one of them allows, no other one denies. Rules of other kinds can deny, too. */}}
{{- $may := ternary (list "opens" "lets") (list "can open" "can let") (eq $kind "NetworkPolicy") }}
{{- if and .limited (or (get $spec "ingress") (get $object "specs") (ne (kindOf (get $object "spec")) "map")) -}}
extraObjects.{{ .name }} {{ first $may }} another way: {{ $title }} {{ last $may }} more clients reach the pods that it selects.
{{- end }}
{{- else if and $service $named -}}
extraObjects.{{ .name }} can open another way, for controllers that read annotations or labels of {{ $title }}: {{ join ", " $named }}.
{{- else if or $ports (not (or $service (has $kind $never))) -}}
extraObjects.{{ .name }} can open another way: this chart does not know whom {{ $title }} lets in.
{{- end }}
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
