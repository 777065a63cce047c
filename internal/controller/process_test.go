//go:build integration

package controller_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// program is the built controller and how to run it in one cluster, with the rights of one user.
type program struct {
	path, kubeconfig string
}

// buildProgram builds cmd/controller and lets it act as the user.
func buildProgram(t *testing.T, cfg *rest.Config, user string) program {
	t.Helper()
	p := program{path: filepath.Join(t.TempDir(), "controller"), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if out, err := exec.Command("go", "build", "-o", p.path, "../../cmd/controller").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return p.as(t, cfg, user)
}

// as is the same program acting as another user.
func (p program) as(t *testing.T, cfg *rest.Config, user string) program {
	t.Helper()
	p.kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	cfg = rest.CopyConfig(cfg)
	cfg.Impersonate.UserName = user
	if err := controlplane.WriteKubeconfig(cfg, p.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return p
}

// process is a running program.
type process struct {
	metrics, probes string // host:port
	cmd             *exec.Cmd
	output          *bytes.Buffer
	ended           chan error
}

// start starts the program. It is killed when the test ends, if it still runs.
func (p program) start(t *testing.T, args ...string) *process {
	t.Helper()
	run := &process{metrics: freeport.Address(), probes: freeport.Address(), output: &bytes.Buffer{}, ended: make(chan error, 1)}
	args = append(args, "--kubeconfig", p.kubeconfig, "--metrics-bind-address", run.metrics, "--health-probe-bind-address", run.probes)
	run.cmd = exec.Command(p.path, args...)
	run.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	run.cmd.Stdout, run.cmd.Stderr = run.output, run.output
	if err := run.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { run.ended <- run.cmd.Wait() }()
	t.Cleanup(func() { run.stop(t, syscall.SIGKILL) })
	return run
}

// stop sends the signal, if the program still runs, and waits for its end.
func (p *process) stop(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if p.cmd.Process.Signal(signal) != nil {
		return // ended already
	}
	err := <-p.ended
	if signal == syscall.SIGTERM && err != nil {
		t.Errorf("controller: %v\n%s", err, p.output)
	}
}

// ready waits until the program says that it is ready.
func (p *process) ready(t *testing.T) {
	t.Helper()
	eventually(t, time.Minute, func() error {
		_, err := fetch(t.Context(), http.DefaultClient, "http://"+p.probes+"/readyz")
		return err
	})
}

// counted is the sum of a counter of the program over all its labels.
func (p *process) counted(t *testing.T, name string) float64 {
	t.Helper()
	var sum float64
	for _, m := range scrape(t, http.DefaultClient, "http://"+p.metrics+"/metrics")[name].GetMetric() {
		sum += m.GetCounter().GetValue()
	}
	return sum
}

// scrape reads a metrics endpoint.
func scrape(t *testing.T, client *http.Client, url string) map[string]*dto.MetricFamily {
	t.Helper()
	text, err := fetch(t.Context(), client, url)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func fetch(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", url, resp.Status, body)
	}
	return body, err
}

// writes counts the writes that the API server has been asked for, by verb and resource: all of them but those of leases.
func writes(t *testing.T, cfg *rest.Config) map[string]float64 {
	t.Helper()
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, m := range scrape(t, client, cfg.Host+"/metrics")["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, pair := range m.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		switch labels["verb"] {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
			if labels["resource"] != "leases" {
				counts[labels["verb"]+" "+labels["resource"]+"/"+labels["subresource"]] += m.GetCounter().GetValue()
			}
		}
	}
	return counts
}

// expectNoWrites fails if anything was written since before.
func expectNoWrites(t *testing.T, cfg *rest.Config, before map[string]float64) {
	t.Helper()
	for what, n := range writes(t, cfg) {
		if n != before[what] {
			t.Errorf("%v times %s", n-before[what], what)
		}
	}
}
