package backtest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestLiveAlertIsReplay: an alert that is evaluated as values come fires when the replay of the same values does, and a restored
// one goes on as if nothing had happened.
func TestLiveAlertIsReplay(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	start, step := time.Unix(1_700_000_000, 0).UTC(), 30*time.Second
	for range 500 {
		level := rules.Level{
			Comparison: []rules.Comparison{rules.Above, rules.Below, rules.Outside}[rng.IntN(3)], Value: 2, Lower: 1.5,
			For: time.Duration(rng.IntN(5)) * step, KeepFiringFor: time.Duration(rng.IntN(5)) * step,
		}
		w := Window{Start: start, End: start.Add(60 * step), Step: step}
		replay, err := NewReplay(w, []rules.Level{level})
		if err != nil {
			t.Fatal(err)
		}
		var live LiveAlert
		stream := &model.SampleStream{}
		firing := make([]bool, w.Evaluations())
		for i := range firing {
			value := []float64{1, 3, 3, 1.7, math.NaN()}[rng.IntN(5)]
			if !math.IsNaN(value) {
				stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(w.at(i).UnixNano()), Value: model.SampleValue(value)})
			}
			live.Evaluate(level, w.at(i), value)
			isActive, isFiring, since := live.Active()
			if crossed := level.Crossed(value); crossed && isActive && rng.IntN(3) == 0 {
				live = RestoreAlert(since, isFiring)
			}
			firing[i] = isFiring
		}
		if err := replay.Ingest(model.Matrix{stream}, w.End); err != nil {
			t.Fatal(err)
		}
		want := make([]bool, len(firing))
		for _, e := range replay.Result().Levels[0].Episodes {
			for i := range want {
				at := w.at(i)
				want[i] = want[i] || !at.Before(e.FiredAt) && (e.ResolvedAt.IsZero() || at.Before(e.ResolvedAt))
			}
		}
		for i := range want {
			if firing[i] != want[i] {
				t.Fatalf("%+v: at evaluation %d firing is %v, in the replay %v", level, i, firing[i], want[i])
			}
		}
	}
}
