package main

import (
	"strings"
	"testing"
)

// TestImport imports the rules of a cluster without a Prometheus to ask.
func TestImport(t *testing.T) {
	const summary = "7 alerting rules: 5 imported as 4 thresholds, 0 of them proven; 2 left\n"
	args := []string{"import", "-f", "testdata/stack.yaml", "-n", "ai"}
	for file, more := range map[string][]string{"import.yaml": nil, "import-values.yaml": {"-o", "values"}} {
		got := call(t, "", append(args, more...)...)
		if got.code != 0 || got.stderr != summary {
			t.Errorf("%v: exit code %d, %s", more, got.code, got.stderr)
		}
		golden(t, file, got.stdout)
	}
	if got := call(t, "", append(args, "--strict")...); got.code != 1 {
		t.Errorf("--strict: exit code %d, %s", got.code, got.stderr)
	}
	if got := call(t, call(t, "", args...).stdout, "validate", "-f", "-"); got.code != 0 || !strings.Contains(got.stderr+got.stdout, "4 thresholds") {
		t.Errorf("what is imported is not valid: %s%s", got.stdout, got.stderr)
	}
	for says, more := range map[string][]string{
		"1 alerting rule: 1 imported as 1 threshold": {"--alert", "Slow"},
		"there is no alerting rule None":             {"--alert", "None"},
		"either --rule or files":                     {"--rule", "monitoring/kps"},
	} {
		if got := call(t, "", append(args, more...)...); !strings.Contains(got.stderr, says) {
			t.Errorf("%v: exit code %d, %s, want %s", more, got.code, got.stderr, says)
		}
	}
}
