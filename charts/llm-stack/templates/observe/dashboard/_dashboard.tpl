{{- define "llm-stack.observe.dashboard.checks" -}}
{{- if .Values.dashboards.enabled }}
{{- if not .Values.dashboards.labels }}
dashboards.labels: is empty, so Grafana cannot find the dashboards; set the label that its sidecar selects
{{- end }}
{{- if not (include "llm-stack.observe.dashboard.engines" . | mustFromJson) }}
dashboards.enabled: no server of the release exports metrics; set dashboards.enabled to false
{{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.observe.dashboard.engines" -}}
{{- $found := dict }}
{{- range .Serving }}
{{- if .Facts.engine.metrics }}
{{- $_ := set $found .Values.engine .Facts.engine.metrics }}
{{- end }}
{{- end }}
{{- mustToJson $found }}
{{- end }}







{{- define "llm-stack.observe.dashboard.json" -}}
{{- $of := `{namespace=~"$namespace",llm_release=~"$release",llm_server=~"$server"}` }}
{{- $m := .metrics }}
{{- $by := "sum by (namespace, llm_release, llm_server)" }}
{{- $panels := list (dict "title" "Pods with metrics" "unit" "short" "exprs" (dict "pods" (printf "%s (up%s)" $by $of))) }}
{{- if $m.running }}
{{- $panels = append $panels (dict "title" "Requests" "unit" "short" "exprs" (dict "running" (printf "%s (%s%s)" $by $m.running $of) "waiting" (printf "%s (%s%s)" $by $m.waiting $of))) }}
{{- end }}
{{- with $m.requests }}
{{- $panels = append $panels (dict "title" "Completed requests per second" "unit" "reqps" "exprs" (dict "completed" (printf "%s (rate(%s%s[$__rate_interval]))" $by . $of))) }}
{{- end }}
{{- if $m.promptTokens }}
{{- $panels = append $panels (dict "title" "Tokens per second" "unit" "short" "exprs" (dict "prompt" (printf "%s (rate(%s%s[$__rate_interval]))" $by $m.promptTokens $of) "generated" (printf "%s (rate(%s%s[$__rate_interval]))" $by $m.generatedTokens $of))) }}
{{- end }}
{{- with $m.cache }}
{{- $panels = append $panels (dict "title" "KV cache in use" "unit" "percentunit" "exprs" (dict "cache" (printf "max by (namespace, llm_release, llm_server) (%s%s)" . $of))) }}
{{- end }}
{{- range $title, $name := dict "Time to the first token" $m.firstToken "Time of a complete request" $m.latency }}
{{- if $name }}
{{- $exprs := dict }}
{{- range $quantile := list "0.5" "0.95" "0.99" }}
{{- $_ := set $exprs (printf "quantile %s" $quantile) (printf "histogram_quantile(%s, sum by (le, namespace, llm_release, llm_server) (rate(%s_bucket%s[$__rate_interval])))" $quantile $name $of) }}
{{- end }}
{{- $panels = append $panels (dict "title" $title "unit" "s" "exprs" $exprs) }}
{{- end }}
{{- end }}
{{- $made := list }}
{{- range $at, $panel := $panels }}
{{- $targets := list }}
{{- range $legend, $expr := $panel.exprs }}
{{- $targets = append $targets (dict "refId" (printf "Q%d" (len $targets)) "expr" $expr "legendFormat" (printf "{{namespace}}/{{llm_release}}/{{llm_server}} %s" $legend)) }}
{{- end }}
{{- $made = append $made (dict "id" (add1 $at) "title" $panel.title "type" "timeseries" "datasource" (dict "type" "prometheus" "uid" "${datasource}") "gridPos" (dict "x" (mul 12 (mod $at 2)) "y" (mul 8 (div $at 2)) "w" 12 "h" 8) "fieldConfig" (dict "defaults" (dict "unit" $panel.unit "min" 0) "overrides" list) "targets" $targets) }}
{{- end }}
{{- $variables := list (dict "name" "datasource" "type" "datasource" "query" "prometheus") }}
{{- $within := "" }}
{{- range $name, $label := dict "a" "namespace" "b" "llm_release" "c" "llm_server" }}
{{- $variable := trimPrefix "llm_" $label }}
{{- $own := get (dict "namespace" $.release.Namespace "release" $.release.Name) $variable }}
{{- $query := printf "label_values(up{llm_server!=\"\"%s}, %s)" $within $label }}
{{- $within = printf "%s,%s=~\"$%s\"" $within $label $variable }}
{{- $variables = append $variables (dict "name" $variable "type" "query" "datasource" (dict "type" "prometheus" "uid" "${datasource}") "query" (dict "query" $query "refId" $variable) "refresh" 2 "multi" true "includeAll" true "current" (ternary (dict "text" "All" "value" "$__all") (dict "text" (list $own) "value" (list $own)) (empty $own))) }}
{{- end }}
{{- dict "title" (printf "LLM servers: %s, release %s in %s" .engine .release.Name .release.Namespace) "uid" (printf "llm-stack-%s-%s" .engine (printf "%s/%s" .release.Namespace .release.Name | sha256sum | trunc 10)) "tags" (list "llm-stack" .engine) "schemaVersion" 39 "refresh" "30s" "time" (dict "from" "now-1h" "to" "now") "templating" (dict "list" $variables) "panels" $made | toPrettyJson }}
{{- end }}
