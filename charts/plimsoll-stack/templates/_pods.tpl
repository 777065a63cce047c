{{/* Reference of an image. Call with (list $ image). */}}
{{- define "stack.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{ coalesce $root.Values.global.imageRegistry $image.registry $root.Values.image.registry }}/{{ $image.repository }}
{{- if $image.digest -}}
@{{ $image.digest }}
{{- else -}}
:{{ coalesce $image.tag $root.Values.image.tag $root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* imagePullSecrets of every pod: the chart's, and those of a parent chart. */}}
{{- define "stack.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- with uniq $names -}}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* Labels of a component's pods, with the user's. Call with (list $ "component"). */}}
{{- define "stack.podLabels" -}}
{{ include "stack.selectorLabels" . }}
{{- with (index . 0).Values.pods.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the user sets of every pod, as fields of a pod's spec and of the operator's resources. Call with (list $ tolerations). */}}
{{- define "stack.podSettings" -}}
{{- $pods := merge (dict "tolerations" (concat (index . 0).Values.pods.tolerations (index . 1))) (index . 0).Values.pods -}}
enableServiceLinks: false
{{- with include "stack.imagePullSecrets" (index . 0) }}
{{ . }}
{{- end }}
{{- with $pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- range $field := list "dnsConfig" "hostAliases" "nodeSelector" "tolerations" "affinity" }}
{{- with get $pods $field }}
{{ $field }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The security context of every pod but the collector's. */}}
{{- define "stack.podSecurity" -}}
{{- with .Values.pods.podSecurityContext -}}
securityContext: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* What every container has. Call with (list $ values), of a component or its sidecar. */}}
{{- define "stack.container" -}}
{{- $root := index . 0 -}}
{{- $set := index . 1 -}}
image: {{ include "stack.image" (list $root $set.image) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- with $set.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The security context of every container but the collector's. */}}
{{- define "stack.containerSecurity" -}}
{{- with .Values.pods.securityContext -}}
securityContext: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}
