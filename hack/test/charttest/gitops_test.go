//go:build integration

package charttest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// TestClusterGitOps installs a release as Argo CD and Flux do: rendered without a cluster, applied server-side, twice. The
// rendering has no Lease, which Argo CD leaves out, and the controller leads all the same, also after somebody has deleted
// the Lease that it made.
func TestClusterGitOps(t *testing.T) {
	const namespace = "gitops"
	r := release(namespace)
	rendered := render(t, "plimsoll", append([]string{"--namespace", namespace}, r.values()...)...)
	var manifest strings.Builder
	for _, object := range rendered {
		switch k := kind(t, object); {
		case k == "Lease":
			t.Fatalf("the chart renders what Argo CD never creates:\n%s", object)
		case strings.Contains(object, "helm.sh/hook: test"):
			continue // Argo CD has no hook of that kind, and leaves it out
		}
		manifest.WriteString("---\n" + object)
	}
	must(t, "", "create", "namespace", namespace)
	definitions := chartDir("plimsoll") + "/crds"
	must(t, "", "apply", "--server-side", "-f", definitions)
	eventually(t, func() error {
		_, err := kubectl(t.Context(), "", "wait", "--for=condition=Established", "-f", definitions)
		return err
	})
	apply := func() string {
		t.Helper()
		must(t, manifest.String(), "apply", "--server-side", "-f", "-")
		return must(t, manifest.String(), "get", "-f", "-", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation} {.metadata.uid}\n{end}")
	}
	first := apply()
	defer func() { must(t, manifest.String(), "delete", "--ignore-not-found", "-f", "-") }()
	r.runController(t)
	ready := func(name string) {
		t.Helper()
		must(t, "", "wait", "-n", namespace, "--for=condition=Ready", "alertthreshold/"+name, "--timeout=30s")
	}
	ready("plimsoll-high-error-rate")
	if second := apply(); second != first {
		t.Errorf("applied again the objects are\n%s\nwere\n%s", second, first)
	}
	must(t, "", "delete", "lease", "plimsoll-controller", "-n", namespace)
	must(t, fmt.Sprintf(userThreshold, namespace, "80%"), "apply", "-f", "-")
	ready("mine")
	eventually(t, func() error {
		_, err := kubectl(t.Context(), "", "get", "lease", "plimsoll-controller", "-n", namespace)
		return err
	})
}

// userThreshold is a user's threshold of some namespace and level.
const userThreshold = `
apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata: {name: mine, namespace: %s}
spec: {alert: Mine, signal: {name: CPU}, levels: [{severity: warning, above: %s, for: 5m}]}
`

// unselecting is a Prometheus that asks for rules with a label that ours do not have.
const unselecting = `
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: k8s, namespace: %s}
spec: {ruleSelector: {matchLabels: {release: monitoring}}, ruleNamespaceSelector: {}}
`

// TestClusterWait: Helm's --wait, and whatever else waits for the condition Ready as Flux does, takes a deployment for
// done when its thresholds are accepted and their rules in the cluster. That Prometheus does not load them is told beside.
func TestClusterWait(t *testing.T) {
	r := release("wait")
	server := prometheusserver.Start(t, "global: {evaluation_interval: 1s}")
	upgrade := func(level string) {
		t.Helper()
		begun := time.Now()
		r.helm(t, "upgrade", append(r.values("--set", "alerts.highCPUUsage.levels[0].severity=warning,alerts.highCPUUsage.levels[0].above="+level,
			"--set", "prometheus.url="+server.URL()), chartDir("plimsoll"), "--install", "--create-namespace", "--timeout", "1m")...)
		t.Logf("helm upgrade --wait took %s", time.Since(begun).Round(time.Second))
	}
	upgrade("80%")
	defer r.helm(t, "uninstall")
	must(t, fmt.Sprintf(unselecting, r), "apply", "-f", "-")
	r.runController(t, func(o *manager.Options) {
		o.Prometheus.URL, o.Prometheus.Interval = server.URL(), time.Second
		o.Prometheus.BacktestInterval, o.Prometheus.BacktestWindow, o.Prometheus.BacktestStep = time.Hour, time.Minute, time.Second
	})
	notLoaded := func() {
		t.Helper()
		must(t, "", "wait", "-n", string(r), `--for=jsonpath={.status.conditions[?(@.type=="Loaded")].reason}=NotSelected`,
			"alertthreshold/plimsoll-high-cpu-usage", "--timeout=30s")
	}
	notLoaded()
	upgrade("85%")
	must(t, "", "wait", "-n", string(r), "--for=jsonpath={.status.threshold}=warning > 85%", "alertthreshold/plimsoll-high-cpu-usage", "--timeout=1s")
	notLoaded()
	if is := must(t, "", "get", "alertthreshold/plimsoll-high-cpu-usage", "-n", string(r), "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`); is != "True" {
		t.Errorf("Ready is %s", is)
	}
}
