
{{- define "llm-stack.verify.helm-test.spec" -}}
{{- $image := dict "context" . "image" .Values.images.curl }}
{{- include "llm-stack.podBasics" . }}
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
  image: {{ include "llm-stack.image" $image | quote }}
  imagePullPolicy: {{ include "llm-stack.pullPolicy" $image | quote }}
  command: [sh, {{ printf "/opt/tests/%s" .Test.script | quote }}]
  env:
  {{- $env := set .Test.env "TIMEOUT" (max (int64 .Values.tests.timeoutSeconds) (int64 .Test.patience) | toString) }}
  {{- include "llm-stack.env" $env | trim | nindent 2 }}
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
    name: {{ include "llm-stack.name" (list . "tests") }}
- name: tmp
  emptyDir: {}
{{- end }}


{{- define "llm-stack.verify.helm-test.annotations" -}}
{{- $hook := dict "helm.sh/hook" "test" "helm.sh/hook-delete-policy" "before-hook-creation" }}
{{- merge $hook .Values.tests.podAnnotations | toYaml }}
{{- end }}

{{- define "llm-stack.verify.helm-test.checks" -}}
{{- if hasSuffix "-test" .Server }}
a server's name cannot end in -test, which is what the pods are called that test a server; call it otherwise
{{- end }}
{{- end }}

{{- define "llm-stack.verify.helm-test.releaseChecks" -}}
{{- include "llm-stack.resourceFaults" (list "tests.resources" .Values.tests.resources) }}
{{- end }}

{{- define "llm-stack.verify.helm-test.network" -}}
{{- if .Values.tests.enabled }}
{{- range .Serving }}
- component: {{ printf "%s-test" .Server | quote }}
  urls: {{ list (include "llm-stack.serverURL" .) | toJson }}
{{- end }}
{{- range .Facts.ui }}
- component: {{ printf "%s-test" .name | quote }}
  urls: {{ list (printf "http://%s:%d" .service (int64 .port)) | toJson }}
{{- end }}
{{- end }}
{{- end }}
