package history

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// TestIngestRefuses: what no range query gives is refused, as backtest refuses it, and so is what cannot be held.
func TestIngestRefuses(t *testing.T) {
	w := minutes(20)
	at := func(n int) time.Time { return w.Start.Add(time.Duration(n) * w.Step) }
	named := func(name string) *model.SampleStream {
		s := streamOf(w, "a", 0, 1)
		s.Metric[model.MetricNameLabel] = model.LabelValue(name)
		return s
	}
	off := streamOf(w, "a", 0, 1)
	off.Values[0].Timestamp++
	for name, tc := range map[string]struct {
		part    model.Matrix
		through time.Time
		want    string
	}{
		"beyond the window":   {nil, at(20), "must follow the one before it"},
		"before the window":   {nil, at(-1), "must follow the one before it"},
		"between evaluations": {model.Matrix{off}, at(3), "is not at an evaluation"},
		"after the part":      {model.Matrix{streamOf(w, "a", 4, 1)}, at(3), "is not at an evaluation"},
		"twice":               {model.Matrix{named("x"), named("y")}, at(3), "Prometheus could not record them"},
		"too many":            {model.Matrix{streamOf(w, "a", 0, 1), streamOf(w, "b", 0, 1)}, at(3), "use a shorter --window"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSamples(w)
			if name == "too many" {
				s.blocks = maxBlocks - 1
			}
			if err := s.Ingest(tc.part, tc.through); !errors.Is(err, backtest.ErrReplay) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
			if s.Complete() == nil {
				t.Error("it is complete")
			}
		})
	}
	s := NewSamples(w)
	if err := s.Ingest(nil, at(9)); err != nil || s.Done() != 0.5 {
		t.Errorf("%v, done %g", err, s.Done())
	}
	if left := s.QueryWindow(); !left.Start.Equal(at(10)) || !left.End.Equal(w.End) || s.Fail(at(11), nil) == nil {
		t.Errorf("left is %+v", left)
	}
	if err := errors.Join(s.Ingest(nil, w.End), s.Complete()); err != nil || s.QueryWindow().Evaluations() != 0 {
		t.Errorf("%v, left is %+v", err, s.QueryWindow())
	}
}

// TestNames: a series is named by the labels that not all of them share.
func TestNames(t *testing.T) {
	all := []series{
		{metric: model.Metric{"namespace": "ai", "pod": "a", "job": "x"}}, {metric: model.Metric{"namespace": "ai", "pod": "b", "job": "x"}},
		{metric: model.Metric{"namespace": "ai", "job": "x"}, key: "whole"},
	}
	setNames(all)
	if all[0].name != `{pod="a"}` || all[1].name != `{pod="b"}` || all[2].name != "whole" {
		t.Errorf("names: %s, %s, %s", all[0].name, all[1].name, all[2].name)
	}
}
