// Package controlplane runs a real API server for tests.
package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/audit"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// Main is the TestMain of a package whose tests share a control plane. It starts one, calls run
// with what gives a client every right in it, stops it, and exits with the code that run has from testing.M. If all went
// well, check has the last word, if there is one.
func Main(run func(cfg *rest.Config) (code int, err error), check func() error) {
	code, err := share(run)
	if err == nil && code == 0 && check != nil {
		err = check()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func share(run func(cfg *rest.Config) (code int, err error)) (code int, err error) {
	cfg, stop, err := start(context.Background())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return run(cfg)
}

// New starts a control plane for one test alone, and returns what gives a client
// every right in it.
func New(t testing.TB) *rest.Config {
	t.Helper()
	cfg, stop, err := start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return cfg
}

// start runs a real etcd, kube-apiserver and kube-controller-manager. The caller calls stop in the end, which removes it all.
func start(ctx context.Context) (cfg *rest.Config, stop func() error, err error) {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	bin, err := build.FindBin()
	if err != nil {
		return nil, nil, err
	}
	parent, err := os.MkdirTemp("", "plimsoll")
	if err != nil {
		return nil, nil, err
	}
	o := cluster.Options{
		Dir: filepath.Join(parent, "c"),
		Bin: bin,
		// Set by make test-oldest.
		Kubernetes: os.Getenv("PLIMSOLL_TEST_KUBERNETES"),
		Depth:      cluster.ControlPlane,
		Audit:      filepath.Join(parent, "audit.log"),
		Steps:      steps.New(os.Stdout),
	}
	stop = func() error {
		return errors.Join(cluster.Down(context.WithoutCancel(ctx), o), keepAudit(o.Audit), os.RemoveAll(parent))
	}
	c, err := cluster.Up(ctx, o)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	cfg, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	cfg.QPS = -1 // tests wait for the cluster, not for their client
	return cfg, stop, nil
}

// Run runs a manager until stop is called, once or more often, or the test ends.
func Run(t testing.TB, mgr manager.Manager) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		start := time.Now()
		if err := <-done; err != nil {
			t.Error(err)
		}
		t.Logf("stopped after %s", time.Since(start).Round(time.Millisecond))
	})
	t.Cleanup(stop)
	return stop
}

// Eventually fails the test when check still returns an error after the limit.
func Eventually(t testing.TB, limit time.Duration, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", limit, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

var (
	keepMu sync.Mutex
	kept   bytes.Buffer
)

// keepAudit keeps a control plane's audit log. There is none when it has not come up.
func keepAudit(file string) error {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	keepMu.Lock()
	defer keepMu.Unlock()
	_, err = kept.Write(text)
	return err
}

// Asked is what the user has asked of all the control planes that have been started here, and stopped.
func Asked(user string) (*audit.Record, error) {
	keepMu.Lock()
	defer keepMu.Unlock()
	record := &audit.Record{}
	return record, record.Read(bytes.NewReader(kept.Bytes()), user)
}

// WriteKubeconfig writes what kubectl and Helm need to be the client that cfg describes.
func WriteKubeconfig(cfg *rest.Config, path string) error {
	return cluster.WriteKubeconfig(path, clientcmdapi.Cluster{Server: cfg.Host, CertificateAuthority: cfg.CAFile},
		clientcmdapi.AuthInfo{ClientCertificate: cfg.CertFile, ClientKey: cfg.KeyFile, Impersonate: cfg.Impersonate.UserName})
}
