{{- /*
The addresses in texts, by a grammar:

  text      = token *( ( blank | quote | "<" | ">" | "\" ) token ); a scheme begins a token, too
  token     = *any ( url | driver | bare *( separator *any bare ) )
  url       = scheme "://" [ user "@" ] address *( "," address ) [ ( "/" | "?" | "#" ) any ]
            | "dns://" [ any ] "/" address
  driver    = ( "tcp" | "tcp4" | "tcp6" ) "(" address ")"
  bare      = [ user "@" ] far ":" port [ "/" any ]
  address   = host [ ":" port ]
  host      = name | IPv4 | "[" IPv6 "]"
  far       = a name with a domain | IPv4 | "[" IPv6 "]"
  separator = one of , ; = | { } ( )
  port      = 1 to 65535, without zeros before it; with two digits or more in a bare address

A user can contain any characters: all before the last @ belongs to it. Anything else is not an address, such as
1.2.3.4:99999, llama3.2:70 and main:8000. The pod itself is none, either: localhost, 127.0.0.1, ::1, and all of its interfaces.

The text of a variable that has hosts by its name (REDIS_HOST, KAFKA_BROKERS) has another grammar:

  hosts     = address *( "," address )

Its port can be in the variable next to it (REDIS_PORT). One that has URLs by its name (TRITON_URL) can have this form, too, with a port.
*/}}

{{- /*
A text, the name of a variable: what that has by its name, hosts or urls, or empty. Where the pod itself listens, where a browser is sent back
to, what a server lets in, what is reached without a proxy, and addresses of mail are not addresses to which the pod connects.
*/}}
{{- define "fragment.addressOf" -}}
{{- if not (or (include "fragment.ofClients" .) (regexMatch "(?i)REDIRECT|CALLBACK|ALLOW|TRUST|(FROM|MAIL)_?ADDRESS|^WEBUI_URL$|^HOST(NAME)?$|(^|_)(LISTEN|BIND)|^NO_PROXY$" .)) }}
{{- if regexMatch "(?i)(^|_|^PG|DB)(HOST|HOSTNAME|HOSTADDR|ADDR|ADDRESS|BROKER|SERVER|ENDPOINT|PROXY)(E?S)?$" . }}hosts
{{- else if regexMatch "(?i)(^|_)(URL|URI|DSN|CONNECTION_STRING)S?$" . }}urls
{{- end }}
{{- end }}
{{- end }}

{{- /*
A text, the name of a variable or of an option: true if what it has is of browsers, also as URLs: the pages that may use a server
(OLLAMA_ORIGINS, CORS_ALLOW_ORIGIN, --allowed-origins), and its own address for them.
*/}}
{{- define "fragment.ofClients" -}}
{{- if regexMatch "(?i)(^|[_-])ORIGINS?$|[_-]REDIRECT[_-]UR[IL]S?$|^WEBUI_URL$" . }}true{{ end }}
{{- end }}

{{- /* A text that begins with an address: that address, in lower case, without a dot at the end of its name, or empty. */}}
{{- define "fragment.addressAt" -}}
{{- $found := regexFind "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?)(:[0-9]+)?" . }}
{{- $port := regexFind ":[0-9]+$" $found }}
{{- $host := trimSuffix $port $found | lower }}
{{- $sound := and $found (not (regexMatch "^[A-Za-z0-9:@_$%-]" (trimPrefix $found .))) }}
{{- $sound = and $sound (regexMatch "^(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$" $port) }}
{{- if hasPrefix "[" $host }}
{{- $sound = and $sound (include "fragment.soundIPv6" (trimAll "[]" $host)) }}
{{- else if regexMatch "^[0-9.]+$" $host }}
{{- $sound = and $sound (regexMatch "^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])([.]|$)){4}$" $host) (not (regexMatch "[.]$|^(0|127)[.]" $host)) }}
{{- else }}
{{- $host = trimSuffix "." $host }}
{{- $sound = and $sound (not (or (contains ".." $host) (hasSuffix "." $host) (eq $host "localhost"))) }}
{{- end }}
{{- if $sound }}{{ $host }}{{ $port }}{{ end }}
{{- end }}

{{- /* A text: true if it is an address of IPv6, of another machine. One with an IPv4 address in it is not read. */}}
{{- define "fragment.soundIPv6" -}}
{{- $groups := list }}
{{- $sound := true }}
{{- range splitList "::" . }}
{{- $sound = and $sound (regexMatch "^([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,7})?$" .) }}
{{- $groups = concat $groups (splitList ":" . | compact) }}
{{- end }}
{{- $ends := splitList "::" . | len }}
{{- $whole := or (and (eq $ends 1) (eq (len $groups) 8)) (and (eq $ends 2) (lt (len $groups) 8)) }}
{{- if and $sound $whole (not (regexMatch "^[0:]*(:0{0,3}1)?$" .)) }}true{{ end }}
{{- end }}

{{- /* {text, endpoint}: the addresses in a token that begins with a scheme, one a line. */}}
{{- define "fragment.urlsAt" -}}
{{- $scheme := regexFind "^[^:]+" .text | lower }}
{{- $rest := splitn "://" 2 .text }}
{{- $rest = $rest._1 }}
{{- /* gRPC has the address where others have a path. */}}
{{- if eq $scheme "dns" }}
{{- $rest = splitList "/" $rest | last }}
{{- end }}
{{- $authority := regexFind "^[^/?#]*" $rest }}
{{- /* A password can contain these, too, where a program looks for the @ first. */}}
{{- if and (contains "@" $rest) (not (contains "@" $authority)) (not (include "fragment.addressAt" $authority)) }}
{{- $authority = splitList "@" $rest | last | regexFind "^[^/?#]*" }}
{{- end }}
{{- $authority = splitList "@" $authority | last }}
{{- /* A bucket is not a host. */}}
{{- $stores := dict "s3" "s3.amazonaws.com" "s3a" "s3.amazonaws.com" "s3n" "s3.amazonaws.com" "gs" "storage.googleapis.com" "gcs" "storage.googleapis.com" "hf" "huggingface.co" "az" "blob.core.windows.net" "azure" "blob.core.windows.net" "abfs" "dfs.core.windows.net" "abfss" "dfs.core.windows.net" "wasb" "blob.core.windows.net" "wasbs" "blob.core.windows.net" }}
{{- with get $stores $scheme }}
{{- if not (and $.endpoint (hasPrefix "s3" $scheme)) }}
https://{{ . }}
{{- end }}
{{- else }}
{{- range ternary list (splitList "," $authority) (has $scheme (list "file" "unix" "sqlite" "duckdb" "ipc" "inproc" "data")) }}
{{- with include "fragment.addressAt" . }}
{{ $scheme }}://{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A text, a token without a scheme: its bare addresses, one a line. */}}
{{- define "fragment.bareAt" -}}
{{- range regexSplit "[,;=|{}()]+" . -1 }}
{{- /* A bracket can be that of a list. */}}
{{- $text := regexReplaceAll "^\\[+([^\\]]*)$" . "${1}" | regexFind "^(\\[[^\\]]*\\])?[^\\]]*" }}
{{- $parts := splitn "/" 2 $text }}
{{- $host := splitList "@" $parts._0 | last }}
{{- if and (regexMatch "^(([A-Za-z0-9-]+[.])+[A-Za-z][A-Za-z0-9-]*[.]?|[0-9.]+|\\[.*\\]):[0-9]{2,5}$" $host) (not (contains ":" ($parts._1 | default ""))) }}
{{- with include "fragment.addressAt" $host }}
tcp://{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
{name, kind, text, env}: the addresses in the text of a variable that has hosts, or URLs, by its name (kind), one a line. A name without a
domain or a port can be any word, except in a variable whose name says that it is a host; one for URLs has a host only with its port.
*/}}
{{- define "fragment.hostsAt" -}}
{{- if not (regexMatch "://|[^A-Za-z0-9.:,_\\[\\] -]" .text) }}
{{- $certain := regexMatch "(?i)(HOST|HOSTNAME|HOSTADDR|ADDR|ADDRESS)(E?S)?$" .name }}
{{- $port := regexReplaceAll "(?i)_?(HOST|HOSTNAME|HOSTADDR|ADDR|ADDRESS|BROKER|SERVER|ENDPOINT|PROXY)(E?S)?$" .name "" }}
{{- $port = coalesce (get .env (printf "%s_PORT" $port)) (get .env (printf "%sPORT" $port)) "" | toString }}
{{- $scheme := "tcp" }}
{{- range $word, $known := dict "PG" "postgres" "POSTGRES" "postgres" "REDIS" "redis" "VALKEY" "redis" "MYSQL" "mysql" "MARIADB" "mysql" "MONGO" "mongodb" "RABBITMQ" "amqp" "AMQP" "amqp" "NATS" "nats" "LDAP" "ldap" "MQTT" "mqtt" }}
{{- if regexMatch (printf "(?i)(^|_)%s" $word) $.name }}
{{- $scheme = $known }}
{{- end }}
{{- end }}
{{- range regexSplit "[, ]+" .text -1 }}
{{- $found := include "fragment.addressAt" . }}
{{- if and $found (or $certain (regexMatch "[.:]" $found)) (not (has $found (list "true" "false" "none" "null" "auto" "local" "any" "all" "default"))) (hasPrefix $found (lower .)) }}
{{- $own := or (regexMatch "\\]:[0-9]+$" $found) (and (not (hasPrefix "[" $found)) (contains ":" $found)) }}
{{- if or $own (eq $.kind "hosts") }}
{{ $scheme }}://{{ $found }}{{ if and (not $own) (regexMatch "^[1-9][0-9]{0,4}$" $port) }}:{{ $port }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Given a list of maps of environment variables, and of lists of arguments: the addresses in their texts as scheme://host:port, as a JSON
list. What is in an object store is read at its public address, unless a variable names an endpoint of S3.
*/}}
{{- define "fragment.urlsIn" -}}
{{- $texts := list }}
{{- $endpoint := false }}
{{- $found := list }}
{{- range $env := . }}
{{- $before := "" }}
{{- range $name, $text := . }}
{{- /* Of an argument, the name is before it: --name=TEXT, or --name TEXT. */}}
{{- $of := toString $name }}
{{- if and (kindIs "slice" $env) (kindIs "string" $text) }}
{{- $of = ternary (splitList "=" $text | first) $before (hasPrefix "-" $text) }}
{{- $before = ternary $text "" (hasPrefix "-" $text) }}
{{- end }}
{{- if and (kindIs "string" $text) $text (not (include "fragment.ofClients" $of)) }}
{{- $kind := ternary (include "fragment.addressOf" (toString $name)) "" (kindIs "string" $name) }}
{{- if $kind }}
{{- range include "fragment.hostsAt" (dict "name" $name "kind" $kind "text" $text "env" $env) | splitList "\n" }}
{{- $found = append $found (trim .) }}
{{- end }}
{{- end }}
{{- $endpoint = or $endpoint (regexMatch "(?i)(aws|s3|minio).*endpoint|endpoint.*s3" (toString $name)) }}
{{- if regexMatch ":|[(]" $text }}
{{- $texts = append $texts $text }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $text := $texts }}
{{- /* A scheme begins its own token, as in a list of URLs. */}}
{{- range regexSplit "[\\s\"'`<>\\\\]+" (regexReplaceAll "([A-Za-z][A-Za-z0-9+.-]*://)" $text " ${1}") -1 }}
{{- $lines := "" }}
{{- if regexMatch "^[A-Za-z][A-Za-z0-9+.-]*://" . }}
{{- $lines = include "fragment.urlsAt" (dict "text" . "endpoint" $endpoint) }}
{{- else if contains ":" . }}
{{- $lines = include "fragment.bareAt" . }}
{{- end }}
{{- range splitList "\n" $lines }}
{{- $found = append $found (trim .) }}
{{- end }}
{{- end }}
{{- /* The form of Go's driver for MySQL, which has its own default port. */}}
{{- range regexFindAll "\\btcp[46]?[(][^()\\s]+[)]" $text -1 }}
{{- with include "fragment.addressAt" (regexReplaceAll "^tcp[46]?[(]|[)]$" . "") }}
{{- $found = append $found (printf "%s://%s" (ternary "tcp" "mysql" (regexMatch ":[0-9]+$" .)) .) }}
{{- end }}
{{- end }}
{{- end }}
{{- compact $found | uniq | mustToJson }}
{{- end }}

{{- /*
{place, env, envFrom}: the keys of values, below a place such as openWebui., that can have addresses that no template can read: Secrets and
ConfigMaps whose keys all become variables, and the address of the node, where an agent of traces or logs listens. As a JSON list.
*/}}
{{- define "fragment.unreadIn" -}}
{{- $found := list }}
{{- if .envFrom }}
{{- $found = append $found (printf "%senvFrom" .place) }}
{{- end }}
{{- range $name, $value := .env }}
{{- $from := kindIs "map" $value | ternary $value dict }}
{{- $from = ($from.valueFrom | default dict).fieldRef | default dict }}
{{- if regexMatch "^status[.]hostIPs?$" ($from.fieldPath | default "" | toString) }}
{{- $found = append $found (printf "%senv.%s" $.place $name) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}

{{- /*
(list KEY ENV): the variables of the map ENV, the value KEY, that are read from a Secret or a ConfigMap and have an address by their
name, as a JSON list of keys.
*/}}
{{- define "fragment.hiddenIn" -}}
{{- $found := list }}
{{- range $name, $value := last . }}
{{- $from := kindIs "map" $value | ternary $value dict }}
{{- $from = $from.valueFrom | default dict }}
{{- if and (or $from.secretKeyRef $from.configMapKeyRef) (include "fragment.addressOf" $name) }}
{{- $found = append $found (printf "%s.%s" (first $) $name) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}
