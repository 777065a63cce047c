package demo

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// On a control plane no pod runs. What the charts would run there are processes of this machine instead, with the same
// flags; the controller still acts as the ServiceAccount that the chart made, with no more than its rights.

// processNames have a port each on the loopback address.
var processNames = []string{
	"fakegemini", "assistant", "assistant-telemetry", "controller", "controller-health", "prometheus", "alertmanager",
}

// processes starts the programs and returns when they answer.
func (e *Env) processes(ctx context.Context) error {
	ports, err := e.Cluster.Ports(processNames...)
	if err != nil {
		return err
	}
	address := func(name string) string { return "127.0.0.1:" + strconv.Itoa(ports[name]) }
	e.AssistantURL = "http://" + address("assistant")
	e.PrometheusURL = "http://" + address("prometheus")
	e.AlertmanagerURL = "http://" + address("alertmanager")
	return e.steps.Do(ctx, "programs as local processes", func(ctx context.Context) error {
		if err := e.controllerKubeconfig(ctx); err != nil {
			return err
		}
		if err := e.prometheusFiles(address); err != nil {
			return err
		}
		for _, p := range e.programs(address) {
			// What was built anew since the last demo must not go on running in its old form.
			if err := e.Cluster.Stop(ctx, p.Name, 5*time.Second); err != nil {
				return err
			}
			if err := e.Cluster.Start(p); err != nil {
				return err
			}
		}
		return e.waitProcesses(ctx)
	})
}

func (e *Env) programs(address func(string) string) []cluster.Process {
	bin := func(name string) string { return filepath.Join(e.bin, name) }
	model := chosenUpstream("http://" + address("fakegemini"))
	assistant := append(model.args(false), "--listen", address("assistant"), "--telemetry-listen", address("assistant-telemetry"))
	return []cluster.Process{
		{Name: "fakegemini", Path: bin("fakegemini"), Args: []string{
			"--listen", address("fakegemini"), "--latency", "1s", "--latency-jitter", "300ms", "--error-rate", "0.02"}},
		{Name: "assistant", Path: bin("assistant"), Args: assistant,
			Env: append(os.Environ(), "GEMINI_API_KEY="+model.key)}, // all of it: a proxy may be on the way
		{Name: "loadgen", Path: bin("loadgen"), Args: []string{"--url", e.AssistantURL, "--rate", "2"}},
		{Name: "controller", Path: bin("controller"), Args: []string{
			"--kubeconfig", e.file("controller.kubeconfig"), "--prometheus-url", e.PrometheusURL,
			"--metrics-bind-address", address("controller"), "--health-probe-bind-address", address("controller-health")}},
		{Name: "alertmanager", Path: bin("alertmanager"), Args: []string{
			"--config.file", e.file("alertmanager.yaml"), "--storage.path", e.file("alertmanager"),
			"--web.listen-address", address("alertmanager"), "--cluster.listen-address="}},
		{Name: "prometheus", Path: bin("prometheus"), Args: []string{
			"--config.file", e.file("prometheus.yaml"), "--storage.tsdb.path", e.file("prometheus"),
			"--web.listen-address", address("prometheus"), "--web.enable-lifecycle"}},
		{Name: "rule-sync", Path: bin("dev"), Args: []string{
			"-state", e.Cluster.Dir(), "rule-sync", e.PrometheusURL, e.rulesDir()}},
	}
}

// file is a path in the cluster's folder.
func (e *Env) file(name string) string { return filepath.Join(e.Cluster.Dir(), "demo", name) }

func (e *Env) rulesDir() string { return e.file("rules") }

// controllerKubeconfig lets a local process act as the chart's ServiceAccount.
func (e *Env) controllerKubeconfig(ctx context.Context) error {
	token, err := e.Kubectl(ctx, "", "create", "token", Controller, "--namespace", Namespace, "--duration", "24h")
	if err != nil {
		return err
	}
	return cluster.WriteKubeconfig(e.file("controller.kubeconfig"),
		clientcmdapi.Cluster{Server: e.Cluster.URL(), CertificateAuthority: e.Cluster.Authority()},
		clientcmdapi.AuthInfo{Token: strings.TrimSpace(token)})
}

func (e *Env) write(name, text string) error {
	path := e.file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// prometheusFiles writes the configuration of Prometheus and Alertmanager: what the operator would make of the charts.
func (e *Env) prometheusFiles(address func(string) string) error {
	if err := os.MkdirAll(e.rulesDir(), 0o755); err != nil {
		return err
	}
	values := map[string]string{
		"Namespace": Namespace, "Assistant": Assistant, "Controller": Controller, "Rules": e.rulesDir(),
		"AssistantAddress": address("assistant-telemetry"), "ControllerAddress": address("controller"),
		"AlertmanagerAddress": address("alertmanager"),
	}
	for _, name := range []string{"prometheus.yaml", "alertmanager.yaml"} {
		t, err := template.ParseFS(manifests, "manifests/"+name)
		if err != nil {
			return err
		}
		var b strings.Builder
		if err := t.Execute(&b, values); err != nil {
			return err
		}
		if err := e.write(name, b.String()); err != nil {
			return err
		}
	}
	return nil
}

func (e *Env) waitProcesses(ctx context.Context) error {
	for _, url := range []string{e.AssistantURL + "/health/ready", e.PrometheusURL + "/api/v1/rules", e.AlertmanagerURL + "/api/v2/alerts"} {
		err := cluster.Poll(ctx, time.Minute, func(ctx context.Context) error {
			var any any
			return get(ctx, url, &any)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
