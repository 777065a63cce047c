package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestNamesAsPeopleHaveThem: what Prometheus takes as alertname and severity is taken, and arrives as it is.
func TestNamesAsPeopleHaveThem(t *testing.T) {
	for alert, severity := range map[string]string{
		"Daily peak": "P1", "disk-full": "SEV 2", "Überlast": "très grave", "HTTP 5xx > 1%": "page (24x7)", `it's "quoted"`: `it's`, "磁盘已满": "严重", "1st": "1",
	} {
		plan, errs := Resolve(threshold(t, fmt.Sprintf("{alert: %q, expr: x, noData: Alert, levels: [{severity: %q, above: 1}]}", alert, severity)))
		if len(errs) > 0 {
			t.Errorf("%s: %v", alert, errs)
			continue
		}
		for _, rule := range plan.alerts() {
			if rule.Alert != alert || rule.Labels[SeverityLabel] != severity || !strings.Contains(rule.Annotations["summary"], "The value of "+alert) {
				t.Errorf("rule %s of %s: %v", rule.Alert, rule.Labels[SeverityLabel], rule.Annotations)
			}
		}
	}
}

// TestLongerFor: a worse severity may have the same value when it waits longer.
func TestLongerFor(t *testing.T) {
	for levels, ok := range map[string]bool{
		"{severity: warning, above: 5}, {severity: critical, above: 5, for: 10m}":           true,
		"{severity: critical, below: 5, for: 1h}, {severity: warning, below: 5, for: 10m}":  true,
		"{severity: info, above: 5}, {severity: critical, above: \"5.0\", for: 1m}":         true,
		"{severity: warning, above: 5, for: 10m}, {severity: critical, above: 6}":           true,
		"{severity: P2, above: 5}, {severity: P1, above: 5}":                                true,
		"{severity: warning, above: 5, for: 10m}, {severity: critical, above: 5}":           false,
		"{severity: warning, above: 5, for: 10m}, {severity: critical, above: 4, for: 20m}": false,
	} {
		if errs := Validate(threshold(t, "{alert: A, expr: x, levels: ["+levels+"]}")); (len(errs) == 0) != ok {
			t.Errorf("%s: %v, want valid: %t", levels, errs, ok)
		}
	}
}
