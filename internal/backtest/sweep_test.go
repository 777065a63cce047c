package backtest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// history makes up a window's series: flapping, with gaps, NaN, ties and infinities, some of them short-lived.
func history(rng *rand.Rand) (Window, model.Matrix) {
	w := minutes(1 + rng.IntN(80))
	part := make(model.Matrix, 0, 3)
	for i := range 1 + rng.IntN(3) {
		var values []float64
		v := float64(rng.IntN(6))
		from := rng.IntN(w.Evaluations())
		for range rng.IntN(w.Evaluations() - from + 1) {
			if rng.IntN(3) == 0 {
				v = float64(rng.IntN(6))
			}
			x := v
			switch rng.IntN(12) {
			case 0:
				x = gone
			case 1:
				x = math.NaN()
			case 2:
				x = math.Inf(1 - 2*rng.IntN(2))
			}
			values = append(values, x)
		}
		part = append(part, series(w, string(rune('a'+i)), from, values...))
	}
	return w, part
}

// cut gives the parts of the history between some of its evaluations.
func cut(rng *rand.Rand, w Window, whole model.Matrix, feed func(model.Matrix, time.Time) error) error {
	next := 0
	for next < w.Evaluations() {
		end := next + 1 + rng.IntN(w.Evaluations()-next)
		part := between(whole, w.at(next), w.at(end-1))
		if err := feed(part, w.at(end-1)); err != nil {
			return err
		}
		next = end
	}
	return nil
}

// between is what a range query from one evaluation to another would have given.
func between(whole model.Matrix, from, to time.Time) model.Matrix {
	var part model.Matrix
	for _, s := range whole {
		some := &model.SampleStream{Metric: s.Metric}
		for _, v := range s.Values {
			if at := v.Timestamp.Time(); !at.Before(from) && !at.After(to) {
				some.Values = append(some.Values, v)
			}
		}
		if len(some.Values) > 0 {
			part = append(part, some)
		}
	}
	return part
}

// TestSurveyIsReplayAtEveryLine: fires and firing time of every level that can differ from its neighbours are those that
// Replay finds, and so is the tightest quiet level.
func TestSurveyIsReplayAtEveryLine(t *testing.T) {
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 5))
		w, whole := history(rng)
		level := rules.Level{
			Comparison:    []rules.Comparison{rules.Above, rules.Below}[rng.IntN(2)],
			For:           time.Duration(rng.IntN(5)*30) * time.Second,
			KeepFiringFor: time.Duration(rng.IntN(5)*30) * time.Second,
		}
		s, err := NewSweep(w, &rules.Plan{Levels: []rules.Level{level}, Value: rules.Value{Unit: unit.Number, Min: math.Inf(-1), Max: math.Inf(1)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := cut(rng, w, whole, s.Ingest); err != nil {
			t.Fatal(err)
		}
		c := s.curve(0)
		limit := rng.IntN(4)
		quiet := true
		for facing := 6.0; facing >= -6; facing -= 0.5 {
			level.Value = c.level.orient(facing)
			want := replayOf(t, w, []rules.Level{level}, whole...).Levels[0]
			if got := c.fires(facing); got != want.Fires {
				t.Fatalf("seed %d, level %v: %d fires, replay has %d\n%v", seed, level, got, want.Fires, whole)
			}
			if got, want := c.firing(facing), firingEvaluations(w, want.Episodes); got != want {
				t.Fatalf("seed %d, level %v: fires at %d evaluations, replay has %d\n%v", seed, level, got, want, whole)
			}
			quiet = quiet && want.Fires <= limit
			if (facing >= c.maxFiresBound(limit)) != quiet {
				t.Fatalf("seed %d, limit %d, level %v: quiet = %v, replay has %v\n%v", seed, limit, level, !quiet, quiet, whole)
			}
		}
	}
}

// firingEvaluations is at how many evaluations an alert fires.
func firingEvaluations(w Window, episodes []Episode) int {
	fires := make([]bool, w.Evaluations())
	for _, e := range steps(w, episodes) {
		if e[2] == none {
			e[2] = len(fires)
		}
		for i := e[1]; i < e[2]; i++ {
			fires[i] = true
		}
	}
	n := 0
	for _, f := range fires {
		if f {
			n++
		}
	}
	return n
}
