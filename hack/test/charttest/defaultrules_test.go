package charttest

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestDefaultRules: without the controller the chart's rules are, with the same values, those that the controller would
// write of the chart's AlertThresholds, and promtool takes them.
func TestDefaultRules(t *testing.T) {
	for name, args := range map[string][]string{
		"defaults":           nil,
		"prices":             {"--set-json", prices},
		"other names":        {"--namespace", "elsewhere", "--set", "fullnameOverride=other"},
		"no runbooks":        {"--set", "alerts.runbookURL="},
		"other runbooks":     {"--set", "alerts.runbookURL=https://wiki/x"},
		"links to Grafana":   {"--set", "grafana.url=https://grafana.example.com"},
		"without some":       {"--set", "alerts.highCPUUsage.enabled=false,alerts.errorBudgetBurnFast.enabled=false"},
		"sources":            {"--set", allSources()},
		"one source alone":   {"--set", "assistant.enabled=false,alerts.sources={VLLM}"},
		"labels to be found": {"--set", "ruleLabels.release=prometheus"},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]monitoringv1.RuleGroup{}
			for _, object := range render(t, "plimsoll", args...) {
				if kind(t, object) != v1alpha1.Kind {
					continue
				}
				threshold := decode[v1alpha1.AlertThreshold](t, object)
				plan, errs := rules.Resolve(&threshold)
				if len(errs) > 0 {
					t.Fatal(errs.ToAggregate())
				}
				for _, group := range plan.Groups() {
					want[group.Name] = group
				}
			}
			objects := render(t, "plimsoll", append(args, "--set", "controller.enabled=false")...)
			static := one[monitoringv1.PrometheusRule](t, objects, "PrometheusRule", "-defaults\n")
			if len(static.Spec.Groups) != len(want) || len(want) == 0 {
				t.Errorf("%d groups, want %d", len(static.Spec.Groups), len(want))
			}
			for _, group := range static.Spec.Groups {
				if got, want := text(t, group), text(t, want[group.Name]); got != want {
					t.Errorf("group is\n%s\nthe controller would write\n%s", got, want)
				}
			}
			if name == "labels to be found" && static.Labels["release"] != "prometheus" {
				t.Errorf("labels are %v", static.Labels)
			}
			checkWithPromtool(t, static.Spec)
		})
	}
}

// TestSourceAlertsFire: of each source an alert fires at what is worth one, in Prometheus' own simulation.
func TestSourceAlertsFire(t *testing.T) {
	objects := render(t, "plimsoll", "--set", "assistant.enabled=false,controller.enabled=false,"+allSources())
	static := one[monitoringv1.PrometheusRule](t, objects, "PrometheusRule", "-defaults\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(text(t, static.Spec)), 0o600); err != nil {
		t.Fatal(err)
	}
	cases, err := os.ReadFile("testdata/source_alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range otherSources() {
		if !strings.Contains(string(cases), `alertname="`+string(source)) {
			t.Errorf("no alert of %s is tried", source)
		}
	}
	file := filepath.Join(dir, "source_alerts_test.yaml")
	if err := os.WriteFile(file, cases, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, tool("promtool"), "test", "rules", file); err != nil {
		t.Error(err)
	}
}

// TestDefaultRulesWithoutAChoice: lines that the static rule would not have are refused, and said where they are to be had.
func TestDefaultRulesWithoutAChoice(t *testing.T) {
	for _, set := range []string{"alerts.highCPUUsage.levels[0].severity=info,alerts.highCPUUsage.levels[0].above=80%", "alerts.availabilityObjective=99"} {
		args := []string{"template", chartDir("plimsoll"), "--set", set}
		if _, err := helm(t, args...); err != nil {
			t.Error(err)
		}
		_, err := helm(t, append(args, "--set", "controller.enabled=false")...)
		if err == nil || !strings.Contains(err.Error(), "values.yaml says") {
			t.Errorf("%s without the controller: %v", set, err)
		}
	}
}

// TestWithoutController: with the controller go its rights, its resources' kinds and the alerts about it.
func TestWithoutController(t *testing.T) {
	left := map[string]bool{}
	for _, object := range render(t, "plimsoll", "--set", "controller.enabled=false,controller.networkPolicy.enabled=true") {
		left[kind(t, object)] = true
		if strings.Contains(object, "plimsoll-controller") {
			t.Errorf("the controller is named in\n%s", object)
		}
	}
	want := map[string]bool{"ConfigMap": true, "Deployment": true, "Pod": true, "PrometheusRule": true, "Service": true, "ServiceAccount": true, "ServiceMonitor": true}
	if !maps.Equal(left, want) {
		t.Errorf("kinds are %v, want %v", left, want)
	}
}

func text(t *testing.T, object any) string {
	t.Helper()
	out, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// checkWithPromtool lets Prometheus' own tool judge the rules.
func checkWithPromtool(t *testing.T, spec monitoringv1.PrometheusRuleSpec) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(text(t, spec)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack/bin/promtool"), "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
