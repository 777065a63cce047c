//go:build integration

package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestBrokenControllers runs the harness against controllers that are built with a mistake, and against the controller as
// it is: it must fail for the first, saying why, and pass for the last.
func TestBrokenControllers(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range broken {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			program := filepath.Join(dir, "controller")
			o := overlay{}
			if err := o.edited(dir, filepath.Join(root, "internal", "controller", tc.file), tc.edits...); err != nil {
				t.Fatal(err)
			}
			if err := o.build(t.Context(), root, program); err != nil {
				t.Fatal(err)
			}
			err := run(t.Context(), []string{"-root", root, "-state", filepath.Join(dir, "c"), "-depth", "control-plane",
				"-controller", program, "-limit", "10s", "-thresholds", "60", "-run", "others write"}, t.Output())
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("run = %v, want %q", err, tc.says)
			}
		})
	}
}
