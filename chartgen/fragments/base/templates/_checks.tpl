{{- define "fragment.serverChecks" -}}
{{- if has .Server (include "fragment.data.components" . | mustFromJson) }}
the name {{ .Server }} is reserved by the chart; rename the server
{{- end }}
{{- end }}

{{- define "fragment.releaseChecks" -}}
{{- if not (or .Servers .Facts.ui) }}
servers: no server is enabled, and no UI is deployed; set enabled: true for a server, or deploy a UI with endpoints elsewhere
{{- end }}
{{- with .Values.global.proxy }}
{{- if and .existingSecret (or .httpProxy .httpsProxy) }}
global.proxy.existingSecret: cannot be combined with httpProxy and httpsProxy; write the URLs into the Secret, or remove existingSecret
{{- end }}
{{- end }}
{{ include "fragment.secretChecks" . }}
{{ include "fragment.textChecks" . }}
{{ include "fragment.extraObjectForms" . }}
{{ include "fragment.wayFaults" . }}
{{- if and .Values.serviceAccount.attachPullSecrets (not .Values.serviceAccount.create) }}
serviceAccount.attachPullSecrets: the release does not create the service account {{ include "fragment.serviceAccount" . }}, so it cannot attach Secrets to it; set serviceAccount.create to true, or remove attachPullSecrets and global.imagePullSecrets and attach the Secrets yourself
{{- end }}
{{- end }}

{{- /*
(list KEY ENV TABLE): an error for each variable in the environment ENV, the value KEY, for which the chart has another value,
as TABLE says. That value decides who the chart says can use the release, and others read it too.
*/}}
{{- define "fragment.envFaults" -}}
{{- $key := first . }}
{{- $env := index . 1 }}
{{- range $name, $value := last . }}
{{- if hasKey $env $name }}
{{ $key }}.{{ $name }}: {{ $value }} is the value for it, which decides what the chart says about access; remove it, and set {{ $value }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
(list KEY ENV TABLE): an error for each variable in the environment ENV, the value KEY, with which a program listens elsewhere than
where its probes and its Service reach it. TABLE maps names to patterns of what they may be. The text is not printed.
*/}}
{{- define "fragment.listenFaults" -}}
{{- $key := first . }}
{{- $env := index . 1 }}
{{- range $name, $pattern := last . }}
{{- $text := get $env $name }}
{{- if and (hasKey $env $name) (kindIs "string" $text) (not (regexMatch $pattern $text)) }}
{{ $key }}.{{ $name }}: makes the program listen elsewhere than where its probes and its Service reach it; remove it, and set {{ trimSuffix "env" $key }}service.port if clients need another port
{{- end }}
{{- end }}
{{- end }}

{{- /* A text of an argument: its name, without a value in the same text, which can be a password. */}}
{{- define "fragment.flag" -}}
{{- regexFind "^[^=\\s]*" (toString .) }}
{{- end }}

{{- /* (list ARGS VALUE): an error for each of extraArgs with an API key, for which the chart has that value. */}}
{{- define "fragment.keyFaults" -}}
{{- $value := last . }}
{{- range first . }}
{{- if regexMatch "^--api[-_]k" (toString .) }}
extraArgs: {{ include "fragment.flag" . }} is set there, but {{ $value }} is the value for the key, which decides what the chart says about access; remove it, and set {{ $value }}
{{- end }}
{{- end }}
{{- end }}

{{- /* (list ARGS NAMES): the value of the last of extraArgs with one of the NAMES, as --name=value or as two items; empty if
there is none. */}}
{{- define "fragment.argument" -}}
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

{{- /* (list CONTEXT PATH): the value at a path such as model.name, as JSON. */}}
{{- define "fragment.valueAt" -}}
{{- $at := (first .).Values }}
{{- range last . | splitList "." }}
{{- $at = kindIs "map" $at | ternary (get $at .) nil }}
{{- end }}
{{- mustToJson $at }}
{{- end }}

{{- /* (list TEXT TEXT): true if both are the same text, number or truth value, otherwise empty. */}}
{{- define "fragment.sameSetting" -}}
{{- $read := list }}
{{- range . }}
{{- $text := get (dict "true" "1" "false" "0") (lower .) | default . }}
{{- $read = append $read (regexMatch "^([0-9]{1,12}([.][0-9]{0,12})?|[.][0-9]{1,12})$" $text | ternary (float64 $text) $text) }}
{{- end }}
{{- if eq (first $read | mustToJson) (last $read | mustToJson) }}true{{ end }}
{{- end }}

{{- /*
(list MODELS ENGINE FOLDER): an error for each model whose name ends in GGUF, for an engine that reads a folder with config.json and
safetensors. FOLDER is the part of the download that the engine reads; a file that ends in .gguf is accepted.
*/}}
{{- define "fragment.ggufFaults" -}}
{{- $engine := index . 1 }}
{{- if not (hasSuffix ".gguf" (last .)) }}
{{- range first . }}
{{- if regexMatch "(?i)[-_.]gguf([:@].*)?$" .reference }}
model.name: {{ .reference }} is a model in GGUF, but {{ $engine }} reads a folder with config.json and safetensors; name the original model, or set engine to llamacpp and llamacpp.file to one of the files
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Given the root: an error for each text of the values with a character that YAML cannot contain. Where there is one, toYaml
prints nothing at all, without an error.
*/}}
{{- define "fragment.textChecks" -}}
{{- $json := print .Copy (toJson .Values.servers) }}
{{- $odd := false }}
{{- range list "\\u000" "\\u001" "\x7f" "\xc2" "\xef" }}
{{- $odd = or $odd (contains . $json) }}
{{- end }}
{{- if $odd }}
{{ include "fragment.unprintable" (list "" .Values) }}
{{- end }}
{{- end }}

{{- /* (list PATH DATA): the errors in data at a path. The text is not printed: it can be a password. */}}
{{- define "fragment.unprintable" -}}
{{- $path := first . }}
{{- $data := last . }}
{{- $found := "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\x{fffe}\\x{ffff}]" }}
{{- if kindIs "map" $data }}
{{- range $key, $value := $data }}
{{- if regexMatch $found $key }}
{{ $path | default "values" }}: the key {{ quote $key }} contains a control character; remove it
{{- else }}
{{ include "fragment.unprintable" (list (list $path $key | compact | join ".") $value) }}
{{- end }}
{{- end }}
{{- else if kindIs "slice" $data }}
{{- range $n, $value := $data }}
{{ include "fragment.unprintable" (list (printf "%s[%d]" $path $n) $value) }}
{{- end }}
{{- else if kindIs "string" $data }}
{{- if regexMatch $found $data }}
{{ $path }}: contains a control character; remove it
{{- end }}
{{- end }}
{{- end }}

{{- /* Given a context: an error for each Secret that would be generated, and for each that is described twice. */}}
{{- define "fragment.secretChecks" -}}
{{- if not .Values.generateSecrets }}
{{- range .Facts.secrets }}
{{ .key }}.existingSecret: is empty, and generateSecrets is false; set it to an existing Secret, or set {{ .key }}.value
{{- end }}
{{- end }}
{{- end }}

{{- /* Given the root: an error for each of extraObjects that the checks, or Helm at an upgrade, would not find. */}}
{{- define "fragment.extraObjectForms" -}}
{{- range $name, $object := .Values.extraObjects }}
{{- if or (eq $object.kind "List") (and (hasSuffix "List" $object.kind) (kindIs "slice" (get (mustToJson $object | mustFromJson) "items"))) }}
extraObjects.{{ $name }}: is a list of objects, which the chart cannot check; write each item under its own key
{{- else if not $object.metadata.name }}
extraObjects.{{ $name }}.metadata.name: is missing, but Helm finds an object by its name when it upgrades; set it
{{- end }}
{{- end }}
{{- end }}

{{- /*
Given the root: an error for each of extraObjects that is another object of the release, too. Helm would install only one of
the two, without a message. It renders the release, so it is for values without other errors.
*/}}
{{- define "fragment.extraObjectFaults" -}}
{{- $owners := dict }}
{{- range $name, $object := .Values.extraObjects }}
{{- $identity := include "fragment.identity" (list $ $object) }}
{{- with get $owners $identity }}
extraObjects.{{ $name }}: extraObjects.{{ . }} has the same kind and name; rename or remove one of the two
{{- end }}
{{- $_ := set $owners $identity $name }}
{{- /* Roles and their bindings can have other characters. */}}
{{- if not (or (regexMatch "^(Cluster)?Role(Binding)?$" $object.kind) (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $object.metadata.name)) }}
extraObjects.{{ $name }}: metadata.name is {{ quote $object.metadata.name }}, which is not a valid name; use lowercase letters, digits, '-' and '.'
{{- end }}
{{- end }}
{{- range $file := without (include "fragment.data.manifests" . | mustFromJson) "base/extra-objects.yaml" }}
{{- range include (printf "%s/%s" $.Template.BasePath $file) $ | splitList "\n---\n" }}
{{- if regexMatch "(?m)^kind:" . }}
{{- $rendered := include "fragment.map" . | mustFromJson }}
{{- with get $owners (include "fragment.identity" (list $ $rendered)) }}
extraObjects.{{ . }}: {{ $rendered.kind }}/{{ $rendered.metadata.name }} is already an object of the chart; use another name
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* (list CONTEXT OBJECT): group, kind, namespace and name, which no two objects have in common. */}}
{{- define "fragment.identity" -}}
{{- $object := last . }}
{{- $group := splitList "/" $object.apiVersion | initial | join "/" }}
{{- list $group $object.kind ($object.metadata.namespace | default (first .).Release.Namespace) $object.metadata.name | join " " }}
{{- end }}

{{- /* Given the root: objects that must already exist for the release, Kind/name, as a JSON list. extraObjects creates some. */}}
{{- define "fragment.needs" -}}
{{- $needs := list }}
{{- range .Servers }}
{{- range include "fragment.slot.server.needs" . | splitList "\n" }}
{{- $needs = append $needs (trim .) }}
{{- end }}
{{- end }}
{{- range include "fragment.slot.release.needs" . | splitList "\n" }}
{{- $needs = append $needs (trim .) }}
{{- end }}
{{- range .Values.extraObjects }}
{{- $needs = without $needs (printf "%s/%s" .kind .metadata.name) }}
{{- end }}
{{- $needs | uniq | compact | mustToJson }}
{{- end }}

{{- define "fragment.releaseNeeds" -}}
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
