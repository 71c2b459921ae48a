{{- /*
Given a server's context with Loader in it: name (of the container), mode (once or watch), script and env (in place of
the source's own).
*/}}
{{- define "fragment.loader.container" -}}
{{- $facts := include "fragment.slot.source.facts" . | fromYaml }}
{{- $image := list . (index .Values.images ($facts.image | default "")) }}
{{- if index $image 1 }}
- name: {{ .Loader.name }}
  image: {{ include "fragment.image" $image }}
  imagePullPolicy: {{ include "fragment.pullPolicy" $image }}
  command: [sh, /opt/files/{{ .Loader.script | default (include "fragment.slot.loader.script" .) }}]
  env:
  {{- $contract := dict
    "TARGET" "/models"
    "MODELS_FILE" "/opt/files/models.tsv"
    "MODE" .Loader.mode
    "HOME" "/tmp/home"
    "RETRIES" (.Values.loader.retries | int64 | toString)
    "STALL" (.Values.loader.stallSeconds | int64 | toString) }}
  {{- $own := .Loader.env | default (include "fragment.slot.loader.env" . | fromYaml) }}
  {{- include "fragment.env" (mergeOverwrite $contract $own) | trim | nindent 2 }}
  resources:
    {{- toYaml .Values.loader.resources | nindent 4 }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # Whoever describes the pod reads the sentence that it ended with.
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
  - name: models
    mountPath: /models
    {{- with omit (include "fragment.slot.cache.mount" . | fromYaml) "readOnly" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  - name: files
    mountPath: /opt/files
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- with include "fragment.slot.loader.volumeMounts" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "fragment.loader.podVolumes" -}}
- name: models
  {{- include "fragment.slot.cache.volume" . | nindent 2 }}
- name: files
  configMap:
    name: {{ include "fragment.name" (list . (printf "%s-files" .Server)) }}
    defaultMode: 0555
- name: tmp
  emptyDir: {}
{{ include "fragment.slot.loader.volumes" . | trim }}
{{- end }}

{{- /* Other models make other pods. */}}
{{- define "fragment.loader.annotations" -}}
{{- if ne .Values.model.delivery "none" -}}
checksum/models: {{ include "fragment.models" . | sha256sum | trunc 16 }}
{{- end }}
{{- end }}

{{- /* The scripts' common part, and the list of models: folder, reference, filters, by tabs. */}}
{{- define "fragment.loader.files" -}}
{{- if ne .Values.model.delivery "none" -}}
loader.sh: {{ .Files.Get "files/loader/loader.sh" | toJson }}
models.tsv: {{ include "fragment.loader.list" . | toJson }}
{{- end }}
{{- end }}

{{- define "fragment.loader.list" -}}
{{- range include "fragment.models" . | mustFromJson }}
{{- printf "%s\t%s\t\n" (.name | replace "/" "-" | replace ":" "-") .reference }}
{{- end }}
{{- end }}
