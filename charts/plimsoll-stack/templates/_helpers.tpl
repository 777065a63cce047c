{{/* The prefix of every name: the release's name, with the chart's unless it is in it already. */}}
{{- define "stack.fullname" -}}
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

{{/* Name of a cluster-wide object of a component. Call with (list $ "component"). */}}
{{- define "stack.clusterName" -}}
{{ include "stack.fullname" (index . 0) }}-{{ index . 1 }}-{{ (index . 0).Release.Namespace }}
{{- end -}}

{{/* Labels that select a component's pods; they never change. Call with (list $ "component"). */}}
{{- define "stack.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of every object of a component. Call with (list $ "component"). */}}
{{- define "stack.labels" -}}
{{- $root := index . 0 -}}
{{ include "stack.selectorLabels" . }}
app.kubernetes.io/part-of: plimsoll
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Reference of a component's image. Call with (list $ "name"). */}}
{{- define "stack.image" -}}
{{- $root := index . 0 -}}
{{- $image := $root.Values.image -}}
{{ printf "%s/%s:%s" $image.registry (index . 1) (default $root.Chart.AppVersion $image.tag) }}
{{- end -}}

{{/* Reference of an image that comes from elsewhere, and may have a registry and a tag of its own. Call with (list $ image). */}}
{{- define "stack.ownImage" -}}
{{- $shared := (index . 0).Values.image -}}
{{- $image := index . 1 -}}
{{ printf "%s/%s:%s" (default $shared.registry $image.registry) $image.name (coalesce $image.tag $shared.tag (index . 0).Chart.AppVersion) }}
{{- end -}}

{{/* Name of the Secret with Grafana's user and password: the user's, or one that the chart makes. */}}
{{- define "stack.grafana.adminSecret" -}}
{{- default (printf "%s-grafana" (include "stack.fullname" .)) .Values.grafana.admin.existingSecret -}}
{{- end -}}

{{- define "stack.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "stack.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
