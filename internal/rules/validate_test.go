package rules

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
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
		"quantile of a gauge":       {`{alert: A, signal: {name: CPU, quantile: "0.9"}, levels: [{severity: w, above: 80}]}`, "spec.signal.quantile", "goes with latencies only (HTTPLatency, ModelLatency, ModelTimeToFirstToken, TimePerOutputToken, QueueTime)"},
		"quantile too great":        {`{alert: A, signal: {name: HTTPLatency, quantile: "95"}, ` + level + `}`, "spec.signal.quantile", `such as "0.95"`},
		"quantile not a number":     {`{alert: A, signal: {name: HTTPLatency, quantile: "NaN"}, ` + level + `}`, "spec.signal.quantile", `such as "0.95"`},
		"window of a gauge":         {`{alert: A, signal: {name: CPU, window: 5m}, levels: [{severity: w, above: 80}]}`, "spec.signal.window", "CPU is a gauge"},
		"window of zero":            {`{alert: A, signal: {name: HTTPLatency, window: 0s}, ` + level + `}`, "spec.signal.window", "longer than 0, such as 5m"},
		"window in words":           {`{alert: A, signal: {name: HTTPLatency, window: soon}, ` + level + `}`, "spec.signal.window", "such as 30s"},
		"label the signal lacks":    {`{alert: A, signal: {name: HTTPLatency, by: [model]}, ` + level + `}`, "spec.signal.by[0]", `supported values: "method", "endpoint"`},
		"the same label twice":      {`{alert: A, signal: {name: HTTPLatency, by: [pod, pod]}, ` + level + `}`, "spec.signal.by[1]", "Duplicate value"},
		"unit of a signal":          {`{alert: A, unit: Seconds, ` + latency + `, ` + level + `}`, "spec.unit", "HTTPLatency is measured in Seconds"},
		"selector, moved":           {`{alert: A, selector: {a: b}, ` + latency + `, ` + level + `}`, "spec.selector", "move it to spec.signal.matchLabels"},
		"minTraffic, moved":         {`{alert: A, expr: up, minTraffic: 1, levels: [{severity: w, above: 5}]}`, "spec.minTraffic", "write a comparison with the traffic into it"},
		"unknown unit":              {`{alert: A, expr: up, unit: Furlongs, levels: [{severity: w, above: 80}]}`, "spec.unit", `supported values: "Seconds"`},
		"matchLabels: namespace":    {`{alert: A, signal: {name: HTTPLatency, matchLabels: {namespace: other}}, ` + level + `}`, "spec.signal.matchLabels[namespace]", "remove it"},
		"matchLabels: a bucket":     {`{alert: A, signal: {name: HTTPLatency, matchLabels: {le: "1"}}, ` + level + `}`, "spec.signal.matchLabels[le]", "needs every bucket"},
		"matchLabels: a name":       {`{alert: A, signal: {name: HTTPLatency, matchLabels: {app.kubernetes.io/name: x}}, ` + level + `}`, "spec.signal.matchLabels[app.kubernetes.io/name]", "Prometheus label name"},
		"bad PromQL":                {`{alert: A, expr: "rate(x[5m]", levels: [{severity: w, above: 80}]}`, "spec.expr", "unclosed left parenthesis"},
		"a range":                   {`{alert: A, expr: "x[5m]", levels: [{severity: w, above: 80}]}`, "spec.expr", "not a range vector: for a range, wrap it"},
		"another namespace":         {`{alert: A, expr: 'up{namespace="other"}', levels: [{severity: w, above: 80}]}`, "spec.expr", "remove the namespace matcher"},
		"another, in a parameter":   {`{alert: A, expr: 'topk(scalar(n{namespace="other"}), up)', levels: [{severity: w, above: 80}]}`, "spec.expr", "remove the namespace matcher"},
		"a signal's own label":      {`{alert: A, signal: {name: HTTPErrorRatio, matchLabels: {status: "500"}}, levels: [{severity: w, above: 5%}]}`, "spec.signal.matchLabels[status]", "HTTPErrorRatio itself tells series apart by this label"},
		"by a signal's own label":   {`{alert: A, signal: {name: ModelErrorRatio, by: [status]}, levels: [{severity: w, above: 5%}]}`, "spec.signal.by[0]", `supported values: "model", "service"`},
		"minTraffic of a rate":      {`{alert: A, signal: {name: TokenRate, minTraffic: 1}, levels: [{severity: w, above: 5}]}`, "spec.signal.minTraffic", "ratios and latencies only (HTTPErrorRatio, HTTPLatency, ModelErrorRatio, ModelLatency, ModelTimeToFirstToken, TimePerOutputToken, QueueTime, AnswerTruncatedRatio, AnswerBlockedRatio)"},
		"minTraffic of zero":        {`{alert: A, signal: {name: HTTPLatency, minTraffic: 0}, ` + level + `}`, "spec.signal.minTraffic", `greater than 0, such as "0.1"`},
		"minTraffic in percent":     {`{alert: A, signal: {name: HTTPLatency, minTraffic: 5%}, ` + level + `}`, "spec.signal.minTraffic", "a rate per second"},
		"noData":                    {`{alert: A, noData: Panic, ` + latency + `, ` + level + `}`, "spec.noData", `supported values: "Ignore", "Alert"`},
		"mode":                      {`{alert: A, mode: On, ` + latency + `, ` + level + `}`, "spec.mode", `"Enforce", "Shadow", "Off"`},
		"no level":                  {`{alert: A, ` + latency + `}`, "spec.levels", "at least one level"},
		"neither above nor below":   {`{alert: A, ` + latency + `, levels: [{severity: w}]}`, "spec.levels[0]", `set above, below or both, such as above: "2s"`},
		"a band inside out":         {`{alert: A, ` + latency + `, levels: [{severity: w, above: 1s, below: 2s}]}`, "spec.levels[0].below", "must be less than above (1s): with both, the alert fires outside the two"},
		"a band without width":      {`{alert: A, expr: up, levels: [{severity: w, above: 5, below: "5.0"}]}`, "spec.levels[0].below", "must be less than above (5)"},
		"a side of a band":          {`{alert: A, signal: {name: Memory}, levels: [{severity: w, above: 100%, below: 10%}]}`, "spec.levels[0].above", "must be less than 100%"},
		"a band's other unit":       {`{alert: A, signal: {name: Memory}, levels: [{severity: w, above: 80%, below: 10s}]}`, "spec.levels[0].below", "because Memory is measured in Percent"},
		"a wider warning":           {`{alert: A, expr: up, levels: [{severity: warning, above: 80, below: 20}, {severity: critical, above: 90, below: 30}]}`, "spec.levels[1].below", "must lie beyond warning (< 20)"},
		"a side within a band":      {`{alert: A, expr: up, levels: [{severity: warning, above: 80, below: 20}, {severity: critical, above: 70}]}`, "spec.levels[1].above", "must lie beyond warning (> 80)"},
		"severity twice":            {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s}, {severity: w, above: 3s}]}`, "spec.levels[1].severity", "Duplicate value"},
		"no severity":               {`{alert: A, ` + latency + `, levels: [{above: 2s}]}`, "spec.levels[0].severity", "must be a name such as warning"},
		"severity on two lines":     {`{alert: A, ` + latency + `, levels: [{severity: "a\nb", above: 2s}]}`, "spec.levels[0].severity", `remove the character '\n'`},
		"severity of a template":    {`{alert: A, ` + latency + `, levels: [{severity: "{{ $value }}", above: 2s}]}`, "spec.levels[0].severity", "must not be a template"},
		"alert of a template":       {`{alert: "Slow {{ $labels.pod }}", ` + latency + `, ` + level + `}`, "spec.alert", "must not be a template"},
		"alert with blanks around":  {`{alert: " Slow", ` + latency + `, ` + level + `}`, "spec.alert", "remove the blanks"},
		"alert with a control":      {`{alert: "Slow\x07", ` + latency + `, ` + level + `}`, "spec.alert", `remove the character '\a'`},
		"alert with a hidden one":   {`{alert: "Slow\u200b", ` + latency + `, ` + level + `}`, "spec.alert", `remove the character '\u200b'`},
		"no longer for":             {`{alert: A, expr: up, levels: [{severity: warning, above: 5, for: 5m}, {severity: critical, above: 5, for: 5m}]}`, "spec.levels[1].above", "must lie beyond warning (> 5), or at the same value have a longer for"},
		"latency in percent":        {`{alert: A, ` + latency + `, levels: [{severity: w, above: 5%}]}`, "spec.levels[0].above", `such as "2s" or "250ms", because HTTPLatency is measured in Seconds`},
		"latency without unit":      {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2}]}`, "spec.levels[0].above", "a duration with its unit"},
		"cpu in seconds":            {`{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}, {severity: x, below: 2s}]}`, "spec.levels[1].below", "because CPU is measured in Percent"},
		"an object":                 {`{alert: A, expr: up, levels: [{severity: w, above: {value: 1}}]}`, "spec.levels[0].above", "because spec.expr is measured in Number"},
		"beyond the last bucket":    {`{alert: A, ` + latency + `, levels: [{severity: w, above: 1m}]}`, "spec.levels[0].above", "must be less than 1m, the greatest value that HTTPLatency can show"},
		"beyond all":                {`{alert: A, signal: {name: Memory}, levels: [{severity: w, above: 100%}]}`, "spec.levels[0].above", "must be less than 100%"},
		"ratio above one":           {`{alert: A, signal: {name: ModelErrorRatio}, levels: [{severity: w, above: 100%}]}`, "spec.levels[0].above", "must be less than 100%, the greatest value that ModelErrorRatio can show: the alert could never fire"},
		"below nothing":             {`{alert: A, signal: {name: ActiveSessions}, levels: [{severity: w, below: 0}]}`, "spec.levels[0].below", "must be greater than 0, the least value that ActiveSessions can show: the alert could never fire"},
		"below nothing, of an expr": {`{alert: A, expr: up, unit: Ratio, levels: [{severity: w, below: 0}]}`, "spec.levels[0].below", "the alert could never fire"},
		"below more than all":       {`{alert: A, ` + latency + `, levels: [{severity: w, below: 2m}]}`, "spec.levels[0].below", "must be at most 1m, the greatest value that HTTPLatency can show: the alert would always fire"},
		"above less than nothing":   {`{alert: A, signal: {name: ActiveSessions}, levels: [{severity: w, above: -1}]}`, "spec.levels[0].above", "must be at least 0, the least value that ActiveSessions can show: the alert would always fire"},
		"critical before warning":   {`{alert: A, ` + latency + `, levels: [{severity: critical, above: 900ms}, {severity: warning, above: 1s}]}`, "spec.levels[0].above", `"900ms": must lie beyond warning (> 1s)`},
		"critical at info's line":   {`{alert: A, expr: up, levels: [{severity: info, below: 5}, {severity: critical, below: "5.0"}]}`, "spec.levels[1].below", "must lie beyond info (< 5)"},
		"negative for":              {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s, for: -5m}]}`, "spec.levels[0].for", "not negative"},
		"keepFiringFor in words":    {`{alert: A, ` + latency + `, levels: [{severity: w, above: 2s, keepFiringFor: ever}]}`, "spec.levels[0].keepFiringFor", "such as 30s"},
		"label severity":            {`{alert: A, labels: {severity: x}, ` + latency + `, ` + level + `}`, "spec.labels[severity]", "set by each of spec.levels"},
		"control character":         {`{alert: A, annotations: {summary: "a\x7Fb"}, ` + latency + `, ` + level + `}`, "spec.annotations[summary]", `remove the character "\x7f"`},
		"no character":              {`{alert: A, labels: {team: "a\uFFFEb"}, ` + latency + `, ` + level + `}`, "spec.labels[team]", `remove the character "\ufffe"`},
		"label nodata":              {`{alert: A, labels: {nodata: x}, ` + latency + `, ` + level + `}`, "spec.labels[nodata]", "the controller sets it"},
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

// TestLimits passes every limit by one.
func TestLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("1", n) }
	at := threshold(t, `{alert: A, signal: {name: HTTPLatency}}`)
	at.Spec.Alert, at.Spec.Expr, at.Spec.Signal.MinTraffic = "A"+long(maxAlert), long(maxExpr+1), v1alpha1.Value(long(maxValue+1))
	at.Spec.Signal.Quantile, at.Spec.Signal.Window = "0."+long(maxQuantile-1), v1alpha1.Duration(long(maxDuration)+"s")
	at.Spec.Signal.By = make([]string, maxBy+1)
	at.Spec.Levels = slices.Repeat([]v1alpha1.Level{{}}, maxLevels+1)
	at.Spec.Levels[0] = v1alpha1.Level{
		Severity: "w" + long(maxSeverity), Above: v1alpha1.Value(long(maxValue)) + "s", Below: v1alpha1.Value(long(maxValue)) + "s",
		For: v1alpha1.Duration(long(maxDuration)) + "s", KeepFiringFor: v1alpha1.Duration(long(maxDuration)) + "s",
	}
	pairs := map[string]string{}
	for i := range maxPairs + 1 {
		pairs[long(i+1)] = ""
	}
	at.Spec.Signal.MatchLabels, at.Spec.Labels, at.Spec.Annotations = pairs, pairs, pairs
	got := map[string]bool{}
	for _, err := range Validate(at) {
		if err.Type == field.ErrorTypeTooLong || err.Type == field.ErrorTypeTooMany {
			got[err.Field] = true
		}
	}
	for _, want := range []string{
		"alert", "expr", "signal.minTraffic", "signal.quantile", "signal.window", "signal.by", "levels", "levels[0].severity", "levels[0].above",
		"levels[0].below", "levels[0].for", "levels[0].keepFiringFor", "signal.matchLabels", "labels", "annotations",
	} {
		if !got["spec."+want] {
			t.Errorf("spec.%s may be too long", want)
		}
	}
}

// operatorMost is the most bytes that the Prometheus Operator takes in a rule's file.
const operatorMost = 512 << 10

func TestTooLarge(t *testing.T) {
	at := threshold(t, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}, {severity: x, above: 90}]}`)
	// Short lines make the largest file of all. Each stands in two alerts and has 3 bytes in JSON.
	at.Spec.Annotations = map[string]string{"note": strings.Repeat("x\n", MaxRuleBytes/6-300)}
	plan, errs := Resolve(at)
	if len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	if file, err := yaml.Marshal(plan.Rule(nil).Spec); err != nil || len(file) > operatorMost {
		t.Errorf("the rule's file has %d bytes, %v: the Prometheus Operator takes %d", len(file), err, operatorMost)
	}
	at.Spec.Annotations["note"] += strings.Repeat("x\n", 300)
	errs = Validate(at)
	if !TooLarge(errs) || !strings.Contains(errs[0].Error(), "would make a rule of 130 KiB, at most 128 KiB are allowed: shorten") {
		t.Errorf("errors = %v", errs.ToAggregate())
	}
	if at.Spec.Alert = ""; TooLarge(Validate(at)) {
		t.Error("a spec with another mistake is too large")
	}
}

func TestWarnings(t *testing.T) {
	const latency = `alert: A, signal: {name: HTTPLatency}`
	for name, tc := range map[string]struct{ spec, want string }{
		"on a bound":            {`{` + latency + `, levels: [{severity: w, above: 10s}]}`, ""},
		"inside a narrow one":   {`{` + latency + `, levels: [{severity: w, above: 4s}]}`, ""},
		"inside a wide bucket":  {`{` + latency + `, levels: [{severity: w, above: 1s}, {severity: x, above: 20s}]}`, "spec.levels[1].above: 20s lies inside the bucket 10s to 30s of http_request_duration_seconds: what fires is a guess, take 10s or 30s"},
		"inside the first":      {`{` + latency + `, levels: [{severity: w, below: 5ms}]}`, "spec.levels[0].below: 5ms lies inside the bucket 0s to 10ms of http_request_duration_seconds: what fires is a guess, take 10ms"},
		"inside the last":       {`{alert: A, signal: {name: ModelTimeToFirstToken}, levels: [{severity: w, above: 20s}]}`, "spec.levels[0].above: 20s lies inside the bucket 10s to 30s of ai_time_to_first_token_seconds: what fires is a guess, take 10s or 30s"},
		"not a latency":         {`{alert: A, expr: up, unit: Seconds, levels: [{severity: w, above: 20s}]}`, ""},
		"a label that changes":  {`{` + latency + `, labels: {now: "{{ $value }}"}, levels: [{severity: w, above: 10s}]}`, "spec.labels[now]: makes another alert whenever the value changes, so that `for` never passes: put the value into spec.annotations"},
		"a label that does not": {`{` + latency + `, labels: {where: "{{ $labels.pod }}", value: "$value"}, levels: [{severity: w, above: 10s}]}`, ""},
	} {
		plan, errs := Resolve(threshold(t, tc.spec))
		if len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		} else if got := strings.Join(slices.Concat(plan.Warnings, plan.KnownBucketWarnings), "\n"); got != tc.want {
			t.Errorf("%s: warnings =\n%s, want\n%s", name, got, tc.want)
		}
	}
}

func TestLeastSevere(t *testing.T) {
	for severities, want := range map[string]string{
		"critical warning":      "warning",
		"critical info warning": "info",
		"page warning":          "warning",
		"ticket page":           "ticket",
	} {
		var plan Plan
		for severity := range strings.FieldsSeq(severities) {
			plan.Levels = append(plan.Levels, Level{Severity: severity})
		}
		if got := plan.leastSevere().Severity; got != want {
			t.Errorf("of %s, %s is the least severe, want %s", severities, got, want)
		}
	}
}

func TestValidateLongName(t *testing.T) {
	at := threshold(t, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`)
	at.Name = strings.Repeat("a", 64)
	if errs := Validate(at); len(errs) != 1 || errs[0].Field != "metadata.name" {
		t.Errorf("errors = %v, want one of metadata.name", errs)
	}
}

func TestEnforceNamespace(t *testing.T) {
	for name, tc := range map[string]struct{ expr, want string }{
		"bare":            {`up`, `up{namespace="ai"}`},
		"already":         {`up{namespace="ai"}`, `up{namespace="ai"}`},
		"wider":           {`up{namespace=~"ai|b"}`, `up{namespace="ai"}`},
		"both sides":      {`a / on (pod) b`, `a{namespace="ai"} / on (pod) b{namespace="ai"}`},
		"subquery":        {`max_over_time(rate(a[5m])[1h:1m])`, `max_over_time(rate(a{namespace="ai"}[5m])[1h:1m])`},
		"parameter":       {`topk(scalar(n), a)`, `topk(scalar(n{namespace="ai"}), a{namespace="ai"})`},
		"fixed time":      {`sum_over_time(a[5m] @ end()) - a @ 1700000000 offset -1h`, `sum_over_time(a{namespace="ai"}[5m] @ end()) - a{namespace="ai"} @ 1700000000.000 offset -1h`},
		"grouped sides":   {`-a * on (pod) group_left (x) b{c!="d"} > bool 1`, `-a{namespace="ai"} * on (pod) group_left (x) b{c!="d",namespace="ai"} > bool 1`},
		"set operators":   {`a unless b or vector(1) and absent(c)`, `a{namespace="ai"} unless b{namespace="ai"} or vector(1) and absent(c{namespace="ai"})`},
		"in an argument":  {`histogram_quantile(scalar(q), sum by (le) (rate(b[5m])))`, `histogram_quantile(scalar(q{namespace="ai"}), sum by (le) (rate(b{namespace="ai"}[5m])))`},
		"not a number":    {`NaN`, `NaN`},
		"name by pattern": {`{__name__=~".+"}`, `{__name__=~".+",namespace="ai"}`},
		"no selector":     {`time()`, `time()`},
	} {
		t.Run(name, func(t *testing.T) {
			expr, err := enforceNamespace(tc.expr, "ai")
			if err != nil {
				t.Fatalf("enforceNamespace: %v", err)
			}
			if got := expr.String(); got != tc.want {
				t.Errorf("enforceNamespace = %s, want %s", got, tc.want)
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
