{{/* The prefix of every name: the release's name, with the chart's unless it is in it already. */}}
{{- define "plimsoll.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 43 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "plimsoll.assistant.name" -}}
{{ include "plimsoll.fullname" . }}-assistant
{{- end -}}

{{- define "plimsoll.controller.name" -}}
{{ include "plimsoll.fullname" . }}-controller
{{- end -}}

{{/* Name of a cluster-wide object: releases of one name in two namespaces must not meet in it. */}}
{{- define "plimsoll.controller.clusterName" -}}
{{ include "plimsoll.controller.name" . }}-{{ .Release.Namespace }}
{{- end -}}

{{/* Name of the webhook's Service, and of the Secret with its key pair. */}}
{{- define "plimsoll.webhook.name" -}}
{{ include "plimsoll.controller.name" . }}-webhook
{{- end -}}

{{/* Labels that select a component's pods; they never change. Call with (list $ "component"). */}}
{{- define "plimsoll.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of every object of a component. Call with (list $ "component"). */}}
{{- define "plimsoll.labels" -}}
{{- $root := index . 0 -}}
{{ include "plimsoll.selectorLabels" . }}
app.kubernetes.io/part-of: plimsoll
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Reference of a component's image. Call with (list $ "name"). */}}
{{- define "plimsoll.image" -}}
{{- $root := index . 0 -}}
{{- $image := $root.Values.image -}}
{{ printf "%s/%s:%s" $image.registry (index . 1) (default $root.Chart.AppVersion $image.tag) }}
{{- end -}}

{{/* Labels of a component's pods: what says what runs in them, and the user's. Call with (list $ "component"). */}}
{{- define "plimsoll.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "plimsoll.selectorLabels" . }}
app.kubernetes.io/part-of: plimsoll
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
{{- with merge (dict) (index $root.Values (index . 1)).podLabels $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "plimsoll.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "plimsoll.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Where a component's pods may run. Call with the component's values. */}}
{{- define "plimsoll.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Name of the Secret with the API key: the user's, or one that the chart or the user makes. */}}
{{- define "plimsoll.apiKeySecret" -}}
{{- $key := .Values.assistant.apiKey -}}
{{- if and $key.existingSecret $key.value -}}
{{- fail "set assistant.apiKey.existingSecret or assistant.apiKey.value, not both" -}}
{{- end -}}
{{- default (include "plimsoll.assistant.name" .) $key.existingSecret -}}
{{- end -}}

{{/* The namespaces that the controller watches, comma-separated; empty: all. */}}
{{- define "plimsoll.watchNamespaces" -}}
{{- with .Values.controller.watchNamespaces -}}
{{- append . $.Release.Namespace | uniq | sortAlpha | join "," -}}
{{- end -}}
{{- end -}}
