//go:build integration

package charttest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// The real API server that the tests of this file's tag share, as a client's configuration and as a file for commands.
// No pod runs in it: a release's Deployments have no replicas, and its controller runs in the test.
var (
	adminConfig *rest.Config
	kubeconfig  string
)

func TestMain(m *testing.M) {
	controlplane.Main(func(cfg *rest.Config) (int, error) { return runWith(cfg, m) }, nil)
}

func runWith(cfg *rest.Config, m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "plimsoll")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	adminConfig, kubeconfig = cfg, filepath.Join(dir, "kubeconfig")
	if err := controlplane.WriteKubeconfig(cfg, kubeconfig); err != nil {
		return 0, err
	}
	// The Prometheus Operator's own.
	if _, err := kubectl(context.Background(), "", "apply", "--server-side", "-f", filepath.Join(chartDir("plimsoll-stack"), "crds")); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// kubectl runs the pinned kubectl as the cluster's administrator, with stdin, and returns what it prints. Its error
// carries what kubectl said.
func kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(root, "hack/bin/kubectl"), append([]string{"--kubeconfig", kubeconfig}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", args[0], err, &stderr)
	}
	return stdout.String(), nil
}

// must fails the test when kubectl does.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := kubectl(t.Context(), stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually fails the test when check still fails after half a minute.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	controlplane.Eventually(t, 30*time.Second, check)
}

// release is one of charts/plimsoll, in a namespace of its name.
type release string

// helm runs a command of Helm about the release.
func (r release) helm(t *testing.T, command string, args ...string) {
	t.Helper()
	if err := r.tryHelm(t, command, args...); err != nil {
		t.Fatal(err)
	}
}

// tryHelm is helm for a command that may fail.
func (r release) tryHelm(t *testing.T, command string, args ...string) error {
	t.Helper()
	name := string(r)
	_, err := helm(t, append([]string{command, name, "--namespace", name, "--kubeconfig", kubeconfig, "--wait"}, args...)...)
	return err
}

// cleanUp uninstalls the release, and deletes the definition and its controller's Lease, when the test ends.
func (r release) cleanUp(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		uninstall := exec.Command(tool("helm"), "uninstall", string(r), "--namespace", string(r), "--kubeconfig", kubeconfig, "--ignore-not-found")
		if out, err := uninstall.CombinedOutput(); err != nil {
			t.Errorf("helm uninstall %s: %v: %s", r, err, out)
		}
		for _, args := range [][]string{{definition}, {"lease", "plimsoll-controller", "--namespace", string(r)}} {
			if _, err := kubectl(context.Background(), "", append([]string{"delete", "--ignore-not-found"}, args...)...); err != nil {
				t.Error(err)
			}
		}
	})
}

// values are those of a release without pods.
func (r release) values(more ...string) []string {
	return append([]string{"--set", "fullnameOverride=plimsoll,assistant.replicas=0,controller.replicas=0,controller.webhook.enabled=false"}, more...)
}

// runController runs the controller with the rights that the release gives it, until stop is called or the test ends;
// change its options, if need be.
func (r release) runController(t *testing.T, change ...func(*manager.Options)) (stop func()) {
	t.Helper()
	cfg := rest.CopyConfig(adminConfig)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: fmt.Sprintf("system:serviceaccount:%s:plimsoll-controller", r)}
	o := manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", Registerer: prometheus.NewRegistry(),
		LeaderElection: true, LeaderElectionNamespace: string(r), LeaderElectionID: "plimsoll-controller",
	}
	for _, c := range change {
		c(&o)
	}
	mgr, err := manager.New(cfg, o, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return controlplane.Run(t, mgr)
}
