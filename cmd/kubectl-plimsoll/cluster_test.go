//go:build integration

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// stage is a real control plane in which the controller runs.
type stage struct {
	client.Client
	kubeconfig string
}

// newStage starts it, until the test ends.
func newStage(t *testing.T) stage {
	t.Helper()
	cfg := controlplane.New(t)
	if _, err := envtest.InstallCRDs(cfg, envtest.CRDInstallOptions{ErrorIfPathMissing: true, Paths: []string{
		"../../config/crd/plimsoll.dev_alertthresholds.yaml",
		"../../charts/plimsoll-stack/crds/monitoring.coreos.com_prometheusrules.yaml",
		"../../charts/plimsoll-stack/crds/monitoring.coreos.com_prometheuses.yaml",
	}}); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	api, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := manager.New(cfg, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", Registerer: prometheus.NewRegistry(), Rules: rules.Options{UnconfinedNamespaces: []string{"platform"}},
	}, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	controlplane.Run(t, mgr)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(cfg, kubeconfig); err != nil {
		t.Fatal(err)
	}
	return stage{api, kubeconfig}
}

// create creates the objects of a YAML text, or says what the API server says.
func (s stage) create(text string, options ...client.CreateOption) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(text), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		options = append(options, client.FieldValidation(metav1.FieldValidationStrict))
		if err := s.Create(context.Background(), &object, options...); err != nil {
			return err
		}
	}
}

// kubectl runs a command line that has kubectl in it, in the cluster.
func (s stage) kubectl(t *testing.T, stdin, command string) {
	t.Helper()
	bin, err := filepath.Abs("../../hack/bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "PATH="+bin+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// startAlertmanager runs a real Alertmanager with that configuration until the test ends, and returns its base URL.
func startAlertmanager(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "alertmanager.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeport.Address()
	cmd := exec.Command("../../hack/bin/alertmanager", "--config.file", file, "--storage.path", dir,
		"--web.listen-address", address, "--cluster.listen-address=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	eventually(t, func() error {
		resp, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("alertmanager: %s", resp.Status)
		}
		return nil
	})
	return "http://" + address
}

// silence silences an alert for an hour.
func silence(t *testing.T, alertmanager, alertname string) {
	t.Helper()
	body := fmt.Sprintf(`{"matchers": [{"name": "alertname", "value": %q, "isRegex": false}], "startsAt": %q, "endsAt": %q, "createdBy": "test", "comment": "test"}`,
		alertname, time.Now().Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339))
	resp, err := http.Post(alertmanager+"/api/v2/silences", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("silence: %s", resp.Status)
	}
}

// eventually calls check until it returns nil or a minute is over.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
