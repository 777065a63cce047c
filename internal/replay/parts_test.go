package replay

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// gone is a step without a sample.
var gone = math.Float64frombits(0x7ff0000000000123)

// cut gives the parts of the history between some of its evaluations.
func cut(rng *rand.Rand, w backtest.Window, whole model.Matrix, ingest Ingester) error {
	for left := w; left.Evaluations() > 0; {
		part := left.First(1 + rng.IntN(left.Evaluations()))
		if err := ingest(between(whole, part), part.End); err != nil {
			return err
		}
		left.Start = part.End.Add(w.Step)
	}
	return nil
}

// between is what a range query of the part would have given.
func between(whole model.Matrix, part backtest.Window) model.Matrix {
	var some model.Matrix
	for _, s := range whole {
		one := &model.SampleStream{Metric: s.Metric}
		for _, v := range s.Values {
			if at := v.Timestamp.Time(); !at.Before(part.Start) && !at.After(part.End) {
				one.Values = append(one.Values, v)
			}
		}
		if len(one.Values) > 0 {
			some = append(some, one)
		}
	}
	return some
}
