




























{{- define "llm-stack.addressOf" -}}
{{- if not (or (include "llm-stack.ofClients" .) (regexMatch "(?i)REDIRECT|CALLBACK|ALLOW|TRUST|(FROM|MAIL)_?ADDRESS|^WEBUI_URL$|^HOST(NAME)?$|(^|_)(LISTEN|BIND)|^NO_PROXY$" .)) }}
{{- if regexMatch "(?i)(^|_|^PG|DB)(HOST|HOSTNAME|HOSTADDR|ADDR|ADDRESS|BROKER|SERVER|ENDPOINT|PROXY)(E?S)?$" . }}hosts
{{- else if regexMatch "(?i)(^|_)(URL|URI|DSN|CONNECTION_STRING)S?$" . }}urls
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.ofClients" -}}
{{- if regexMatch "(?i)(^|[_-])ORIGINS?$|[_-]REDIRECT[_-]UR[IL]S?$|^WEBUI_URL$" . }}true{{ end }}
{{- end }}


{{- define "llm-stack.addressAt" -}}
{{- $found := regexFind "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?)(:[0-9]+)?" . }}
{{- $port := regexFind ":[0-9]+$" $found }}
{{- $host := trimSuffix $port $found | lower }}
{{- $sound := and $found (not (regexMatch "^[A-Za-z0-9:@_$%-]" (trimPrefix $found .))) }}
{{- $sound = and $sound (regexMatch "^(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$" $port) }}
{{- if hasPrefix "[" $host }}
{{- $sound = and $sound (include "llm-stack.soundIPv6" (trimAll "[]" $host)) }}
{{- else if regexMatch "^[0-9.]+$" $host }}
{{- $sound = and $sound (regexMatch "^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])([.]|$)){4}$" $host) (not (regexMatch "[.]$|^(0|127)[.]" $host)) }}
{{- else }}
{{- $host = trimSuffix "." $host }}
{{- $sound = and $sound (not (or (contains ".." $host) (hasSuffix "." $host) (eq $host "localhost"))) }}
{{- end }}
{{- if $sound }}{{ $host }}{{ $port }}{{ end }}
{{- end }}


{{- define "llm-stack.soundIPv6" -}}
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


{{- define "llm-stack.urlsAt" -}}
{{- $scheme := regexFind "^[^:]+" .text | lower }}
{{- $rest := splitn "://" 2 .text }}
{{- $rest = $rest._1 }}

{{- if eq $scheme "dns" }}
{{- $rest = splitList "/" $rest | last }}
{{- end }}
{{- $authority := regexFind "^[^/?#]*" $rest }}

{{- if and (contains "@" $rest) (not (contains "@" $authority)) (not (include "llm-stack.addressAt" $authority)) }}
{{- $authority = splitList "@" $rest | last | regexFind "^[^/?#]*" }}
{{- end }}
{{- $authority = splitList "@" $authority | last }}

{{- $stores := dict "s3" "s3.amazonaws.com" "s3a" "s3.amazonaws.com" "s3n" "s3.amazonaws.com" "gs" "storage.googleapis.com" "gcs" "storage.googleapis.com" "hf" "huggingface.co" "az" "blob.core.windows.net" "azure" "blob.core.windows.net" "abfs" "dfs.core.windows.net" "abfss" "dfs.core.windows.net" "wasb" "blob.core.windows.net" "wasbs" "blob.core.windows.net" }}
{{- with get $stores $scheme }}
{{- if not (and $.endpoint (hasPrefix "s3" $scheme)) }}
https://{{ . }}
{{- end }}
{{- else }}
{{- range ternary list (splitList "," $authority) (has $scheme (list "file" "unix" "sqlite" "duckdb" "ipc" "inproc" "data")) }}
{{- with include "llm-stack.addressAt" . }}
{{ $scheme }}://{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.bareAt" -}}
{{- range regexSplit "[,;=|{}()]+" . -1 }}

{{- $text := regexReplaceAll "^\\[+([^\\]]*)$" . "${1}" | regexFind "^(\\[[^\\]]*\\])?[^\\]]*" }}
{{- $parts := splitn "/" 2 $text }}
{{- $host := splitList "@" $parts._0 | last }}
{{- if and (regexMatch "^(([A-Za-z0-9-]+[.])+[A-Za-z][A-Za-z0-9-]*[.]?|[0-9.]+|\\[.*\\]):[0-9]{2,5}$" $host) (not (contains ":" ($parts._1 | default ""))) }}
{{- with include "llm-stack.addressAt" $host }}
tcp://{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.hostsAt" -}}
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
{{- $found := include "llm-stack.addressAt" . }}
{{- if and $found (or $certain (regexMatch "[.:]" $found)) (not (has $found (list "true" "false" "none" "null" "auto" "local" "any" "all" "default"))) (hasPrefix $found (lower .)) }}
{{- $own := or (regexMatch "\\]:[0-9]+$" $found) (and (not (hasPrefix "[" $found)) (contains ":" $found)) }}
{{- if or $own (eq $.kind "hosts") }}
{{ $scheme }}://{{ $found }}{{ if and (not $own) (regexMatch "^[1-9][0-9]{0,4}$" $port) }}:{{ $port }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}





{{- define "llm-stack.urlsIn" -}}
{{- $texts := list }}
{{- $endpoint := false }}
{{- $found := list }}
{{- range $env := . }}
{{- $before := "" }}
{{- range $name, $text := . }}

{{- $of := toString $name }}
{{- if and (kindIs "slice" $env) (kindIs "string" $text) }}
{{- $of = ternary (splitList "=" $text | first) $before (hasPrefix "-" $text) }}
{{- $before = ternary $text "" (hasPrefix "-" $text) }}
{{- end }}
{{- if and (kindIs "string" $text) $text (not (include "llm-stack.ofClients" $of)) }}
{{- $kind := ternary (include "llm-stack.addressOf" (toString $name)) "" (kindIs "string" $name) }}
{{- if $kind }}
{{- range include "llm-stack.hostsAt" (dict "name" $name "kind" $kind "text" $text "env" $env) | splitList "\n" }}
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

{{- range regexSplit "[\\s\"'`<>\\\\]+" (regexReplaceAll "([A-Za-z][A-Za-z0-9+.-]*://)" $text " ${1}") -1 }}
{{- $lines := "" }}
{{- if regexMatch "^[A-Za-z][A-Za-z0-9+.-]*://" . }}
{{- $lines = include "llm-stack.urlsAt" (dict "text" . "endpoint" $endpoint) }}
{{- else if contains ":" . }}
{{- $lines = include "llm-stack.bareAt" . }}
{{- end }}
{{- range splitList "\n" $lines }}
{{- $found = append $found (trim .) }}
{{- end }}
{{- end }}

{{- range regexFindAll "\\btcp[46]?[(][^()\\s]+[)]" $text -1 }}
{{- with include "llm-stack.addressAt" (regexReplaceAll "^tcp[46]?[(]|[)]$" . "") }}
{{- $found = append $found (printf "%s://%s" (ternary "tcp" "mysql" (regexMatch ":[0-9]+$" .)) .) }}
{{- end }}
{{- end }}
{{- end }}
{{- compact $found | uniq | mustToJson }}
{{- end }}





{{- define "llm-stack.unreadIn" -}}
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





{{- define "llm-stack.hiddenIn" -}}
{{- $found := list }}
{{- range $name, $value := last . }}
{{- $from := kindIs "map" $value | ternary $value dict }}
{{- $from = $from.valueFrom | default dict }}
{{- if and (or $from.secretKeyRef $from.configMapKeyRef) (include "llm-stack.addressOf" $name) }}
{{- $found = append $found (printf "%s.%s" (first $) $name) }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}
