{{/* LogQL rules for Loki's ruler. A line that is no JSON has no level, and is no error of the ruler. */}}
{{- define "stack.logRules" -}}
{{- $lines := "{k8s_container_name=\"assistant\"}" -}}
{{- $errors := printf "sum by (k8s_namespace_name) (rate(%s | json level=\"level\" | level=\"ERROR\" [5m]))" $lines -}}
groups:
  - name: assistant-logs
    rules:
      {{- with .Values.loki.alerts.logErrors }}
      {{- if .enabled }}
      - alert: AssistantLogErrors
        expr: '{{ $errors }} > {{ .above }}'
        for: {{ .for }}
        labels: {severity: {{ .severity }}}
        annotations:
          {{- with $.Values.loki.alerts.runbookURL }}
          runbook_url: {{ . }}/AssistantLogErrors.md
          {{- end }}
          summary: The assistants in {{ "{{ $labels.k8s_namespace_name }}" }} log errors
          description: >-
            {{ "{{ printf \"%.2f\" $value }}" }} lines of level ERROR per second over 5 minutes, more than {{ .above }}. Their
            error_type and request_id are on the dashboard AI Assistant Logs.
      {{- end }}
      {{- end }}
      {{- with .Values.loki.alerts.logErrorShare }}
      {{- if .enabled }}
      - alert: AssistantLogErrorShare
        expr: '{{ $errors }} / sum by (k8s_namespace_name) (rate({{ $lines }} [5m])) > {{ .above }}'
        for: {{ .for }}
        labels: {severity: {{ .severity }}}
        annotations:
          {{- with $.Values.loki.alerts.runbookURL }}
          runbook_url: {{ . }}/AssistantLogErrorShare.md
          {{- end }}
          summary: Much of what the assistants in {{ "{{ $labels.k8s_namespace_name }}" }} log are errors
          description: >-
            {{ "{{ $value | humanizePercentage }}" }} of the lines of 5 minutes have the level ERROR.
      {{- end }}
      {{- end }}
      {{- with .Values.loki.alerts.noLogs }}
      {{- if .enabled }}
      - alert: AssistantLogsMissing
        expr: 'absent_over_time({{ $lines }} [5m])'
        for: {{ .for }}
        labels: {severity: {{ .severity }}}
        annotations:
          {{- with $.Values.loki.alerts.runbookURL }}
          runbook_url: {{ . }}/AssistantLogsMissing.md
          {{- end }}
          summary: No assistant has logged a line for {{ .for }}
          description: >-
            Either none runs or is asked anything, or the way of their lines to Loki is broken: see whether the
            collector's pods run, and what they log.
      {{- end }}
      {{- end }}
  {{- with .Values.loki.extraRuleGroups }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
