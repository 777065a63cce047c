//go:build integration

package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// admin, made from adminConfig, may do everything in the cluster that all tests share; kubeconfig is the same for Helm.
var (
	admin       client.Client
	adminConfig *rest.Config
	kubeconfig  string
	// granted are the rights that the chart gives the controller.
	granted []rbacv1.PolicyRule
)

// installed is the release, watching every namespace, that all tests but Helm's share.
var installed = release{name: "plimsoll", namespace: "plimsoll-system"}

func TestMain(m *testing.M) {
	controlplane.Main(func(cfg *rest.Config) (int, error) { return runWith(cfg, m) }, checkRights)
}

func runWith(cfg *rest.Config, m *testing.M) (code int, err error) {
	ctx := context.Background()
	adminConfig = cfg
	if admin, err = newAdmin(cfg); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "plimsoll")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	kubeconfig = filepath.Join(dir, "kubeconfig")
	if err := controlplane.WriteKubeconfig(cfg, kubeconfig); err != nil {
		return 0, err
	}
	if err := installed.helm(ctx, "install", "--create-namespace"); err != nil {
		return 0, err
	}
	installed.port = freeport.Port()
	if err := installed.comeHere(ctx); err != nil {
		return 0, err
	}
	if granted, err = installed.rules(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func newAdmin(cfg *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	return client.New(cfg, client.Options{Scheme: scheme})
}

// helm runs a command of Helm about the release, with the chart unless it is to be uninstalled.
func (r release) helm(ctx context.Context, command string, args ...string) error {
	args = append([]string{command, r.name, "--namespace", r.namespace, "--kubeconfig", kubeconfig}, args...)
	if command != "uninstall" {
		args = append(args, "../../charts/plimsoll", "--set", "alerts.enabled=false,serviceMonitor.enabled=false")
	}
	if out, err := exec.CommandContext(ctx, "../../hack/bin/helm", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("helm %s: %w: %s", command, err, out)
	}
	return nil
}

// eventually calls check until it returns nil or the time is over.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	controlplane.Eventually(t, 30*time.Second, check)
}
