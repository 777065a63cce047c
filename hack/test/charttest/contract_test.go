package charttest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// TestDefaultAlerts holds the default alerts to the source document's four, by name, line and for.
func TestDefaultAlerts(t *testing.T) {
	want := map[string]v1alpha1.Level{
		"HighErrorRate":   {Severity: "warning", Above: "0.05", For: "5m"},
		"SlowResponse":    {Severity: "warning", Above: "5s", For: "10m"},
		"HighCPUUsage":    {Severity: "warning", Above: "80%", For: "5m"},
		"HighMemoryUsage": {Severity: "critical", Above: "85%", For: "5m"},
	}
	for _, threshold := range defaultAlerts(t) {
		level, ok := want[threshold.Spec.Alert]
		if !ok {
			continue
		}
		delete(want, threshold.Spec.Alert)
		spec := threshold.Spec
		if len(spec.Levels) != 1 || spec.Levels[0] != level {
			t.Errorf("%s has levels %v, want %v", spec.Alert, spec.Levels, level)
		}
		if s, ok := signal.Lookup(string(spec.Signal.Name)); !ok || spec.Annotations["advice"] != s.Advice {
			t.Errorf("%s gives advice %q, the catalogue %q", spec.Alert, spec.Annotations["advice"], s.Advice)
		}
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}

// TestDefaultAlertsAreOurs: each is marked as a default, and looks at this release's assistant only.
func TestDefaultAlertsAreOurs(t *testing.T) {
	for _, threshold := range defaultAlerts(t) {
		spec := threshold.Spec
		if threshold.Labels[v1alpha1.DefaultLabel] != "true" {
			t.Errorf("%s is not marked as a default", spec.Alert)
		}
		if (spec.Signal == nil || spec.Signal.MatchLabels["service"] != "plimsoll-assistant") && !strings.Contains(spec.Expr, `service="plimsoll-assistant"`) {
			t.Errorf("%s is not about this release's assistant", spec.Alert)
		}
	}
}

// defaultAlerts are the chart's thresholds, those that need prices included.
func defaultAlerts(t *testing.T) []v1alpha1.AlertThreshold {
	t.Helper()
	var found []v1alpha1.AlertThreshold
	for _, object := range render(t, "plimsoll", "--set-json", prices) {
		if kind(t, object) == v1alpha1.Kind {
			found = append(found, decode[v1alpha1.AlertThreshold](t, object))
		}
	}
	if len(found) == 0 {
		t.Fatal("no default alerts")
	}
	return found
}

// TestSourceAlerts: each source has a default alert of every kind whose signal it has, whose levels are ones that `kubectl apply`
// would not warn of; its name says the source, so that none takes the place of the assistant's.
func TestSourceAlerts(t *testing.T) {
	kinds := map[string]string{
		"ModelErrors": signal.ModelErrorRatio, "SlowModel": signal.ModelLatency, "SlowFirstToken": signal.ModelTimeToFirstToken,
		"HighDailyCost": signal.CostPerDay, "LongQueue": signal.QueueTime, "CacheFull": signal.CacheUsage, "Preemptions": signal.Preemptions,
	}
	for _, source := range otherSources() {
		want := map[string]bool{}
		for kind, name := range kinds {
			if s, ok := signal.Lookup(name); ok {
				_, err := s.From(source, "")
				want[string(source)+kind] = err == nil
			}
		}
		maps.DeleteFunc(want, func(_ string, has bool) bool { return !has })
		got := map[string]bool{}
		for _, object := range render(t, "plimsoll", "--set", "assistant.enabled=false,alerts.sources={"+string(source)+"}") {
			if kind(t, object) != v1alpha1.Kind {
				continue
			}
			threshold := decode[v1alpha1.AlertThreshold](t, object)
			plan, errs := rules.Resolve(&threshold)
			if len(errs) > 0 || len(plan.Warnings) > 0 {
				t.Errorf("%s: %v, %q", threshold.Name, errs.ToAggregate(), plan.Warnings)
			}
			if threshold.Labels[v1alpha1.DefaultLabel] != "true" || threshold.Namespace != "ai" {
				t.Errorf("%s is no default of the release's namespace", threshold.Name)
			}
			got[threshold.Spec.Alert] = threshold.Spec.Signal.Source == v1alpha1.SignalSource(source)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s has the alerts %v, want %v", source, got, want)
		}
	}
}

// otherSources are those that have default alerts of their own; the first of all is Plimsoll.
func otherSources() []signal.Source { return signal.Sources()[1:] }

// allSources sets them.
func allSources() string {
	var names []string
	for _, source := range otherSources() {
		names = append(names, string(source))
	}
	return "alerts.sources={" + strings.Join(names, ",") + "}"
}

// kindOf is the alert's name without the source, as its runbook is called.
func kindOf(alert string) string {
	for _, source := range otherSources() {
		alert = strings.TrimPrefix(alert, string(source))
	}
	return alert
}

// TestRunbooks: every alert of a chart leads to the page of its kind, and every page belongs to an alert.
func TestRunbooks(t *testing.T) {
	alert := regexp.MustCompile(`(?m)\balert: (\w+)$`)
	link := regexp.MustCompile(`(?m)\brunbook_url: \S+/charts/([a-z-]+)/runbooks/(\w+)\.md$`)
	for chart, args := range map[string][]string{"plimsoll": {"--set-json", prices, "--set", allSources()}, "plimsoll-stack": nil} {
		t.Run(chart, func(t *testing.T) {
			unused := pages(t, chart)
			for _, object := range render(t, chart, args...) {
				if kind(t, object) == "CustomResourceDefinition" {
					continue // its descriptions have examples
				}
				var alerts, links []string
				for _, match := range alert.FindAllStringSubmatch(object, -1) {
					alerts = append(alerts, kindOf(match[1]))
					delete(unused, kindOf(match[1])+".md")
				}
				for _, match := range link.FindAllStringSubmatch(object, -1) {
					if links = append(links, match[2]); match[1] != chart {
						t.Errorf("the runbook of %s is in %s", match[2], match[1])
					}
				}
				if !slices.Equal(links, alerts) {
					t.Errorf("the alerts %s have the runbooks %s", alerts, links)
				}
			}
			for page := range unused {
				t.Errorf("%s belongs to no alert", page)
			}
		})
	}
}

// pages are the runbooks of a chart by file name.
func pages(t *testing.T, chart string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chartDir(chart), "runbooks", "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no runbooks: %v", err)
	}
	texts := make(map[string]string, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

func TestTwoAPIKeysAreRefused(t *testing.T) {
	_, err := helm(t, "template", chartDir("plimsoll"), "--set", "assistant.apiKey.existingSecret=a,assistant.apiKey.value=b")
	if err == nil || !strings.Contains(err.Error(), "not both") {
		t.Errorf("got %v", err)
	}
}

// TestCRD: the chart's definition is the generated one.
func TestCRD(t *testing.T) {
	const name = "plimsoll.dev_alertthresholds.yaml"
	generated, err := os.ReadFile(filepath.Join(root, "config/crd", name))
	if err != nil {
		t.Fatal(err)
	}
	carried, err := os.ReadFile(filepath.Join(chartDir("plimsoll"), "crds", name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(generated, carried) {
		t.Errorf("charts/plimsoll/crds/%s is stale: make generate", name)
	}
}

// TestVersions: the stack tells the operator the versions that are built here, for it chooses flags by them.
func TestVersions(t *testing.T) {
	pinned := func(file, module string) string {
		content, err := os.ReadFile(filepath.Join(root, "hack/tools", file))
		if err != nil {
			t.Fatal(err)
		}
		match := regexp.MustCompile(`\s` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(content)
		if match == nil {
			t.Fatalf("%s does not pin %s", file, module)
		}
		return string(match[1])
	}
	for _, object := range render(t, "plimsoll-stack") {
		switch kind(t, object) {
		case "Prometheus":
			var major, minor, patch int
			version := decode[monitoringv1.Prometheus](t, object).Spec.Version
			if _, err := fmt.Sscanf(version, "v%d.%d.%d", &major, &minor, &patch); err != nil {
				t.Fatal(err)
			}
			// Prometheus 3.13.5 is the module's v0.313.5.
			module := fmt.Sprintf("v0.%d%02d.%d", major, minor, patch)
			if want := pinned("go.mod", "github.com/prometheus/prometheus"); module != want {
				t.Errorf("prometheus.version %s is the module's %s, built is %s", version, module, want)
			}
		case "Alertmanager":
			version := decode[monitoringv1.Alertmanager](t, object).Spec.Version
			if want := pinned("alertmanager/go.mod", "github.com/prometheus/alertmanager"); version != want {
				t.Errorf("alertmanager.version is %s, built is %s", version, want)
			}
		}
	}
}
