package build

import (
	"os"
	"strings"
	"testing"
)

// What hack/dev is compiled of is compiled once only if both are compiled alike.
func TestMakefileCompilesAlike(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if want := "DEV := go run '" + Compile + "' ./hack/dev\n"; !strings.Contains(string(makefile), want) {
		t.Errorf("the Makefile does not say %q", want)
	}
}
