{{- /* The spec of a test's pod. Given a context with Test in it: script and env. */}}
{{- define "fragment.verify.helm-test.spec" -}}
{{- $image := dict "context" . "image" .Values.images.curl }}
{{- include "fragment.podBasics" . }}
restartPolicy: Never
terminationGracePeriodSeconds: 5
{{- with .Values.tests.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tests.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tests.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
containers:
- name: test
  image: {{ include "fragment.image" $image | quote }}
  imagePullPolicy: {{ include "fragment.pullPolicy" $image | quote }}
  command: [sh, {{ printf "/opt/tests/%s" .Test.script | quote }}]
  env:
  {{- $env := set .Test.env "TIMEOUT" (max (int64 .Values.tests.timeoutSeconds) (int64 .Test.patience) | toString) }}
  {{- include "fragment.env" $env | trim | nindent 2 }}
  resources:
    {{- toYaml .Values.tests.resources | nindent 4 }}
  {{- with .Values.tests.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
  - name: tests
    mountPath: /opt/tests
    readOnly: true
  - name: tmp
    mountPath: /tmp
volumes:
- name: tests
  configMap:
    name: {{ include "fragment.name" (list . "tests") }}
- name: tmp
  emptyDir: {}
{{- end }}

{{- /* The pod of a test is kept until the next run, so that its log can be read. */}}
{{- define "fragment.verify.helm-test.annotations" -}}
{{- $hook := dict "helm.sh/hook" "test" "helm.sh/hook-delete-policy" "before-hook-creation" }}
{{- merge $hook .Values.tests.podAnnotations | toYaml }}
{{- end }}

{{- define "fragment.verify.helm-test.checks" -}}
{{- if hasSuffix "-test" .Server }}
a server's name cannot end in -test, which is what the pods are called that test a server; call it otherwise
{{- end }}
{{- end }}

{{- define "fragment.verify.helm-test.releaseChecks" -}}
{{- include "fragment.resourceFaults" (list "tests.resources" .Values.tests.resources) }}
{{- end }}

{{- define "fragment.verify.helm-test.network" -}}
{{- if .Values.tests.enabled }}
{{- range .Serving }}
- component: {{ printf "%s-test" .Server | quote }}
  urls: {{ list (include "fragment.serverURL" .) | toJson }}
{{- end }}
{{- range .Facts.ui }}
- component: {{ printf "%s-test" .name | quote }}
  urls: {{ list (printf "http://%s:%d" .service (int64 .port)) | toJson }}
{{- end }}
{{- end }}
{{- end }}
