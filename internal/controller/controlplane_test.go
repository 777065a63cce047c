//go:build integration

package controller

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// startControlPlane runs a real etcd, kube-apiserver and kube-controller-manager, whose files lie in dir, and returns
// what gives a client every right. The caller calls stop in the end.
func startControlPlane(dir string) (cfg *rest.Config, stop func(), err error) {
	bin := os.Getenv("KUBEBUILDER_ASSETS")
	if bin == "" {
		bin = "/tmp/bin"
	}
	env := &envtest.Environment{BinaryAssetsDirectory: bin, ControlPlaneStartTimeout: time.Minute, ControlPlaneStopTimeout: time.Minute}
	if cfg, err = env.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the API server: %w", err)
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, env.KubeConfig, 0o600); err != nil {
		return nil, nil, err
	}
	manager := exec.Command(filepath.Join(bin, "kube-controller-manager"), "--kubeconfig", kubeconfig,
		"--controllers", "garbage-collector-controller", "--leader-elect=false", "--secure-port=0")
	if err := manager.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the controller manager: %w", err)
	}
	return cfg, func() {
		_ = manager.Process.Kill()
		_ = manager.Wait()
		_ = env.Stop()
	}, nil
}
