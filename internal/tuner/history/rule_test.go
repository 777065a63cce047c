package history

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

var ofRules = []struct {
	expr   string
	labels map[string]string
	limit  int
	offset time.Duration
	fails  bool
}{
	{expr: "x > 2"},
	{expr: "x >= 2", offset: time.Minute},
	{expr: "3 > x", labels: map[string]string{"severity": "page"}},
	{expr: "x <= 3", fails: true},
	{expr: "x > 2", limit: 1},
	{expr: "x > 2", labels: map[string]string{"path": "any"}},
	{expr: "x > 2", labels: map[string]string{"value": "{{ $value }}"}},
	{expr: "x > 2", labels: map[string]string{"of": "{{ $labels.path }}"}},
	{expr: "x"},
	{expr: "x == 2", fails: true, offset: 90 * time.Second},
}

// TestRuleReplayIsBacktest: of rules of all kinds, with levels that are moved, the replay of held samples is backtest's replay of what the
// changed rule's expression would have given.
func TestRuleReplayIsBacktest(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(600) {
		rng := rand.New(rand.NewPCG(seed, 3))
		of := ofRules[rng.IntN(len(ofRules))]
		w, whole := history(rng)
		r := alert.Rule{
			Ref: alert.Ref{Name: "A"}, Expr: of.expr, Labels: of.labels,
			For: time.Duration(rng.IntN(2)*rng.IntN(20)) * time.Minute, KeepFiringFor: time.Duration(rng.IntN(2)*rng.IntN(20)) * time.Minute,
		}
		r.Limit, r.QueryOffset = of.limit, &of.offset
		samples := NewRuleSamples(w, r)
		level, err := backtest.RuleLevel(r)
		hasLevel := err == nil
		if hasLevel && rng.IntN(4) > 0 {
			r = r.WithLevel(float64(rng.IntN(13)-1) / 2)
			level, _ = backtest.RuleLevel(r)
		}
		value := r.Expr
		if hasLevel {
			value = "x"
		}
		direct, err := backtest.NewRuleReplay(w, r)
		if err != nil {
			t.Fatal(err)
		}
		failures := map[int]bool{}
		for of.fails && rng.IntN(3) > 0 {
			failures[rng.IntN(w.Evaluations())] = true
		}
		answer(t, rng, w, of.offset, whole, failures, func(part model.Matrix, through time.Time) {
			if err := errors.Join(samples.Ingest(evaluate(value, part), through), direct.Ingest(evaluate(r.Expr, part), through)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}, func(at time.Time, reason error) {
			if err := errors.Join(samples.Fail(at, reason), direct.Fail(at, reason)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		})
		want := direct.Result()
		got, err := samples.replayRule(t.Context(), r, func(v float64) bool { return !hasLevel || level.Crossed(v) })
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Levels[0].Episodes, want.Levels[0].Episodes) || got.Failed != want.Failed || fmt.Sprint(got.Failure) != fmt.Sprint(want.Failure) {
			t.Fatalf("seed %d, %+v with %s: %d failed, episodes\n%v, want %d,\n%v", seed, of, r.Expr,
				got.Failed, got.Levels[0].Episodes, want.Failed, want.Levels[0].Episodes)
		}
		if want.Levels[0].Fires <= MaxEpisodes {
			checkResult(t, collectAlerts(got), want.Levels[0])
		}
		if hasLevel && samples.IsByLevel(r) {
			seen["by level"]++
			checkResult(t, samples.Replay(level), want.Levels[0])
		}
		seen[of.expr+" fires"] += want.Levels[0].Fires
		seen["failed"] += want.Failed
	}
	for _, of := range ofRules {
		if seen[of.expr+" fires"] < 50 {
			t.Errorf("%s fires only %d times", of.expr, seen[of.expr+" fires"])
		}
	}
	if seen["failed"] < 100 || seen["by level"] < 200 {
		t.Errorf("seen: %v", seen)
	}
}

// answer gives the history as what is asked so much before the evaluations, without those that fail.
func answer(t *testing.T, rng *rand.Rand, w backtest.Window, offset time.Duration, whole model.Matrix, failures map[int]bool,
	ingest func(model.Matrix, time.Time), fail func(time.Time, error)) {
	t.Helper()
	for next := 0; next < w.Evaluations(); {
		from := w.Start.Add(time.Duration(next) * w.Step)
		if failures[next] {
			fail(from.Add(-offset), errors.New("many-to-many"))
			next++
			continue
		}
		end := next + 1
		for most := next + 1 + rng.IntN(w.Evaluations()-next); end < most && !failures[end]; {
			end++
		}
		part := w
		part.Start, part.End = from, w.Start.Add(time.Duration(end-1)*w.Step)
		var streams model.Matrix
		for _, s := range whole {
			between := &model.SampleStream{Metric: model.Metric{"__name__": "x"}}
			for name, v := range s.Metric {
				between.Metric[name] = v
			}
			for _, v := range s.Values {
				if at := v.Timestamp.Time(); !at.Before(part.Start) && !at.After(part.End) {
					between.Values = append(between.Values, model.SamplePair{Timestamp: v.Timestamp.Add(-offset), Value: v.Value})
				}
			}
			if len(between.Values) > 0 {
				streams = append(streams, between)
			}
		}
		ingest(streams, part.End.Add(-offset))
		next = end
	}
}

// evaluate is what Prometheus makes of samples of x by an expression of this test.
func evaluate(expr string, part model.Matrix) model.Matrix {
	split, ok := alert.Rule{Expr: expr}.Split()
	var result model.Matrix
	for _, s := range part {
		some := &model.SampleStream{Metric: s.Metric}
		for _, v := range s.Values {
			x, keep := float64(v.Value), !ok
			switch split.Op {
			case ">":
				keep = x > split.Level
			case ">=":
				keep = x >= split.Level
			case "<":
				keep = x < split.Level
			case "<=":
				keep = x <= split.Level
			case "==":
				keep = x == split.Level
			}
			if keep {
				some.Values = append(some.Values, v)
			}
		}
		if len(some.Values) > 0 {
			result = append(result, some)
		}
	}
	return result
}

// TestRuleHistograms: a histogram is an alert of a rule without a level, and below no level.
func TestRuleHistograms(t *testing.T) {
	w := minutes(10)
	part := model.Matrix{{Metric: model.Metric{"path": "a"}, Histograms: []model.SampleHistogramPair{{Timestamp: model.TimeFromUnixNano(w.Start.UnixNano())}}}}
	for expr, want := range map[string]int{"x": 1, "x < 5": 0} {
		r := alert.Rule{Ref: alert.Ref{Name: "A"}, Expr: expr}
		s := NewRuleSamples(w, r)
		if err := s.Ingest(part, w.End); err != nil {
			t.Fatal(err)
		}
		level, err := backtest.RuleLevel(r)
		got, failed := s.ReplayRule(t.Context(), r, func(v float64) bool { return err != nil || level.Crossed(v) })
		if failed != nil || got.Fires != want {
			t.Errorf("%s: %d fires, %v", expr, got.Fires, failed)
		}
	}
}
