//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// releaseTakesOver upgrades to what make release makes of this checkout, for this machine's platform: its image archives, as they
// are, and its chart with the values of before. The parts that follow meet the release.
func (s suite) releaseTakesOver(t *testing.T) {
	const version = "v0.0.0-e2e"
	dist := t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.Root, "hack/release.sh"))
	cmd.Env = append(os.Environ(), "VERSION="+version, "DRY_RUN=1", "DIST="+dist,
		"PLATFORMS=linux/"+runtime.GOARCH, "PROGRAMS=assistant controller", "IMAGES=assistant controller")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	archive := func(program string) string { return filepath.Join(dist, program+"_"+version+"_oci.tar") }
	if err := s.Cluster.Load(t.Context(), archive("assistant"), archive("controller")); err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(dist, "plimsoll-"+strings.TrimPrefix(version, "v")+".tgz")
	if out, err := s.Helm(t.Context(), "upgrade", demo.Release, chart, "--namespace", demo.Namespace, "--reuse-values", "--wait", "--timeout", "3m"); err != nil {
		t.Fatal(out, err)
	}
	for _, name := range []string{demo.Assistant, demo.Controller} {
		image := s.kubectl(t, "get", "deployment", name, "--namespace", demo.Namespace, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
		if want := "localhost/plimsoll/" + strings.TrimPrefix(name, demo.Release+"-") + ":" + version; image != want {
			t.Errorf("%s runs %s, want %s", name, image, want)
		}
	}
}
