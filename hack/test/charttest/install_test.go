//go:build integration

package charttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClusterInstall installs by hack/install.sh twice: the second time is an upgrade.
func TestClusterInstall(t *testing.T) {
	bin, err := filepath.Abs(filepath.Join(root, "hack/bin"))
	if err != nil {
		t.Fatal(err)
	}
	const namespace = "by-script"
	for _, tag := range []string{"v1", "v2"} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(root, "hack/install.sh"))
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+kubeconfig, "YES=1", "NAMESPACE="+namespace,
			"REGISTRY=registry.example.com", "TAG="+tag, "GEMINI_API_KEY=a key", "ARGS=--set controller.enabled=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		images := must(t, "", "-n", namespace, "get", "deployments", "-o", "jsonpath={.items[*].spec.template.spec.containers[*].image}")
		if want := "registry.example.com/plimsoll/assistant:" + tag; images != want {
			t.Errorf("runs %s, want %s", images, want)
		}
	}
	if key := must(t, "", "-n", namespace, "get", "secret", "plimsoll-assistant", "-o", "jsonpath={.data.api-key}"); key != "YSBrZXk=" {
		t.Errorf("the key is %q in base64", key)
	}
	out, err := exec.CommandContext(t.Context(), tool("helm"), "--kubeconfig", kubeconfig, "-n", namespace, "uninstall", "plimsoll").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "uninstalled") {
		t.Errorf("%v: %s", err, out)
	}
}
