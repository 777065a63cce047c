package rules

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// threshold reads a spec from YAML and puts it into namespace ai.
func threshold(t *testing.T, spec string) *v1alpha1.AlertThreshold {
	t.Helper()
	var at v1alpha1.AlertThreshold
	if err := yaml.UnmarshalStrict([]byte(spec), &at.Spec); err != nil {
		t.Fatalf("spec: %v", err)
	}
	at.Namespace, at.Name = "ai", "example"
	return &at
}

func TestValidateRefuses(t *testing.T) {
	const level = `levels: [{severity: warning, above: 2s}]`
	const latency = `signal: {name: HTTPLatency}`
	for name, tc := range map[string]struct {
		spec string
		// field and fix must both be in the only error.
		field, fix string
	}{
		"no alert":                  {`{` + latency + `, ` + level + `}`, "spec.alert", "must be a name such as SlowResponse"},
		"neither signal nor expr":   {`{alert: A, levels: [{severity: warning, above: 80}]}`, "spec.signal", "exactly one of spec.signal"},
		"signal and expr":           {`{alert: A, expr: up, ` + latency + `, ` + level + `}`, "spec.expr", "exactly one of spec.signal"},
		"unknown signal":            {`{alert: A, signal: {name: Bananas}, ` + level + `}`, "spec.signal.name", `supported values: "HTTPErrorRate", "HTTPErrorRatio", "HTTPLatency", "HTTPRequestRate", "ModelErrorRatio"`},
		"quantile of a gauge":       {`{alert: A, signal: {name: CPU, quantile: "0.9"}, levels: [{severity: w, above: 80}]}`, "spec.signal.quantile", "goes with latencies only (HTTPLatency, ModelLatency, ModelTimeToFirstToken)"},
		"quantile too great":        {`{alert: A, signal: {name: HTTPLatency, quantile: "95"}, ` + level + `}`, "spec.signal.quantile", `such as "0.95"`},
		"quantile not a number":     {`{alert: A, signal: {name: HTTPLatency, quantile: "NaN"}, ` + level + `}`, "spec.signal.quantile", `such as "0.95"`},
		"window of a gauge":         {`{alert: A, signal: {name: CPU, window: 5m}, levels: [{severity: w, above: 80}]}`, "spec.signal.window", "CPU is a gauge"},
		"window of zero":            {`{alert: A, signal: {name: HTTPLatency, window: 0s}, ` + level + `}`, "spec.signal.window", "longer than 0, such as 5m"},
		"window in words":           {`{alert: A, signal: {name: HTTPLatency, window: soon}, ` + level + `}`, "spec.signal.window", "such as 30s"},
		"label the signal lacks":    {`{alert: A, signal: {name: HTTPLatency, by: [model]}, ` + level + `}`, "spec.signal.by[0]", `supported values: "method", "endpoint"`},
		"the same label twice":      {`{alert: A, signal: {name: HTTPLatency, by: [pod, pod]}, ` + level + `}`, "spec.signal.by[1]", "Duplicate value"},
		"unit of a signal":          {`{alert: A, unit: Seconds, ` + latency + `, ` + level + `}`, "spec.unit", "HTTPLatency is measured in Seconds"},
		"selector of an expr":       {`{alert: A, expr: up, selector: {a: b}, levels: [{severity: w, above: 80}]}`, "spec.selector", "write label matchers into spec.expr"},
		"unknown unit":              {`{alert: A, expr: up, unit: Furlongs, levels: [{severity: w, above: 80}]}`, "spec.unit", `supported values: "Seconds"`},
		"selector with namespace":   {`{alert: A, selector: {namespace: other}, ` + latency + `, ` + level + `}`, "spec.selector[namespace]", "remove it"},
		"selector with a bucket":    {`{alert: A, selector: {le: "1"}, ` + latency + `, ` + level + `}`, "spec.selector[le]", "needs every bucket"},
		"selector's name":           {`{alert: A, selector: {app.kubernetes.io/name: x}, ` + latency + `, ` + level + `}`, "spec.selector[app.kubernetes.io/name]", "Prometheus label name"},
		"bad PromQL":                {`{alert: A, expr: "rate(x[5m]", levels: [{severity: w, above: 80}]}`, "spec.expr", "unclosed left parenthesis"},
		"a range":                   {`{alert: A, expr: "x[5m]", levels: [{severity: w, above: 80}]}`, "spec.expr", "not a range vector: for a range, wrap it"},
		"another namespace":         {`{alert: A, expr: 'up{namespace="other"}', levels: [{severity: w, above: 80}]}`, "spec.expr", "remove the namespace matcher"},
		"another, in a parameter":   {`{alert: A, expr: 'topk(scalar(n{namespace="other"}), up)', levels: [{severity: w, above: 80}]}`, "spec.expr", "remove the namespace matcher"},
		"no level":                  {`{alert: A, ` + latency + `}`, "spec.levels", "at least one level"},
		"neither above nor below":   {`{alert: A, ` + latency + `, levels: [{severity: w}]}`, "spec.levels[0]", `exactly one of above and below, such as above: "2s"`},
		"above and below":           {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s, below: 1s}]}`, "spec.levels[0].below", "remove one of the two"},
		"severity twice":            {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s}, {severity: w, above: 3s}]}`, "spec.levels[1].severity", "Duplicate value"},
		"severity with blanks":      {`{alert: A, ` + latency + `, levels: [{severity: "very bad", above: 2s}]}`, "spec.levels[0].severity", "such as warning or critical"},
		"latency in percent":        {`{alert: A, ` + latency + `, levels: [{severity: w, above: 5%}]}`, "spec.levels[0].above", `such as "2s" or "250ms", because HTTPLatency is measured in Seconds`},
		"latency without unit":      {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2}]}`, "spec.levels[0].above", "a duration with its unit"},
		"cpu in seconds":            {`{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}, {severity: x, below: 2s}]}`, "spec.levels[1].below", "because CPU is measured in Percent"},
		"an object":                 {`{alert: A, expr: up, levels: [{severity: w, above: {value: 1}}]}`, "spec.levels[0].above", "because spec.expr is measured in Number"},
		"beyond the last bucket":    {`{alert: A, ` + latency + `, levels: [{severity: w, above: 1m}]}`, "spec.levels[0].above", "must be less than 1m, the greatest value that HTTPLatency can show"},
		"beyond all":                {`{alert: A, signal: {name: Memory}, levels: [{severity: w, above: 100%}]}`, "spec.levels[0].above", "must be less than 100%"},
		"negative for":              {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s, for: -5m}]}`, "spec.levels[0].for", "not negative"},
		"keepFiringFor in words":    {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s, keepFiringFor: ever}]}`, "spec.levels[0].keepFiringFor", "such as 30s"},
		"label severity":            {`{alert: A, labels: {severity: x}, ` + latency + `, ` + level + `}`, "spec.labels[severity]", "set by each of spec.levels"},
		"label alertthreshold":      {`{alert: A, labels: {alertthreshold: x}, ` + latency + `, ` + level + `}`, "spec.labels[alertthreshold]", "the controller sets it"},
		"label of the signal":       {`{alert: A, labels: {endpoint: x}, signal: {name: HTTPLatency, by: [endpoint]}, ` + level + `}`, "spec.labels[endpoint]", "rename it"},
		"label of a gauge":          {`{alert: A, labels: {pod: x}, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`, "spec.labels[pod]", "rename it"},
		"label's name":              {`{alert: A, labels: {__a: x}, ` + latency + `, ` + level + `}`, "spec.labels[__a]", "Prometheus label name"},
		"label's template":          {`{alert: A, labels: {a: "{{ $value"}, ` + latency + `, ` + level + `}`, "spec.labels[a]", "unclosed action"},
		"annotation's name":         {`{alert: A, annotations: {runbook-url: x}, ` + latency + `, ` + level + `}`, "spec.annotations[runbook-url]", "such as runbook_url"},
		"annotation's template":     {`{alert: A, annotations: {a: "{{ $valu }}"}, ` + latency + `, ` + level + `}`, "spec.annotations[a]", `undefined variable "$valu"`},
		"annotation's own function": {`{alert: A, annotations: {a: "{{ $value | humanise }}"}, ` + latency + `, ` + level + `}`, "spec.annotations[a]", `function "humanise" not defined`},
	} {
		t.Run(name, func(t *testing.T) {
			errs := Validate(threshold(t, tc.spec))
			if len(errs) != 1 {
				t.Fatalf("errors = %v, want exactly one", errs)
			}
			if errs[0].Field != tc.field {
				t.Errorf("field = %s, want %s", errs[0].Field, tc.field)
			}
			if !strings.Contains(errs[0].Error(), tc.fix) {
				t.Errorf("error %q does not say %q", errs[0], tc.fix)
			}
		})
	}
}

func TestValidateNamesEveryMistake(t *testing.T) {
	errs := Validate(threshold(t, `{alert: A, signal: {name: CPU, window: 5m}, labels: {severity: x}, levels: [{severity: w, above: 2s, for: x}]}`))
	var got []string
	for _, err := range errs {
		got = append(got, err.Field)
	}
	const want = "spec.signal.window spec.levels[0].above spec.levels[0].for spec.labels[severity]"
	if strings.Join(got, " ") != want {
		t.Errorf("fields = %v, want %s", got, want)
	}
}

func TestValidateLongName(t *testing.T) {
	at := threshold(t, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`)
	at.Name = strings.Repeat("a", 64)
	if errs := Validate(at); len(errs) != 1 || errs[0].Field != "metadata.name" {
		t.Errorf("errors = %v, want one of metadata.name", errs)
	}
}

func TestConfine(t *testing.T) {
	for name, tc := range map[string]struct{ expr, want string }{
		"bare":            {`up`, `up{namespace="ai"}`},
		"already":         {`up{namespace="ai"}`, `up{namespace="ai"}`},
		"wider":           {`up{namespace=~"ai|b"}`, `up{namespace="ai"}`},
		"both sides":      {`a / on (pod) b`, `a{namespace="ai"} / on (pod) b{namespace="ai"}`},
		"subquery":        {`max_over_time(rate(a[5m])[1h:1m])`, `max_over_time(rate(a{namespace="ai"}[5m])[1h:1m])`},
		"parameter":       {`topk(scalar(n), a)`, `topk(scalar(n{namespace="ai"}), a{namespace="ai"})`},
		"name by pattern": {`{__name__=~".+"}`, `{__name__=~".+",namespace="ai"}`},
		"no selector":     {`time()`, `time()`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := confine(tc.expr, "ai")
			if err != nil {
				t.Fatalf("confine: %v", err)
			}
			if got != tc.want {
				t.Errorf("confine = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestLintRefusesWhatPrometheusRefuses(t *testing.T) {
	plan, errs := Resolve(threshold(t, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	plan.Value.Expr = "rate("
	plan.Annotations = map[string]string{"a": "{{"}
	err := lint(plan.Groups()[0].Rules)
	if err == nil {
		t.Fatal("lint took a bad expression")
	}
	for _, want := range []string{"plimsoll:signal", "parse error", "unclosed action"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestRuleMetadata(t *testing.T) {
	plan, errs := Resolve(threshold(t, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	rule := plan.Rule(map[string]string{"release": "prometheus"})
	if rule.Namespace != "ai" || rule.Name != "plimsoll-example" {
		t.Errorf("rule is %s/%s, want ai/plimsoll-example", rule.Namespace, rule.Name)
	}
	if rule.Labels["release"] != "prometheus" || rule.Labels["app.kubernetes.io/managed-by"] != "plimsoll" {
		t.Errorf("labels = %v", rule.Labels)
	}
}
