{{/* The prefix of every name: the release's name, with the chart's unless it is in it already. */}}
{{- define "stack.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- $name = .Release.Name -}}
{{- else -}}
{{- $name = printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- $name = default $name .Values.fullnameOverride -}}
{{- /* 40 characters leave room for what follows. Names that only differ behind them stay different. */ -}}
{{- if gt (len $name) 40 -}}
{{- $name = printf "%s-%s" (trunc 31 $name | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* Name of a cluster-wide object of a component. Call with (list $ "component"). */}}
{{- define "stack.clusterName" -}}
{{ include "stack.fullname" (index . 0) }}-{{ index . 1 }}-{{ (index . 0).Release.Namespace }}
{{- end -}}

{{/* Labels that select a component's pods; they never change. Call with (list $ "component"). */}}
{{- define "stack.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
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
