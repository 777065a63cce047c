package tuner

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

// TestReplacedLabels: where labels of the rules make several series one, or one alert, the tuner counts, and fails, as a backtest does.
func TestReplacedLabels(t *testing.T) {
	w := minutes(600)
	for expr, labels := range map[string][2]model.LabelName{
		"sum by (pod, severity) (load)":               {"pod", "severity"},       // the alert's
		"sum by (pod, alertthreshold) (load)":         {"pod", "alertthreshold"}, // the recorded series'
		"count by (alertname, severity) (ALERTS > 1)": {"alertname", "severity"}, // both are the alert's
		"sum by (pod, path) (load)":                   {"pod", "path"},           // nobody's
	} {
		t.Run(expr, func(t *testing.T) {
			rng, failed := rand.New(rand.NewPCG(1, 2)), 0
			for range 20 {
				resource := newResource()
				resource.Spec.Expr = expr
				target := newTarget(t, resource)
				plan := target.(*threshold).plan
				samples := history.NewSamples(w)
				r, err := replay.New(w, plan, plan.Levels, samples.Ingest)
				if err != nil {
					t.Fatal(err)
				}
				whole := pairs(rng, w, labels)
				for _, part := range []struct {
					from, to int
				}{{0, 200}, {200, 600}} {
					through := w.Start.Add(time.Duration(part.to-1) * w.Step)
					if err := r.Ingest(between(whole, w, part.from, part.to), through); err != nil {
						t.Fatal(err)
					}
				}
				if err := samples.Complete(); err != nil {
					t.Fatal(err)
				}
				s := New(Options{Target: target, Samples: samples, Zone: time.UTC})
				s.isByLevel = target.isByLevel(samples)
				change, err := target.change(nil)
				if err != nil {
					t.Fatal(err)
				}
				want := r.Result()
				for i, level := range plan.Levels {
					got, err := s.result(t.Context(), level, change)
					if err != nil {
						t.Fatal(err)
					}
					if got.Fires != want.Levels[i].Fires || got.Firing != want.Levels[i].Firing {
						t.Errorf("level %s: %d fires, firing %s; a backtest has %d, %s", level.Severity, got.Fires, got.Firing, want.Levels[i].Fires, want.Levels[i].Firing)
					}
					failed += got.Failed
				}
			}
			if isAlert := labels[1] == rules.SeverityLabel; isAlert != (failed > 0) {
				t.Errorf("alerts fail at %d evaluations", failed)
			}
		})
	}
}

// pairs are four series, of two values of each label, that come and go.
func pairs(rng *rand.Rand, w backtest.Window, labels [2]model.LabelName) (all model.Matrix) {
	for _, a := range []model.LabelValue{"a", "b"} {
		for _, b := range []model.LabelValue{"c", "d"} {
			s := &model.SampleStream{Metric: model.Metric{labels[0]: a, labels[1]: b}}
			is, v := true, 3.0
			for i := range w.Evaluations() {
				if rng.IntN(20) == 0 {
					is = !is
				}
				if v += rng.NormFloat64() / 2; is {
					at := w.Start.Add(time.Duration(i) * w.Step)
					s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.UnixNano()), Value: model.SampleValue(v)})
				}
			}
			all = append(all, s)
		}
	}
	return all
}

// between are the samples at the evaluations from one on, before another.
func between(whole model.Matrix, w backtest.Window, from, to int) (part model.Matrix) {
	at := func(n int) model.Time {
		return model.TimeFromUnixNano(w.Start.Add(time.Duration(n) * w.Step).UnixNano())
	}
	for _, s := range whole {
		one := &model.SampleStream{Metric: s.Metric}
		for _, v := range s.Values {
			if v.Timestamp >= at(from) && v.Timestamp < at(to) {
				one.Values = append(one.Values, v)
			}
		}
		if len(one.Values) > 0 {
			part = append(part, one)
		}
	}
	return part
}
