package rules

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// TestSourceGoldens compares what every signal of every other source becomes, by model where it can be, with the rules
// written down, which promtool checks and sources_test.yaml evaluates.
func TestSourceGoldens(t *testing.T) {
	for _, source := range signal.Sources()[1:] {
		t.Run(string(source), func(t *testing.T) {
			var groups []monitoringv1.RuleGroup
			for _, s := range signal.Of(source) {
				plan, errs := Resolve(sourceThreshold(s))
				if len(errs) > 0 {
					t.Fatalf("%s: %v", s.Name, errs.ToAggregate())
				}
				groups = append(groups, plan.Groups()...)
			}
			got, err := yaml.Marshal(monitoringv1.PrometheusRuleSpec{Groups: groups})
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, filepath.Join("testdata", "sources", strings.ToLower(string(source))+".rules.yaml"), got)
		})
	}
}

// sourceThreshold watches the signal as its source has it, and only records it.
func sourceThreshold(s signal.Signal) *v1alpha1.AlertThreshold {
	t := &v1alpha1.AlertThreshold{}
	t.Namespace, t.Name = "ai", strings.ToLower(string(s.Source)+"-"+s.Name)
	t.Spec = v1alpha1.AlertThresholdSpec{
		Alert:  s.Name,
		Mode:   v1alpha1.ModeShadow,
		Signal: &v1alpha1.Signal{Name: v1alpha1.SignalName(s.Name), Source: v1alpha1.SignalSource(s.Source)},
		Levels: []v1alpha1.Level{{Severity: "warning", Above: v1alpha1.Value(s.Unit.Format(0.5))}},
	}
	if slices.Contains(s.By, "model") {
		t.Spec.Signal.By = []string{"model"}
	}
	return t
}

// TestPushedGolden: of series pushed by OTLP, only those of the threshold's namespace are read, and the alert that there are
// none has the namespace too.
func TestPushedGolden(t *testing.T) {
	at := threshold(t, `{alert: Pushed, noData: Alert, levels: [{severity: warning, above: 1/s}],
		signal: {name: TokenRate, source: OpenTelemetry, by: [model], matchLabels: {type: prompt}}}`)
	plan, errs := Options{OTelNamespaceLabel: "k8s_namespace_name"}.Resolve(at)
	if len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	got, err := yaml.Marshal(plan.Rule(nil).Spec)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "sources", "pushed.rules.yaml")
	compareGolden(t, golden, got)
	promtool(t, "test", "rules", filepath.Join("testdata", "sources", "pushed_test.yaml"))
}

// TestSourceValues lets Prometheus evaluate them over series as the sources emit them.
func TestSourceValues(t *testing.T) {
	promtool(t, "test", "rules", filepath.Join("testdata", "sources", "values_test.yaml"))
}

// TestNamespaceLabel checks that the administrator's label confines OpenTelemetry's series, and no others.
func TestNamespaceLabel(t *testing.T) {
	o := Options{OTelNamespaceLabel: "k8s_namespace_name"}
	for name, tc := range map[string]struct{ spec, has, hasNot string }{
		"pushed":         {`{name: TokenRate, source: OpenTelemetry}`, `{k8s_namespace_name="ai",`, `{namespace=`},
		"another source": {`{name: TokenRate, source: EnvoyAIGateway}`, `{namespace="ai",`, `k8s_namespace_name`},
		"ours":           {`{name: TokenRate}`, `{namespace="ai"}`, `k8s_namespace_name`},
	} {
		plan, errs := o.Resolve(threshold(t, `{alert: A, signal: `+tc.spec+`, noData: Alert, levels: [{severity: warning, above: 5}]}`))
		if len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
		if expr := plan.Value.Expr; !strings.Contains(expr, tc.has) || strings.Contains(expr, tc.hasNot) {
			t.Errorf("%s: %s", name, expr)
		}
		if absent := plan.Value.Absent; strings.Contains(absent, tc.hasNot) {
			t.Errorf("%s: %s", name, absent)
		}
	}
	for _, label := range []string{"namespace", "k8s_namespace_name"} {
		_, errs := o.Resolve(threshold(t, `{alert: A, signal: {name: TokenRate, source: OpenTelemetry, matchLabels: {`+label+`: other}}, levels: [{severity: warning, above: 5}]}`))
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), "its own namespace") {
			t.Errorf("%s: %v", label, errs)
		}
	}
	for label, valid := range map[string]bool{"": true, "k8s_namespace_name": true, "__name__": false, "le": false, "k8s.namespace.name": false, `a"`: false} {
		if err := (Options{OTelNamespaceLabel: label}).Validate(); (err == nil) != valid {
			t.Errorf("%q: %v", label, err)
		}
	}
}

func TestSourceErrors(t *testing.T) {
	for name, tc := range map[string]struct{ signal, says string }{
		"no such source":        {`{name: TokenRate, source: Bananas}`, `spec.signal.source: Unsupported value: "Bananas"`},
		"missing":               {`{name: CacheUsage, source: LiteLLM}`, `spec.signal.source: Invalid value: "LiteLLM": LiteLLM has no CacheUsage: only the model's server knows it; name that source, such as VLLM`},
		"missing at ours":       {`{name: CacheUsage}`, `spec.signal.source: Invalid value: "Plimsoll": Plimsoll has no CacheUsage: the assistant calls`},
		"about ours only":       {`{name: CPU, source: VLLM}`, "leave source out"},
		"a prefix of others":    {`{name: TokenRate, source: LiteLLM, prefix: "x:"}`, "spec.signal.prefix: Forbidden: remove it: it goes with source VLLM only"},
		"a prefix that injects": {`{name: TokenRate, source: VLLM, prefix: "up{} or vllm:"}`, "spec.signal.prefix: Invalid value"},
		"a label it lacks":      {`{name: ModelErrorRatio, source: VLLM, matchLabels: {model: m}}`, "spec.signal.matchLabels[model]: Forbidden: remove it: what VLLM shows"},
		"by a label it lacks":   {`{name: ModelErrorRatio, source: Agentgateway, by: [model]}`, `spec.signal.by[0]: Unsupported value: "model"`},
		"a label it chooses":    {`{name: TokenRate, source: EnvoyAIGateway, matchLabels: {gen_ai_token_type: reasoning}}`, "itself tells series apart"},
		"a type there is not":   {`{name: TokenRate, source: EnvoyAIGateway, matchLabels: {type: input}}`, `supported values: "prompt", "completion"`},
	} {
		_, errs := Resolve(threshold(t, `{alert: A, signal: `+tc.signal+`, levels: [{severity: warning, above: "0.5"}]}`))
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), tc.says) {
			t.Errorf("%s: %v, want exactly one that says %q", name, errs, tc.says)
		}
	}
}

func TestSourceWarnings(t *testing.T) {
	for name, tc := range map[string]struct{ signal, level, says string }{
		"above the top": {
			`{name: ModelTimeToFirstToken, source: Agentgateway}`, "30s",
			"spec.levels[0].above: 30s lies above the highest bucket (10s) of agentgateway_gen_ai_server_time_to_first_token: it can never fire, unless yours has other buckets than Agentgateway is known to have",
		},
		"inside":         {`{name: ModelTimeToFirstToken, source: Agentgateway}`, "2s", "inside the bucket 1s to 2.5s"},
		"on a bound":     {`{name: ModelTimeToFirstToken, source: Agentgateway}`, "5s", ""},
		"unknown bounds": {`{name: ModelTimeToFirstToken, source: EnvoyAIGateway}`, "500s", ""},
	} {
		plan, errs := Resolve(threshold(t, `{alert: A, signal: `+tc.signal+`, levels: [{severity: warning, above: `+tc.level+`}]}`))
		if len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
		if got := strings.Join(plan.KnownBucketWarnings, "\n"); (tc.says == "") != (got == "") || !strings.Contains(got, tc.says) {
			t.Errorf("%s: warnings are %q, want %q", name, got, tc.says)
		}
	}
}
