package manifest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReadRules: rules stand in files beside thresholds, in lists and on their own, and are told apart by file and line.
func TestReadRules(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yaml")
	text := `apiVersion: v1
kind: List
items:
- apiVersion: monitoring.coreos.com/v1
  kind: PrometheusRule
  metadata: {namespace: n, name: o}
  spec:
    groups:
    - name: g
      rules:
      - {alert: A, expr: up == 0}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
namespace: tenant
groups:
- name: h
  rules:
  - {record: r, expr: sum(up)}
  - {alert: B, expr: r == 0}
  - {alert: C, expr: "r =="}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := Reader{Rules: true}.Read([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	rules := set.Rules
	if len(rules.Alerts) != 2 || len(rules.Records) != 1 || set.Skipped != 1 || len(set.Errors) != 1 {
		t.Fatalf("read %+v", set)
	}
	if a := rules.Alerts[0]; a.String() != "n/o g/A" || a.File != file || a.Line != 11 {
		t.Errorf("first alert %s in %s:%d", a, a.File, a.Line)
	}
	if b := rules.Alerts[1]; b.String() != "tenant h/B" || b.Line != 19 || rules.Records[0].Line != 18 {
		t.Errorf("second alert %s in line %d", b, b.Line)
	}
	if e := set.Errors[0]; e.Line != 20 || e.File != file {
		t.Errorf("the mistake is at %s", e)
	}
	if _, err := (Reader{}).Read([]string{file}); err == nil {
		t.Error("without rules there is something to read")
	}
}
