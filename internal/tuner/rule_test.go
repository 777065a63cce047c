package tuner

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
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
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 3))
		of := ofRules[rng.IntN(len(ofRules))]
		w, whole := history(rng)
		r := alert.Rule{
			Ref: alert.Ref{Name: "A"}, Expr: of.expr, Labels: of.labels,
			For: time.Duration(rng.IntN(2)*rng.IntN(20)) * time.Minute, KeepFiringFor: time.Duration(rng.IntN(2)*rng.IntN(20)) * time.Minute,
		}
		r.Limit, r.QueryOffset = of.limit, &of.offset
		target := NewRule(r)
		samples := NewRuleSamples(w, of.offset)
		level := target.present()[0]
		value := float64(rng.IntN(13)-1) / 2
		switch {
		case level.Above != nil && rng.IntN(4) > 0:
			level.Above = &value
		case level.Below != nil && rng.IntN(4) > 0:
			level.Below = &value
		}
		change, err := target.change([]Level{level})
		if err != nil {
			t.Fatal(err)
		}
		direct, err := backtest.NewRuleReplay(w, change.rule.rule)
		if err != nil {
			t.Fatal(err)
		}
		failures := map[int]bool{}
		for of.fails && rng.IntN(3) > 0 {
			failures[rng.IntN(w.Evaluations())] = true
		}
		answer(t, rng, w, of.offset, whole, failures, func(part model.Matrix, through time.Time) {
			if err := errors.Join(samples.Ingest(evaluate(RuleValue(r), part), through), direct.Ingest(evaluate(change.answer.Expr, part), through)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}, func(at time.Time, reason error) {
			if err := errors.Join(samples.Fail(at, reason), direct.Fail(at, reason)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		})
		want := direct.Result()
		got, err := change.rule.replay(samples, change.levels[0])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Levels[0].Episodes, want.Levels[0].Episodes) || got.Failed != want.Failed || fmt.Sprint(got.Failure) != fmt.Sprint(want.Failure) {
			t.Fatalf("seed %d, %+v moved to %s: %d failed, episodes\n%v, want %d,\n%v", seed, of, change.answer.Expr,
				got.Failed, got.Levels[0].Episodes, want.Failed, want.Levels[0].Episodes)
		}
		seen[of.expr+" fires"] += want.Levels[0].Fires
		seen["failed"] += want.Failed
		result := levelResultOf(got)
		if target.isByLevel(samples) {
			seen["by level"]++
			result = samples.replay(change.levels[0])
		}
		if one := want.Levels[0]; result.fires != one.Fires || time.Duration(result.firingSteps())*w.Step != one.Firing || time.Duration(result.longest)*w.Step != one.Longest {
			t.Fatalf("seed %d: %d fires, %d steps, longest %d, want %+v", seed, result.fires, result.firingSteps(), result.longest, one)
		}
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

// TestRuleChange checks what is shown and changed of a rule.
func TestRuleChange(t *testing.T) {
	r := alert.Rule{Ref: alert.Ref{Namespace: "ai", Object: "o", Name: "A"}, Expr: "sum(x) >= 80", For: 5 * time.Minute, Labels: map[string]string{"severity": "page"}}
	target := NewRule(r)
	present := target.present()
	if len(present) != 1 || *present[0].Above != 80 || present[0].For != 300 || present[0].Severity != "page" || present[0].Fixed {
		t.Errorf("present = %+v", present)
	}
	same, err := target.change(present)
	if err != nil || same.answer.Changed || same.answer.Expr != r.Expr {
		t.Errorf("as it is: %+v, %v", same, err)
	}
	moved := slices.Clone(present)
	value := 72.5
	moved[0].Above, moved[0].KeepFiringFor = &value, 90
	changed, err := target.change(moved)
	if err != nil || !changed.answer.Changed || changed.answer.Expr != "sum(x) > 72.5" || *changed.shown[0].Above != 72.5 ||
		!strings.Contains(changed.answer.YAML, `expr: "sum(x) > 72.5"`) || !strings.Contains(changed.answer.YAML, "for: 5m\n  keep_firing_for: 1m30s") || changed.answer.Patch != "" {
		t.Errorf("moved: %+v, %v", changed, err)
	}
	moved[0].Below = &value
	if _, err := target.change(moved); err == nil || !strings.Contains(err.Error(), "if and only if") {
		t.Errorf("with a level of another side: %v", err)
	}
	fixed := NewRule(alert.Rule{Expr: "absent(x)"}).present()
	if !fixed[0].Fixed || fixed[0].Above != nil || fixed[0].Below != nil {
		t.Errorf("of a rule without level: %+v", fixed)
	}
}
