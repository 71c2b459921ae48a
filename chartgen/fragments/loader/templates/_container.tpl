{{- /*
Given a server's context with Loader in it: name (of the container), and one of
  mode            once, refresh or watch: downloads the models; as a sidecar it keeps running next to the server, which
                  starts when the models are complete
  waitsForLoader  only waits for the models that another pod downloads; a loader setting must not restart its server
  script          runs another file of the server, with this env and securityContext
*/}}
{{- define "fragment.loader.container" -}}
{{- $facts := .Facts.source }}
{{- /* If source and engine are the same program, the server's image is used for both. */}}
{{- $engine := .Facts.engine }}
{{- $program := get .Values.images ($facts.image | default "") | default dict }}
{{- $served := get .Values.images ($engine.image | default "") | default dict }}
{{- $image := dict "context" . "image" $program "over" (ternary .Values.image dict (eq $program.repository $served.repository)) }}
{{- if $program }}
- name: {{ .Loader.name | quote }}
  image: {{ include "fragment.image" $image | quote }}
  imagePullPolicy: {{ include "fragment.pullPolicy" $image | quote }}
  {{- if .Loader.sidecar }}
  restartPolicy: Always
  {{- end }}
  {{- $script := include "fragment.slot.loader.script" . }}
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
  {{- $urls := include "fragment.slot.source.urls" . | include "fragment.list" | mustFromJson }}
  {{- $env = mergeOverwrite $env (include "fragment.proxy" (dict "context" . "urls" $urls) | mustFromJson) }}
  {{- $env = mergeOverwrite $env (include "fragment.slot.loader.env" . | include "fragment.map" | mustFromJson) }}
  {{- range $name, $value := include "fragment.ownEnv" .Values.loader.env | mustFromJson }}
  {{- $_ := set $env $name $value }}
  {{- end }}
  {{- end }}
  {{- include "fragment.env" (merge (.Loader.env | default dict) $env) | trim | nindent 2 }}
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
    {{- with omit (include "fragment.slot.cache.mount" . | include "fragment.map" | mustFromJson) "readOnly" }}
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
  {{- with include "fragment.slot.loader.volumeMounts" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* The user's volumes, such as the certificate of a private registry. */}}
{{- define "fragment.loader.volumes" -}}
{{- with .Values.loader.volumes }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "fragment.loader.volumeMounts" -}}
{{- with .Values.loader.volumeMounts }}
{{- toYaml . }}
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
  emptyDir: {sizeLimit: 1Gi}
{{ include "fragment.slot.loader.volumes" . | trim }}
{{- end }}

{{- /* Different models need different pods. */}}
{{- define "fragment.loader.annotations" -}}
{{- if ne .Values.model.delivery "none" -}}
{{- $models := list }}
{{- range .Facts.models }}
{{- $models = append $models (omit . "key") }}
{{- end }}
checksum/models: {{ $models | mustToJson | sha256sum | trunc 16 | quote }}
{{- end }}
{{- end }}

{{- /* The common part of the scripts, and the list of models: folder, reference and filters, separated by tabs. */}}
{{- define "fragment.loader.files" -}}
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
models.tsv: {{ include "fragment.loader.list" . | toJson }}
{{- if or $delivery.waitsForLoader $delivery.refreshes }}
wait.sh: {file: files/loader/wait.sh}
# In a file and not in the pod, so that a new Job for the same models does not restart the server.
logs: {{ include "fragment.slot.delivery.logs" . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fragment.loader.list" -}}
{{- range .Facts.models }}
{{- printf "%s\t%s\t%s\n" .folder .reference (join " " .filters) }}
{{- end }}
{{- end }}
