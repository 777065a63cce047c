//go:build harness

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBrokenBuildsAreCaught runs a short soak on assistants that are each broken in one way, and on the one that is not.
func TestBrokenBuildsAreCaught(t *testing.T) {
	for _, b := range append([]breakage{{name: "not broken"}}, breakages...) {
		t.Run(b.name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), []string{
				"-assistant", b.build(t), "-requests=2000", "-duration=20s", "-warm-up=7s", "-growth=30",
			}, &out)
			if b.want == "" && err != nil {
				t.Errorf("an assistant that is not broken fails: %v\n%s", err, out.String())
			}
			if b.want != "" && (err == nil || !strings.Contains(err.Error(), b.want)) {
				t.Errorf("soak = %v, want %q\n%s", err, b.want, out.String())
			}
		})
	}
}

// build compiles the assistant with its mistake in it and returns the binary.
func (b breakage) build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	if b.file != "" {
		path, err := filepath.Abs(filepath.Join("../../..", b.file))
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), b.from); n != 1 {
			t.Fatalf("%s holds the text to change %d times, want once", b.file, n)
		}
		changed := strings.Replace(string(source), b.from, b.to, 1)
		if strings.Contains(b.to, "time.") && !strings.Contains(changed, `"time"`) {
			changed = strings.Replace(changed, "import (", "import (\n\t\"time\"", 1)
		}
		overlay.Replace[path] = filepath.Join(dir, "changed.go")
		if err := os.WriteFile(overlay.Replace[path], []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "assistant")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", list, "-o", binary, "./cmd/assistant")
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building it: %v\n%s", err, out)
	}
	return binary
}
