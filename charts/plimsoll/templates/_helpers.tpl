{{/* The prefix of every name: the release's name, with the chart's unless it is in it already. */}}
{{- define "plimsoll.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- $name = .Release.Name -}}
{{- else -}}
{{- $name = printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- $name = default $name .Values.fullnameOverride -}}
{{- /* 40 characters leave room for the longest that follows. Names that only differ behind them stay different. */ -}}
{{- if gt (len $name) 40 -}}
{{- $name = printf "%s-%s" (trunc 31 $name | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- end -}}
{{- $name -}}
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

{{/* Name of a default AlertThreshold. Call with (list $ "keyOfItsValues"). */}}
{{- define "plimsoll.threshold.name" -}}
{{ include "plimsoll.fullname" (index . 0) }}-{{ kebabcase (index . 1) }}
{{- end -}}

{{/* Name of a component's ServiceAccount. Call with (list $ "component"). */}}
{{- define "plimsoll.serviceAccountName" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- if $account.create -}}
{{- default (include (printf "plimsoll.%s.name" (index . 1)) $root) $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{/* Labels that select a component's pods; they never change. Call with (list $ "component"). */}}
{{- define "plimsoll.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
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

{{/* Name of the Secret with the API key: the user's, or one that the chart or the user makes. */}}
{{- define "plimsoll.apiKeySecret" -}}
{{- $key := .Values.assistant.apiKey -}}
{{- if and $key.existingSecret $key.value -}}
{{- fail "set assistant.apiKey.existingSecret or assistant.apiKey.value, not both" -}}
{{- end -}}
{{- default (include "plimsoll.assistant.name" .) $key.existingSecret -}}
{{- end -}}

{{/* "true" if the server of the models gets a key: one of the user's own may need none. Takes the values of the assistant. */}}
{{- define "plimsoll.assistant.hasKey" -}}
{{- if or (ne .upstream "openai") (not .openai.baseURL) .apiKey.existingSecret .apiKey.value }}true{{ end -}}
{{- end -}}

{{/* "true" if this release brings a controller. */}}
{{- define "plimsoll.hasController" -}}
{{- if and .Values.controller.enabled (not .Values.controller.external) }}true{{ end -}}
{{- end -}}

{{/* "true" if a controller, of this release or another, serves this namespace. */}}
{{- define "plimsoll.isServed" -}}
{{- if or .Values.controller.enabled .Values.controller.external }}true{{ end -}}
{{- end -}}

{{/* The namespaces that the controller watches, comma-separated; empty: all. */}}
{{- define "plimsoll.watchNamespaces" -}}
{{- with .Values.controller.watchNamespaces -}}
{{- append . $.Release.Namespace | uniq | sortAlpha | join "," -}}
{{- end -}}
{{- end -}}

{{/* Fields of every Service of a component. Call with the component's service values. */}}
{{- define "plimsoll.ipFamilies" -}}
{{- with .ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- end -}}

{{/* Fields of every ServiceMonitor's endpoint. Call with (dict "root" $ "relabelings" LIST). */}}
{{- define "plimsoll.endpoint" -}}
{{- with .root.Values.serviceMonitor }}
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with concat $.relabelings .relabelings }}
relabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}
