



{{- define "llm-stack.access" -}}
{{- include "llm-stack.servers" . }}
{{- $lines := list }}
{{- $limited := include "llm-stack.slot.access.clients" . }}
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
{{- $lines = append $lines (include "llm-stack.accessOfObject" (dict "name" $name "object" (mustToJson $object | mustFromJson) "limited" $limited)) }}
{{- end }}
{{- mustToJson (compact $lines) }}
{{- end }}





{{- define "llm-stack.opening" -}}
{{- $domains := list
  "app.kubernetes.io" "helm.sh" "meta.helm.sh" "argocd.argoproj.io" "kubectl.kubernetes.io" "kustomize.toolkit.fluxcd.io" "checksum"
  "cert-manager.io" "acme.cert-manager.io" "prometheus.io" "reloader.stakater.com" "secret.reloader.stakater.com" "configmap.reloader.stakater.com"
  "sidecar.istio.io" "linkerd.io" "cluster-autoscaler.kubernetes.io" "karpenter.sh" "ad.datadoghq.com" "co.elastic.logs" "backup.velero.io" }}
{{- $found := list }}
{{- range . }}
{{- range $name, $_ := . }}

{{- $known := regexMatch "^[^/]*$|^nginx.ingress.kubernetes.io/(proxy-(body-size|buffering|(connect|read|send)-timeout)|(force-)?ssl-redirect)$" $name }}
{{- if not (or $known (has (splitList "/" $name | first) $domains)) }}
{{- $found = append $found $name }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $found | sortAlpha | mustToJson }}
{{- end }}


{{- define "llm-stack.leadsIn" -}}
{{- if regexMatch "^([A-Za-z]*(Ingress|Mapping|Route(TCP|UDP)?)|VirtualService|VirtualServer|TransportServer|HTTPProxy|(Tunnel|TargetGroup)Binding|ServiceExport)$" . }}true{{ end }}
{{- end }}


{{- define "llm-stack.leadsTo" -}}
{{- $object := mustToJson .object | mustFromJson }}
{{- if and (include "llm-stack.leadsIn" $object.kind) (regexMatch (printf "\"%s[.\"]" .service) (get $object "spec" | mustToJson)) }}true{{ end }}
{{- end }}


{{- define "llm-stack.outsideOf" -}}
{{- $found := list }}
{{- $spec := get . "spec" }}
{{- $spec = ternary $spec dict (kindIs "map" $spec) }}

{{- if and (eq .kind "Service") (not (contains "/" .apiVersion)) }}
{{- $found = without (list ($spec.type | default "ClusterIP")) "ClusterIP" "ExternalName" }}
{{- if $spec.externalIPs }}
{{- $found = append $found "externalIPs" }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}





{{- define "llm-stack.opensPods" -}}
{{- $object := mustToJson .object | mustFromJson }}
{{- if include "llm-stack.outsideOf" $object | mustFromJson }}
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





{{- define "llm-stack.accessOfObject" -}}
{{- $object := .object }}
{{- $kind := $object.kind }}
{{- $title := printf "%s/%s" $kind ($object.metadata.name | default "?") }}
{{- $spec := get $object "spec" }}
{{- $spec = ternary $spec dict (kindIs "map" $spec) }}
{{- $named := include "llm-stack.opening" (list ($object.metadata.annotations | default dict) ($object.metadata.labels | default dict)) | mustFromJson }}
{{- $group := splitList "/" $object.apiVersion | initial | join "/" }}
{{- $service := and (eq $kind "Service") (eq $group "") }}
{{- $outside := include "llm-stack.outsideOf" $object | mustFromJson }}
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

{{- $ports := and (eq $kind "ConfigMap") (regexMatch "\"[0-9]+\":\"[a-z0-9.-]+/[a-z0-9.-]+:[a-z0-9]" (get $object "data" | default dict | mustToJson)) }}
{{- if or $outside (include "llm-stack.leadsIn" $kind) -}}
extraObjects.{{ .name }} opens another way: clients from outside the cluster can reach what {{ $title }} leads to{{ with $outside }}, through its {{ join " and " . }}{{ end }}.
{{- else if hasSuffix "NetworkPolicy" $kind }}

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


{{- define "llm-stack.generated" -}}
{{- include "llm-stack.servers" . }}
{{- $lines := list }}
{{- range .Facts.secrets }}
{{- $lines = append $lines (printf "Secret %s has a generated value. Without access to the cluster, as in Argo CD, each render generates another one, and %s; set %s.existingSecret or %s.value." .name .effect .key .key) }}
{{- end }}
{{- mustToJson $lines }}
{{- end }}
