package rules

import "testing"

func TestGroupThreshold(t *testing.T) {
	for name, want := range map[string]string{
		"plimsoll.ai.slow":       "ai/slow",
		"plimsoll.ai.slow.chat":  "ai/slow.chat",
		"plimsoll.ai.":           "",
		"plimsoll.ai":            "",
		"node-exporter.ai.rules": "",
	} {
		key, ok := GroupThreshold(name)
		if ok != (want != "") || ok && key.String() != want {
			t.Errorf("GroupThreshold(%s) = %s, %v, want %s", name, key, ok, want)
		}
	}
	plan, errs := Resolve(threshold(t, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if key, ok := GroupThreshold(plan.Groups()[0].Name); !ok || key.String() != "ai/example" {
		t.Errorf("a plan's own group is of %s, %v", key, ok)
	}
}
