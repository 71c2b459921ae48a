{{- define "llm-stack.serverChecks" -}}
{{- if has .Server (include "llm-stack.data.components" . | mustFromJson) }}
the name {{ .Server }} is reserved by the chart; rename the server
{{- end }}
{{- end }}

{{- define "llm-stack.releaseChecks" -}}
{{- if not (or .Servers .Facts.ui) }}
servers: no server is enabled, and no UI is deployed; set enabled: true for a server, or deploy a UI with endpoints elsewhere
{{- end }}
{{- with .Values.global.proxy }}
{{- if and .existingSecret (or .httpProxy .httpsProxy) }}
global.proxy.existingSecret: cannot be combined with httpProxy and httpsProxy; write the URLs into the Secret, or remove existingSecret
{{- end }}
{{- end }}
{{ include "llm-stack.secretChecks" . }}
{{ include "llm-stack.textChecks" . }}
{{ include "llm-stack.extraObjectForms" . }}
{{ include "llm-stack.wayFaults" . }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the release does not create the service account {{ include "llm-stack.serviceAccount" . }}, so it cannot attach Secrets to it; set serviceAccount.create to true, or remove attachPullSecrets and global.imagePullSecrets and attach the Secrets yourself
{{- end }}
{{- end }}





{{- define "llm-stack.envFaults" -}}
{{- $key := first . }}
{{- $env := index . 1 }}
{{- range $name, $value := last . }}
{{- if hasKey $env $name }}
{{ $key }}.{{ $name }}: {{ $value }} is the value for it, which decides what the chart says about access; remove it, and set {{ $value }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.listenFaults" -}}
{{- $key := first . }}
{{- $env := index . 1 }}
{{- range $name, $pattern := last . }}
{{- $text := get $env $name }}
{{- if and (hasKey $env $name) (kindIs "string" $text) (not (regexMatch $pattern $text)) }}
{{ $key }}.{{ $name }}: makes the program listen elsewhere than where its probes and its Service reach it; remove it, and set {{ trimSuffix "env" $key }}service.port if clients need another port
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.flag" -}}
{{- regexFind "^[^=\\s]*" (toString .) }}
{{- end }}


{{- define "llm-stack.keyFaults" -}}
{{- $value := last . }}
{{- range first . }}
{{- if regexMatch "^--api[-_]k" (toString .) }}
extraArgs: {{ include "llm-stack.flag" . }} is set there, but {{ $value }} is the value for the key, which decides what the chart says about access; remove it, and set {{ $value }}
{{- end }}
{{- end }}
{{- end }}



{{- define "llm-stack.argument" -}}
{{- $names := last . }}
{{- $found := "" }}
{{- $follows := false }}
{{- range first . }}
{{- $parts := regexSplit "=" (toString .) 2 }}
{{- $named := has (first $parts | replace "_" "-") $names }}
{{- if and $named (eq (len $parts) 2) }}
{{- $found = last $parts }}
{{- else if $follows }}
{{- $found = toString . }}
{{- end }}
{{- $follows = and $named (eq (len $parts) 1) }}
{{- end }}
{{- $found }}
{{- end }}


{{- define "llm-stack.valueAt" -}}
{{- $at := (first .).Values }}
{{- range last . | splitList "." }}
{{- $at = kindIs "map" $at | ternary (get $at .) nil }}
{{- end }}
{{- mustToJson $at }}
{{- end }}


{{- define "llm-stack.sameSetting" -}}
{{- $read := list }}
{{- range . }}
{{- $text := get (dict "true" "1" "false" "0") (lower .) | default . }}
{{- $read = append $read (regexMatch "^([0-9]{1,12}([.][0-9]{0,12})?|[.][0-9]{1,12})$" $text | ternary (float64 $text) $text) }}
{{- end }}
{{- if eq (first $read | mustToJson) (last $read | mustToJson) }}true{{ end }}
{{- end }}





{{- define "llm-stack.ggufFaults" -}}
{{- $engine := index . 1 }}
{{- if not (hasSuffix ".gguf" (last .)) }}
{{- range first . }}
{{- if regexMatch "(?i)[-_.]gguf([:@].*)?$" .reference }}
model.name: {{ .reference }} is a model in GGUF, but {{ $engine }} reads a folder with config.json and safetensors; name the original model, or set engine to llamacpp and llamacpp.file to one of the files
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.textChecks" -}}
{{- $json := print .Copy (toJson .Values.servers) }}
{{- $odd := false }}
{{- range list "\\u000" "\\u001" "\x7f" "\xc2" "\xef" }}
{{- $odd = or $odd (contains . $json) }}
{{- end }}
{{- if $odd }}
{{ include "llm-stack.unprintable" (list "" .Values) }}
{{- end }}
{{- end }}


{{- define "llm-stack.unprintable" -}}
{{- $path := first . }}
{{- $data := last . }}
{{- $found := "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\x{fffe}\\x{ffff}]" }}
{{- if kindIs "map" $data }}
{{- range $key, $value := $data }}
{{- if regexMatch $found $key }}
{{ $path | default "values" }}: the key {{ quote $key }} contains a control character; remove it
{{- else }}
{{ include "llm-stack.unprintable" (list (list $path $key | compact | join ".") $value) }}
{{- end }}
{{- end }}
{{- else if kindIs "slice" $data }}
{{- range $n, $value := $data }}
{{ include "llm-stack.unprintable" (list (printf "%s[%d]" $path $n) $value) }}
{{- end }}
{{- else if kindIs "string" $data }}
{{- if regexMatch $found $data }}
{{ $path }}: contains a control character; remove it
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.secretChecks" -}}
{{- if not .Values.generateSecrets }}
{{- range .Facts.secrets }}
{{ .key }}.existingSecret: is empty, and generateSecrets is false; set it to an existing Secret, or set {{ .key }}.value
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.extraObjectForms" -}}
{{- range $name, $object := .Values.extraObjects }}
{{- if or (eq $object.kind "List") (and (hasSuffix "List" $object.kind) (kindIs "slice" (get (mustToJson $object | mustFromJson) "items"))) }}
extraObjects.{{ $name }}: is a list of objects, which the chart cannot check; write each item under its own key
{{- else if not $object.metadata.name }}
extraObjects.{{ $name }}.metadata.name: is missing, but Helm finds an object by its name when it upgrades; set it
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.extraObjectFaults" -}}
{{- $owners := dict }}
{{- range $name, $object := .Values.extraObjects }}
{{- $identity := include "llm-stack.identity" (list $ $object) }}
{{- with get $owners $identity }}
extraObjects.{{ $name }}: extraObjects.{{ . }} has the same kind and name; rename or remove one of the two
{{- end }}
{{- $_ := set $owners $identity $name }}

{{- if not (or (regexMatch "^(Cluster)?Role(Binding)?$" $object.kind) (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $object.metadata.name)) }}
extraObjects.{{ $name }}: metadata.name is {{ quote $object.metadata.name }}, which is not a valid name; use lowercase letters, digits, '-' and '.'
{{- end }}
{{- end }}
{{- range $file := without (include "llm-stack.data.manifests" . | mustFromJson) "base/extra-objects.yaml" }}
{{- range include (printf "%s/%s" $.Template.BasePath $file) $ | splitList "\n---\n" }}
{{- if regexMatch "(?m)^kind:" . }}
{{- $rendered := include "llm-stack.map" . | mustFromJson }}
{{- with get $owners (include "llm-stack.identity" (list $ $rendered)) }}
extraObjects.{{ . }}: {{ $rendered.kind }}/{{ $rendered.metadata.name }} is already an object of the chart; use another name
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.identity" -}}
{{- $object := last . }}
{{- $group := splitList "/" $object.apiVersion | initial | join "/" }}
{{- list $group $object.kind ($object.metadata.namespace | default (first .).Release.Namespace) $object.metadata.name | join " " }}
{{- end }}


{{- define "llm-stack.needs" -}}
{{- $needs := list }}
{{- range .Servers }}
{{- range include "llm-stack.slot.server.needs" . | splitList "\n" }}
{{- $needs = append $needs (trim .) }}
{{- end }}
{{- end }}
{{- range include "llm-stack.slot.release.needs" . | splitList "\n" }}
{{- $needs = append $needs (trim .) }}
{{- end }}
{{- range .Values.extraObjects }}
{{- $needs = without $needs (printf "%s/%s" .kind .metadata.name) }}
{{- end }}
{{- $needs | uniq | compact | mustToJson }}
{{- end }}

{{- define "llm-stack.releaseNeeds" -}}
{{- with .Values.global.proxy.existingSecret }}
Secret/{{ . }}
{{- end }}
{{- range .Values.global.imagePullSecrets }}
Secret/{{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) .Values.serviceAccount.name }}
ServiceAccount/{{ .Values.serviceAccount.name }}
{{- end }}
{{- end }}
