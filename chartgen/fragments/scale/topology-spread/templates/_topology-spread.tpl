{{- /* Also for one pod: if the number of pods decided, a change of the number would restart all of them. The pods of a
group have to be close to each other. */}}
{{- define "fragment.scale.topology-spread.constraints" -}}
{{- if not .Facts.group }}
{{- $topologySpread := .Values.topologySpread }}
{{- $selector := include "fragment.selector" (list . .Server) | include "fragment.map" | mustFromJson }}
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
