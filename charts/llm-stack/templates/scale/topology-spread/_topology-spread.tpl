

{{- define "llm-stack.scale.topology-spread.constraints" -}}
{{- if not .Facts.group }}
{{- $topologySpread := .Values.topologySpread }}
{{- $selector := include "llm-stack.selector" (list . .Server) | include "llm-stack.map" | mustFromJson }}
{{- range $key, $label := dict "nodes" "kubernetes.io/hostname" "zones" "topology.kubernetes.io/zone" }}
{{- $how := get $topologySpread $key }}
{{- if ne $how "none" }}
- maxSkew: 1
  topologyKey: {{ $label | quote }}
  whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" (eq $how "required") | quote }}
  labelSelector:
    matchLabels:
      {{- toYaml $selector | nindent 6 }}
  # The pods of a new version are spread without counting those of the old version.
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}
{{- end }}
