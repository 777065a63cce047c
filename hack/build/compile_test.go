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

// The tools of one go.mod are built into one folder, under the names that the go command gives them.
func TestToolsOfAModuleHaveTheirOwnBinaries(t *testing.T) {
	for _, group := range byModule(tools) {
		of := map[string]string{}
		for _, tool := range group {
			name := binary(tool.pkg)
			if other, ok := of[name]; ok {
				t.Errorf("%s and %s are both built as %s", other, tool.name, name)
			}
			of[name] = tool.name
		}
	}
	for pkg, want := range map[string]string{"go.etcd.io/etcd/server/v3": "server", kubernetes + "/cmd/kubectl": "kubectl", "./coredns": "coredns"} {
		if got := binary(pkg); got != want {
			t.Errorf("%s is built as %s, want %s", pkg, got, want)
		}
	}
}
