package main

import (
	"path/filepath"
	"testing"
)

// broken are controllers that are built with a mistake, and the controller as it is.
var broken = []struct {
	name, file string
	edits      []edit
	says       string // part of the error; none if empty
}{
	{"as it is", "desired.go", nil, ""},
	{"forgets owner references", "desired.go", []edit{{"\tobject.SetOwnerReferences(metadata.OwnerReferences)\n", ""}},
		"has a rule that it does not own"},
	{"is deaf to others' changes of its rules", "rulewatch.go", []edit{{"changed && !isLastApplied(after)", "changed && !isLastApplied(after) && false"}},
		"has a rule of another spec"},
}

// TestEditsApply keeps the table right: make harness, which uses it, takes too long to run at every change.
func TestEditsApply(t *testing.T) {
	for _, tc := range broken {
		if err := (overlay{}).edited(t.TempDir(), filepath.Join("../../..", "internal", "controller", tc.file), tc.edits...); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
