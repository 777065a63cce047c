{{/* Reference of a component's image. Call with (list $ image). */}}
{{- define "plimsoll.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $global := $root.Values.global -}}
{{ coalesce $global.imageRegistry $image.registry $root.Values.image.registry }}/{{ $image.repository }}
{{- if $image.digest -}}
@{{ $image.digest }}
{{- else -}}
:{{ coalesce $image.tag $root.Values.image.tag $root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* imagePullSecrets of every pod: the chart's, and those of a parent chart. */}}
{{- define "plimsoll.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- with uniq $names -}}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end -}}
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

{{/*
A component's Deployment, with what the user sets for it. Call with a dict of root, component, token (whether the pod gets
one of the API server), and lists, empty by default: args, env, ports, volumes, volumeMounts; also annotations of the pod.
*/}}
{{- define "plimsoll.deployment" -}}
{{- $root := .root -}}
{{- $set := index $root.Values .component -}}
{{- $labels := list $root .component -}}
{{- $strategy := $set.strategy -}}
{{- if and $set.hostNetwork (not $strategy) -}}
{{- $strategy = dict "rollingUpdate" (dict "maxSurge" 0 "maxUnavailable" 1) -}}
{{- end -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include (printf "plimsoll.%s.name" .component) $root }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "plimsoll.labels" $labels | nindent 4 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false $set) }}
  replicas: {{ $set.replicas }}
  {{- end }}
  revisionHistoryLimit: {{ $set.revisionHistoryLimit }}
  {{- with $strategy }}
  strategy: {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels: {{- include "plimsoll.selectorLabels" $labels | nindent 6 }}
  template:
    metadata:
      labels: {{- include "plimsoll.podLabels" $labels | nindent 8 }}
      {{- with merge (dict) $set.podAnnotations (.annotations | default dict) }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "plimsoll.serviceAccountName" $labels }}
      automountServiceAccountToken: {{ .token }}
      # Variables of neighbouring Services would mix with the assistant's own PLIMSOLL_ variables.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $set.terminationGracePeriodSeconds }}
      {{- with include "plimsoll.imagePullSecrets" $root }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with include "plimsoll.podSettings" $set | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "plimsoll.image" (list $root $set.image) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{- concat .args $set.extraArgs | toYaml | nindent 12 }}
          {{- with concat (.env | default list) $set.extraEnv }}
          env: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $set.extraEnvFrom }}
          envFrom: {{- toYaml . | nindent 12 }}
          {{- end }}
          ports: {{- toYaml .ports | nindent 12 }}
          {{- range $field := list "livenessProbe" "readinessProbe" "startupProbe" "resources" "securityContext" }}
          {{- with get $set $field }}
          {{ $field }}: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- end }}
          {{- with concat (.volumeMounts | default list) $set.extraVolumeMounts }}
          volumeMounts: {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with concat (.volumes | default list) $set.extraVolumes }}
      volumes: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{/* What a user sets of a pod that is no matter of its container. Call with the component's values. */}}
{{- define "plimsoll.podSettings" -}}
{{- $set := . -}}
{{- if .hostNetwork }}
hostNetwork: true
{{- end }}
{{- with .dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" (default false .hostNetwork)) }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $field := list "dnsConfig" "hostAliases" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
{{- with get $set $field }}
{{ $field }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}
