package cluster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/steps"
)

// TestControlPlane starts a real control plane, as any user, twice in the same folder, and takes it down: what is left
// is no process and no folder.
func TestControlPlane(t *testing.T) {
	ctx := t.Context()
	o := Options{Dir: filepath.Join(t.TempDir(), "state"), Bin: "../../bin", Depth: ControlPlane, Steps: steps.New(t.Output())}
	c, err := Up(ctx, o)
	t.Cleanup(func() { _ = Down(context.WithoutCancel(ctx), o) })
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.processes("")
	if err != nil || len(before) != 3 {
		t.Fatalf("processes = %v, %v; want etcd, kube-apiserver and kube-controller-manager", before, err)
	}
	if err := c.kubectl(ctx, "", "create", "namespace", "kept"); err != nil {
		t.Fatal(err)
	}
	again, err := Up(ctx, o)
	if err != nil {
		t.Fatal("second Up:", err)
	}
	if after, _ := again.processes(""); len(after) != 3 {
		t.Errorf("processes after a second Up = %v, want the same three as before: %v", after, before)
	}
	if err := again.kubectl(ctx, "", "get", "namespace", "kept"); err != nil {
		t.Error("state after a second Up:", err)
	}

	wrong := o
	wrong.Depth = Node
	if _, err := Up(ctx, wrong); err == nil {
		t.Error("Up with another depth in the same folder succeeded, want a refusal")
	}
	if err := Down(ctx, o); err != nil {
		t.Fatal(err)
	}
	if left, _ := c.processes(""); len(left) != 0 {
		t.Errorf("processes after Down = %v, want none", left)
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folder after Down: %v, want it gone", err)
	}
	if err := Down(ctx, o); err != nil {
		t.Error("Down of nothing:", err)
	}
}
