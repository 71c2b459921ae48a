






{{- define "llm-stack.loader.container" -}}
{{- $facts := .Facts.source }}

{{- $engine := .Facts.engine }}
{{- $program := get .Values.images ($facts.image | default "") | default dict }}
{{- $served := get .Values.images ($engine.image | default "") | default dict }}
{{- $image := dict "context" . "image" $program "over" (ternary .Values.image dict (eq $program.repository $served.repository)) }}
{{- if $program }}
- name: {{ .Loader.name | quote }}
  image: {{ include "llm-stack.image" $image | quote }}
  imagePullPolicy: {{ include "llm-stack.pullPolicy" $image | quote }}
  {{- if .Loader.sidecar }}
  restartPolicy: Always
  {{- end }}
  {{- $script := include "llm-stack.slot.loader.script" . }}
  {{- if .Loader.waitsForLoader }}
  {{- $script = "wait.sh" }}
  {{- end }}
  command: [sh, {{ printf "/opt/files/%s" (.Loader.script | default $script) | quote }}]
  env:
  {{- $env := dict "TARGET" "/models" "MODELS_FILE" "/opt/files/models.tsv" "HOME" "/tmp/home" }}
  {{- if .Loader.mode }}
  {{- $_ := set $env "MODE" .Loader.mode }}
  {{- $_ := set $env "RETRIES" (.Values.loader.retries | int64 | toString) }}
  {{- $_ := set $env "STALL" (.Values.loader.stallSeconds | int64 | toString) }}
  {{- $_ := set $env "PARALLEL" (.Values.loader.parallel | int64 | toString) }}
  {{- $_ := set $env "PRUNE" (toString .Values.loader.prune) }}
  {{- if eq .Loader.mode "watch" }}
  {{- $_ := set $env "INTERVAL" (.Values.loader.interval | int64 | toString) }}
  {{- end }}
  {{- $urls := include "llm-stack.slot.source.urls" . | include "llm-stack.list" | mustFromJson }}
  {{- $env = mergeOverwrite $env (include "llm-stack.proxy" (dict "context" . "urls" $urls) | mustFromJson) }}
  {{- $env = mergeOverwrite $env (include "llm-stack.slot.loader.env" . | include "llm-stack.map" | mustFromJson) }}
  {{- range $name, $value := include "llm-stack.ownEnv" .Values.loader.env | mustFromJson }}
  {{- $_ := set $env $name $value }}
  {{- end }}
  {{- end }}
  {{- include "llm-stack.env" (merge (.Loader.env | default dict) $env) | trim | nindent 2 }}
  {{- if and .Loader.mode .Values.loader.envFrom }}
  envFrom:
  {{- toYaml .Values.loader.envFrom | nindent 2 }}
  {{- end }}
  {{- if eq (.Loader.mode | default "") "watch" }}
  # Started when the models are complete, which can take up to a day. The probe is not used after that.
  startupProbe:
    exec:
      command: [sh, /opt/files/wait.sh, now]
    periodSeconds: 5
    timeoutSeconds: 10
    failureThreshold: 17280
  {{- end }}
  resources:
    {{- if .Loader.mode }}
    {{- toYaml .Values.loader.resources | nindent 4 }}
    {{- else }}
    requests: {cpu: 10m, memory: 32Mi}
    {{- end }}
  {{- with .Loader.securityContext | default .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # `kubectl describe pod` shows the last lines of the log if the container fails.
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
  - name: models
    mountPath: /models
    {{- with omit (include "llm-stack.slot.cache.mount" . | include "llm-stack.map" | mustFromJson) "readOnly" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if .Loader.waitsForLoader }}
    readOnly: true
    {{- end }}
  - name: files
    mountPath: /opt/files
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- if .Loader.mode }}
  {{- with include "llm-stack.slot.loader.volumeMounts" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}


{{- define "llm-stack.loader.volumes" -}}
{{- with .Values.loader.volumes }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "llm-stack.loader.volumeMounts" -}}
{{- with .Values.loader.volumeMounts }}
{{- toYaml . }}
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
  emptyDir: {sizeLimit: 1Gi}
{{ include "llm-stack.slot.loader.volumes" . | trim }}
{{- end }}


{{- define "llm-stack.loader.annotations" -}}
{{- if ne .Values.model.delivery "none" -}}
{{- $models := list }}
{{- range .Facts.models }}
{{- $models = append $models (omit . "key") }}
{{- end }}
checksum/models: {{ $models | mustToJson | sha256sum | trunc 16 | quote }}
{{- end }}
{{- end }}


{{- define "llm-stack.loader.files" -}}
{{- if ne .Values.model.delivery "none" -}}
{{- $delivery := .Facts.delivery -}}
loader.sh: {file: files/loader/loader.sh}
{{- if eq (.Facts.source.format | default "") "directory" }}
directory.sh: {file: files/loader/directory.sh}
{{- end }}
{{- if .Facts.source.curl }}
http.sh: {file: files/loader/http.sh}
files.sh: {file: files/loader/files.sh}
listing.awk: {file: files/loader/listing.awk}
{{- end }}
models.tsv: {{ include "llm-stack.loader.list" . | toJson }}
{{- if or $delivery.waitsForLoader $delivery.refreshes }}
wait.sh: {file: files/loader/wait.sh}
# In a file and not in the pod, so that a new Job for the same models does not restart the server.
logs: {{ include "llm-stack.slot.delivery.logs" . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "llm-stack.loader.list" -}}
{{- range .Facts.models }}
{{- printf "%s\t%s\t%s\n" .folder .reference (join " " .filters) }}
{{- end }}
{{- end }}
