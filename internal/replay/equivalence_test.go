package replay

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestReplayIsPrometheus: over generated histories, the episodes that Replay finds in a range query of a threshold's
// expression are those of Prometheus' own rule engine, which evaluates the threshold's rules on the same raw samples:
// recorded values, staleness markers and all. At every evaluation the same alerts fire, active since the same time.
func TestReplayIsPrometheus(t *testing.T) {
	const casesOfKind = 30
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel() // promtool mostly waits for the disk
			seen := map[string]int{}
			dir := t.TempDir()
			cases := make([]*testCase, casesOfKind)
			for seed := range cases {
				cases[seed] = newCase(kind, uint64(seed))
				cases[seed].replay(t, dir, seen)
			}
			promtool(t, dir, cases)
			// What makes the comparison worth anything must have occurred, and often.
			for what, least := range map[string]int{
				"episode": 100, "again": 50, "still firing at the end": 20, "for": 80, "kept": 80, "below": 40, "outside": 20, "a series gone": 2,
			} {
				if seen[what] < least {
					t.Errorf("%s: %d times, want at least %d", what, seen[what], least)
				}
			}
		})
	}
}

// replay writes the test of the case, which expects what Replay finds.
func (c *testCase) replay(t *testing.T, dir string, seen map[string]int) {
	t.Helper()
	plan, errs := rules.Resolve(c.threshold)
	if len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	group := plan.Groups()[0]
	samples := c.rangeQuery(t, group.Rules[0].Expr.StrVal)
	r, err := New(c.window, plan, plan.Levels)
	if err != nil {
		t.Fatal(err)
	}
	if err := cut(c.rng, c.window, samples, r.Ingest); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	result := r.Result()
	for _, level := range result.Levels {
		count(seen, level)
	}
	for _, s := range samples {
		if s.Values[len(s.Values)-1].Timestamp.Time().Before(c.window.End) {
			seen["a series gone"]++
		}
	}
	c.checkBeyond(t, plan, result)
	identity := map[string]string{rules.NamespaceLabel: plan.Namespace, rules.ThresholdLabel: plan.Name}
	for i := range group.Rules {
		group.Rules[i].Annotations = nil // templates, most of the time that it takes to evaluate an alert
	}
	c.write(t, dir, group, expect(result, plan, group.Rules[len(group.Rules)-1], identity))
}

// checkBeyond: the samples beyond the levels give what all samples give.
func (c *testCase) checkBeyond(t *testing.T, plan *rules.Plan, whole *backtest.Result) {
	t.Helper()
	expr, err := backtest.FilterExpr(plan.Value.Expr, plan.Levels)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(c.window, plan, plan.Levels)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Ingest(c.rangeQuery(t, expr), c.window.End); err != nil {
		t.Fatal(err)
	}
	for i, level := range r.Result().Levels {
		if want := whole.Levels[i].Episodes; !reflect.DeepEqual(level.Episodes, want) {
			t.Fatalf("%s, %s: with %s the episodes are %v, want %v", c.name, level.Level.Severity, expr, level.Episodes, want)
		}
	}
}

// count counts what the level's episodes are examples of.
func count(seen map[string]int, level backtest.LevelResult) {
	before := map[string]bool{}
	for _, e := range level.Episodes {
		seen["episode"]++
		for what, is := range map[string]bool{
			"again":                   before[fmt.Sprint(e.Labels)],
			"still firing at the end": e.ResolvedAt.IsZero(),
			"for":                     e.FiredAt.After(e.ActiveAt),
			"kept":                    level.Level.KeepFiringFor > 0,
			"below":                   level.Level.Comparison == rules.Below,
			"outside":                 level.Level.Comparison == rules.Outside,
		} {
			if is {
				seen[what]++
			}
		}
		before[fmt.Sprint(e.Labels)] = true
	}
}

// testCase is a threshold and the raw samples that it watches.
type testCase struct {
	name      string
	window    backtest.Window
	threshold *v1alpha1.AlertThreshold
	raw       []rawSeries
	// rules are the threshold's, as a file.
	rules []byte
	rng   *rand.Rand
}

// watched is what a kind of case watches.
type watched struct {
	spec    v1alpha1.AlertThresholdSpec
	metrics []string
	counter bool
	// label tells the series of a metric apart.
	label string
}

var kinds = map[string]watched{
	"gauge":    {spec: v1alpha1.AlertThresholdSpec{Expr: `load`}, metrics: []string{"load"}, label: "path"},
	"average":  {spec: v1alpha1.AlertThresholdSpec{Expr: `avg_over_time(load[1m])`}, metrics: []string{"load"}, label: "path"},
	"cpu":      {spec: v1alpha1.AlertThresholdSpec{Signal: &v1alpha1.Signal{Name: "CPU"}}, metrics: []string{"system_cpu_usage_percent"}, label: "pod"},
	"rate":     {spec: v1alpha1.AlertThresholdSpec{Expr: `rate(events_total[1m])`}, metrics: []string{"events_total"}, counter: true, label: "path"},
	"increase": {spec: v1alpha1.AlertThresholdSpec{Expr: `sum(increase(events_total[90s])) / 60`}, metrics: []string{"events_total"}, counter: true, label: "pod"},
	"errors": {spec: v1alpha1.AlertThresholdSpec{Signal: &v1alpha1.Signal{Name: "HTTPErrorRate", By: []string{"endpoint"}, Window: "1m"}},
		metrics: []string{"errors_total"}, counter: true, label: "endpoint"},
	"another source": {spec: v1alpha1.AlertThresholdSpec{Signal: &v1alpha1.Signal{Name: "Preemptions", Source: "VLLM", By: []string{"model"}, Window: "1m"}},
		metrics: []string{"vllm:num_preemptions_total"}, counter: true, label: "model_name"},
	"another source's gauge": {spec: v1alpha1.AlertThresholdSpec{Signal: &v1alpha1.Signal{Name: "QueueLength", Source: "VLLM", By: []string{"model"}}},
		metrics: []string{"vllm:num_requests_waiting"}, label: "model_name"},
	"ratio": {spec: v1alpha1.AlertThresholdSpec{Expr: `sum by (path) (rate(events_total[1m])) / sum by (path) (rate(requests_total[1m]))`},
		metrics: []string{"events_total", "requests_total"}, counter: true, label: "path"},
	"gated": {spec: v1alpha1.AlertThresholdSpec{Expr: `rate(events_total[1m]) and rate(requests_total[1m]) >= 1`}, // as minTraffic does
		metrics: []string{"events_total", "requests_total"}, counter: true, label: "path"},
	"a label that is replaced": {spec: v1alpha1.AlertThresholdSpec{Expr: `load{severity="/0"}`}, metrics: []string{"load"}, label: "severity"},
	"one alert of two series, by turns": {spec: v1alpha1.AlertThresholdSpec{Expr: `load{severity="/0"} or on () load{severity="/1"}`},
		metrics: []string{"load"}, label: "severity"},
	"kept by a template": {spec: v1alpha1.AlertThresholdSpec{Expr: `load`, Labels: map[string]string{"level": "{{ $labels.severity }}"}},
		metrics: []string{"load"}, label: "severity"},
	"the value in a label": {spec: v1alpha1.AlertThresholdSpec{Expr: `load`, Labels: map[string]string{"is": "{{ $value }}", "team": "ml"}},
		metrics: []string{"load"}, label: "path"},
	"recorded by turns": {spec: v1alpha1.AlertThresholdSpec{Expr: `load{alertthreshold="/0"} or on () load{alertthreshold="/1"}`},
		metrics: []string{"load"}, label: "alertthreshold"},
}

func newCase(name string, seed uint64) *testCase {
	kind := kinds[name]
	rng := rand.New(rand.NewPCG(seed, uint64(len(name))))
	c := &testCase{name: fmt.Sprint(name, seed), rng: rng}
	step := []time.Duration{10 * time.Second, 15 * time.Second, 25 * time.Second, 30 * time.Second, time.Minute}[rng.IntN(5)]
	c.window = backtest.Window{Start: start, End: start.Add(time.Duration(40+rng.IntN(80)) * step), Step: step}

	spec := kind.spec
	spec.Alert = "Generated"
	for _, severity := range []string{"one", "two", "three"} {
		spec.Levels = append(spec.Levels, c.level(severity))
	}
	c.threshold = &v1alpha1.AlertThreshold{ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "generated"}, Spec: spec}
	for i := range 1 + rng.IntN(4) {
		for _, name := range kind.metrics {
			c.raw = append(c.raw, c.series(name, kind.label, fmt.Sprint("/", i), kind.counter))
		}
	}
	return c
}

// level draws a level through what the series do, with durations that mostly are no whole steps.
func (c *testCase) level(severity string) v1alpha1.Level {
	some := func() v1alpha1.Duration {
		d := time.Duration(c.rng.IntN(7)) * c.window.Step / 2
		return v1alpha1.Duration(backtest.FormatDuration(d))
	}
	value := v1alpha1.Value([]string{"0", "0.5", "1", "1.5", "2", "2.5", "3"}[c.rng.IntN(7)])
	level := v1alpha1.Level{Severity: severity, For: some(), KeepFiringFor: some()}
	switch {
	case c.rng.IntN(6) == 0:
		level.Above, level.Below = []v1alpha1.Value{"1.25", "2", "2.5"}[c.rng.IntN(3)], "0.7"
	case c.rng.IntN(3) > 0:
		level.Above = value
	case value == "0": // which no signal's value is below
		level.Below = "1"
	default:
		level.Below = value
	}
	return level
}
