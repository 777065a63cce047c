package rules

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// FuzzResolve makes specs of anything: each is refused with a reason, or its rules, written to a file as the Prometheus
// Operator writes them, are what Prometheus' own reader takes, and none is too large.
func FuzzResolve(f *testing.F) {
	f.Add("SlowResponse", "HTTPLatency", "", "", "0.95", "5m", "endpoint", "0.1", "2s", "10m", "team", "a", "", "", uint8(0))
	f.Add("A", "CPU", "", "", "", "", "pod,instance", "", "80%", "0", "a", "{{ $labels.pod }}", "", "", uint8(1))
	f.Add("A", "", "sum(rate(x[5m])) > bool 0", "Ratio", "", "", "", "", "5%", "1h30m", "", "", "summary", "{{ $value }}", uint8(2))
	f.Add("A", "", `label_replace(up{namespace=~".+"}, "a", "$1", "b", "(.*)") or info(y)`, "", "", "", "", "", "-3", "", "é", "\xff", "\u2028", "{{", uint8(3))
	f.Add("A", "CostPerDay", "", "", "", "1y", "model", "", "$1e300", "290y", "x", strings.Repeat("y", 5000), "z", strings.Repeat("\n", 9000), uint8(7))
	f.Add("A", "HTTPErrorRatio", "", "", "", "", "", "1e-300", "99.999%", "", "service", `a"} or vector(1) #`, "k", "'\"\\\t", uint8(15))
	f.Add("A", "CPU", "", "", "", "", "", "", "80%", "0", "a", "\u0085", "b", "\x7f", uint8(0))
	f.Fuzz(func(t *testing.T, alert, name, expr, unit, quantile, window, by, minTraffic, level, wait, key, value, note, text string, bits uint8) {
		at := &v1alpha1.AlertThreshold{Spec: v1alpha1.AlertThresholdSpec{
			Alert: alert, Expr: expr, Unit: v1alpha1.Unit(unit),
			Labels: map[string]string{key: value}, Annotations: map[string]string{note: text},
			Levels: []v1alpha1.Level{
				{Severity: "warning", Above: v1alpha1.Value(level), For: v1alpha1.Duration(wait)},
				{Severity: "page", Below: v1alpha1.Value(level), KeepFiringFor: v1alpha1.Duration(wait)},
			},
		}}
		at.Namespace, at.Name = "ai", "fuzzed"
		if name != "" {
			at.Spec.Signal = &v1alpha1.Signal{Name: v1alpha1.SignalName(name), Quantile: quantile, Window: v1alpha1.Duration(window), MinTraffic: v1alpha1.Value(minTraffic)}
			if by != "" {
				at.Spec.Signal.By = strings.Split(by, ",")
			}
		}
		if bits&1 != 0 {
			at.Spec.NoData = v1alpha1.NoDataAlert
		}
		if bits&2 != 0 {
			at.Spec.Labels = nil
		}
		if bits&4 != 0 && name != "" {
			at.Spec.Signal.MatchLabels = map[string]string{key: value}
		}
		if bits&8 != 0 {
			at.Spec.Levels = at.Spec.Levels[:1]
		}
		resolveAnything(t, at)
	})
}

func resolveAnything(t *testing.T, at *v1alpha1.AlertThreshold) {
	t.Helper()
	plan, errs := Resolve(at)
	if len(errs) > 0 {
		for _, err := range errs {
			if err.Field == "" || err.ErrorBody() == "" || plan != nil {
				t.Errorf("refused without a reason: %#v", err)
			}
		}
		return
	}
	spec := monitoringv1.PrometheusRuleSpec{Groups: plan.Groups()}
	if text, err := json.Marshal(spec); err != nil || len(text) > MaxRuleBytes {
		t.Errorf("rule of %d bytes: %v", len(text), err)
	}
	file, err := yaml.Marshal(spec)
	if err != nil || len(file) > operatorMost {
		t.Fatalf("file of %d bytes: %v", len(file), err)
	}
	logger := slog.New(slog.DiscardHandler)
	if _, errs := rulefmt.Parse(file, false, model.LegacyValidation, parser.NewParser(parser.Options{}), logger); len(errs) > 0 {
		t.Errorf("Prometheus refuses\n%s\n%v", file, errs)
	}
}
