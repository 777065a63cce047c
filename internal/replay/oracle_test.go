package replay

import (
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Prometheus' rule engine is asked through promtool, the program: its package would bring the client libraries of every
// cloud, by way of tsdb and config, into go.mod. The query engine alone is a library without them.

// evalPoint is an expression and what it must give at a time.
type evalPoint struct {
	Expr     string      `json:"expr"`
	EvalTime string      `json:"eval_time"`
	Samples  []expSample `json:"exp_samples"`
}

type expSample struct {
	Labels string  `json:"labels"`
	Value  float64 `json:"value"`
}

// firingAlerts gives the alerts that fire, and as their value since when they are active.
const firingAlerts = `ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{alertstate="firing"}`

// expect says at every evaluation which alerts fire, if the episodes are right.
func expect(result *backtest.Result, plan *rules.Plan, alert monitoringv1.Rule, identity map[string]string) []evalPoint {
	points := make([]evalPoint, result.Window.Evaluations())
	for i := range points {
		points[i] = evalPoint{Expr: firingAlerts, EvalTime: model.Duration(time.Duration(i) * result.Window.Step).String()}
	}
	for _, level := range result.Levels {
		for _, episode := range level.Episodes {
			all := maps.Clone(plan.Labels)
			if all == nil {
				all = map[string]string{}
			}
			maps.Copy(all, episode.Labels)
			maps.Copy(all, identity)
			maps.Copy(all, map[string]string{
				model.MetricNameLabel: "ALERTS_FOR_STATE", model.AlertNameLabel: alert.Alert, rules.SeverityLabel: level.Level.Severity,
			})
			sample := expSample{labels.FromMap(all).String(), float64(episode.ActiveAt.Unix())}
			for i := range points {
				at := result.Window.Start.Add(time.Duration(i) * result.Window.Step)
				if !at.Before(episode.FiredAt) && (episode.ResolvedAt.IsZero() || at.Before(episode.ResolvedAt)) {
					points[i].Samples = append(points[i].Samples, sample)
				}
			}
		}
	}
	return points
}

// write writes the rules and the test of a case for promtool.
func (c *testCase) write(t *testing.T, dir string, group monitoringv1.RuleGroup, points []evalPoint) {
	t.Helper()
	var input []map[string]string
	for _, s := range c.raw {
		input = append(input, map[string]string{"series": s.labels.String(), "values": s.notation()})
	}
	c.rules = marshal(t, monitoringv1.PrometheusRuleSpec{Groups: []monitoringv1.RuleGroup{group}})
	for name, content := range map[string][]byte{
		c.name + ".rules.yaml": c.rules,
		c.name + ".yaml": marshal(t, map[string]any{
			"rule_files":          []string{c.name + ".rules.yaml"},
			"evaluation_interval": c.window.Step.String(),
			"tests": []any{map[string]any{
				"start_timestamp": c.window.Start, "interval": grid.String(), "input_series": input, "promql_expr_test": points,
			}},
		}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func marshal(t *testing.T, content any) []byte {
	t.Helper()
	text, err := yaml.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var verdict = regexp.MustCompile(`(?m)^  (SUCCESS|FAILED:)$`)

// promtool runs the tests of the cases: $PROMTOOL, or else the one that the tool build leaves in hack/bin.
func promtool(t *testing.T, dir string, cases []*testCase) {
	t.Helper()
	path := os.Getenv("PROMTOOL")
	if path == "" {
		path = filepath.Join("..", "..", "hack", "bin", "promtool")
	}
	args := []string{"test", "rules"}
	for _, c := range cases {
		args = append(args, filepath.Join(dir, c.name+".yaml"))
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	verdicts := verdict.FindAllIndex(out, -1)
	if len(verdicts) != len(cases) {
		t.Fatalf("promtool has run %d tests of %d: %v\n%s", len(verdicts), len(cases), err, out)
	}
	for i, at := range verdicts {
		if c := cases[i]; !strings.Contains(string(out[at[0]:at[1]]), "SUCCESS") {
			t.Errorf("%s, evaluated every %s: expected is what Replay finds, got what Prometheus does\n%s\nseries every %s:", c.name, c.window.Step, c.rules, grid)
			for _, s := range c.raw {
				t.Logf("%s %s", s.labels, s.notation())
			}
			t.Fatalf("%.3000s", out[at[0]:])
		}
	}
	if err != nil {
		t.Fatalf("promtool: %v", err)
	}
}

// rangeQuery is the answer of /api/v1/query_range to the expression over the raw samples.
func (c *testCase) rangeQuery(t *testing.T, expr string) model.Matrix {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	defer engine.Close()
	raw := &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: c.selectSeries}}
	query, err := engine.NewRangeQuery(t.Context(), raw, nil, expr, c.window.Start, c.window.End, c.window.Step)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	matrix, err := query.Exec(t.Context()).Matrix()
	if err != nil {
		t.Fatal(err)
	}
	var answer model.Matrix
	for _, s := range matrix {
		stream := &model.SampleStream{Metric: model.Metric{}}
		s.Metric.Range(func(l labels.Label) { stream.Metric[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
		for _, p := range s.Floats {
			stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.Time(p.T), Value: model.SampleValue(p.F)})
		}
		answer = append(answer, stream)
	}
	return answer
}

func (c *testCase) selectSeries(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, s := range c.raw {
		matches := true
		for _, m := range matchers {
			matches = matches && m.Matches(s.labels.Get(m.Name))
		}
		if matches {
			found = append(found, storage.NewListSeries(s.labels, s.chunk()))
		}
	}
	return &seriesSet{series: found, at: -1}
}

// seriesSet are series as the query engine reads them.
type seriesSet struct {
	series []storage.Series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// rawSample is a sample as the query engine reads it.
type rawSample struct {
	chunks.Sample
	t int64
	f float64
}

func (s rawSample) Type() chunkenc.ValueType { return chunkenc.ValFloat }
func (s rawSample) ST() int64                { return 0 }
func (s rawSample) T() int64                 { return s.t }
func (s rawSample) F() float64               { return s.f }

// chunk are the samples of the series; the first lies at the window's start.
func (s rawSeries) chunk() []chunks.Sample {
	var all []chunks.Sample
	for i, v := range s.values {
		if math.Float64bits(v) != math.Float64bits(gone) {
			all = append(all, rawSample{t: start.Add(time.Duration(i) * grid).UnixMilli(), f: v})
		}
	}
	return all
}

// notation is the series in promtool's words.
func (s rawSeries) notation() string {
	words := make([]string, len(s.values))
	for i, v := range s.values {
		switch {
		case math.Float64bits(v) == math.Float64bits(gone):
			words[i] = "_"
		case value.IsStaleNaN(v):
			words[i] = "stale"
		case math.IsInf(v, 1):
			words[i] = "Inf"
		default:
			words[i] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return strings.Join(words, " ")
}
