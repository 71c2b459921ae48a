{{- /* The source of the volume `models`. The choice in fragment.yaml guards it. */}}
{{- define "fragment.DOTTED.volume" -}}
ephemeral:
  volumeClaimTemplate:
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .Values.modelCache.storageClass | default .Values.global.storageClass }}
      storageClassName: {{ quote . }}
      {{- end }}
      resources:
        requests:
          storage: {{ quote .Values.modelCache.size }}
{{- end }}

{{- define "fragment.DOTTED.checks" -}}
{{- if ne (join "," .Values.modelCache.accessModes) "ReadWriteOnce" }}
modelCache.accessModes: {{ join ", " .Values.modelCache.accessModes }} is set, but only one pod mounts a volume of type WORD; remove accessModes
{{- end }}
{{- end }}
