{{- /*
Given a server's context with Loader in it: name (of the container), mode (once or watch), script and env (in place of
the source's own).
*/}}
{{- define "llm-stack.loader.container" -}}
{{- $facts := include "llm-stack.slot.source.facts" . | fromYaml }}
{{- $image := list . (index .Values.images ($facts.image | default "")) }}
{{- if index $image 1 }}
- name: {{ .Loader.name }}
  image: {{ include "llm-stack.image" $image }}
  imagePullPolicy: {{ include "llm-stack.pullPolicy" $image }}
  command: [sh, /opt/files/{{ .Loader.script | default (include "llm-stack.slot.loader.script" .) }}]
  env:
  {{- $contract := dict
    "TARGET" "/models"
    "MODELS_FILE" "/opt/files/models.tsv"
    "MODE" .Loader.mode
    "HOME" "/tmp/home"
    "RETRIES" (.Values.loader.retries | int64 | toString)
    "STALL" (.Values.loader.stallSeconds | int64 | toString) }}
  {{- $own := .Loader.env | default (include "llm-stack.slot.loader.env" . | fromYaml) }}
  {{- include "llm-stack.env" (mergeOverwrite $contract $own) | trim | nindent 2 }}
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
    {{- with omit (include "llm-stack.slot.cache.mount" . | fromYaml) "readOnly" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  - name: files
    mountPath: /opt/files
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- with include "llm-stack.slot.loader.volumeMounts" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.loader.podVolumes" -}}
- name: models
  {{- include "llm-stack.slot.cache.volume" . | nindent 2 }}
- name: files
  configMap:
    name: {{ include "llm-stack.name" (list . (printf "%s-files" .Server)) }}
    defaultMode: 0555
- name: tmp
  emptyDir: {}
{{ include "llm-stack.slot.loader.volumes" . | trim }}
{{- end }}

{{- /* Other models make other pods. */}}
{{- define "llm-stack.loader.annotations" -}}
{{- if ne .Values.model.delivery "none" -}}
checksum/models: {{ include "llm-stack.models" . | sha256sum | trunc 16 }}
{{- end }}
{{- end }}

{{- /* The scripts' common part, and the list of models: folder, reference, filters, by tabs. */}}
{{- define "llm-stack.loader.files" -}}
{{- if ne .Values.model.delivery "none" -}}
loader.sh: {{ .Files.Get "files/loader/loader.sh" | toJson }}
models.tsv: {{ include "llm-stack.loader.list" . | toJson }}
{{- end }}
{{- end }}

{{- define "llm-stack.loader.list" -}}
{{- range include "llm-stack.models" . | mustFromJson }}
{{- printf "%s\t%s\t\n" (.name | replace "/" "-" | replace ":" "-") .reference }}
{{- end }}
{{- end }}
