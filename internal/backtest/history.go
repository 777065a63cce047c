package backtest

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// History keeps the values of a window, part by part, so that they can be ingested more than once.
type History struct {
	Window Window
	parts  []historyPart
}

type historyPart struct {
	series  model.Matrix
	through time.Time
}

// Ingest keeps the next part of the window; see Replay.Ingest.
func (h *History) Ingest(part model.Matrix, through time.Time) error {
	h.parts = append(h.parts, historyPart{part, through})
	return nil
}

// replay hands all parts to the ingester.
func (h *History) replay(ingest func(model.Matrix, time.Time) error) error {
	for _, p := range h.parts {
		if err := ingest(p.series, p.through); err != nil {
			return err
		}
	}
	return nil
}

// Summary says which values there were over a window, of all series together.
type Summary struct {
	// Series is how many there were.
	Series int
	// Current is the worst value at the window's end, and Min, Median and Max are those over the window; NaN without values.
	Current, Min, Median, Max float64
}

// Summarise returns the range of the values; falls says that lower ones are worse.
func (h *History) Summarise(falls bool) Summary {
	level := rules.Level{Comparison: rules.Above}
	if falls {
		level.Comparison = rules.Below
	}
	s := Summary{Current: math.NaN(), Min: math.NaN(), Median: math.NaN(), Max: math.NaN()}
	var all []float64
	series := map[model.Fingerprint]bool{}
	for _, part := range h.parts {
		for _, stream := range part.series {
			before := len(all)
			for _, one := range stream.Values {
				v := float64(one.Value)
				if !sample.IsNumber(v) {
					continue
				}
				all = append(all, v)
				if one.Timestamp.Time().Equal(h.Window.End) && (math.IsNaN(s.Current) || level.Worse(v, s.Current)) {
					s.Current = v
				}
			}
			if len(all) > before {
				series[stream.Metric.Fingerprint()] = true
			}
		}
	}
	if s.Series = len(series); s.Series > 0 {
		slices.Sort(all)
		s.Min, s.Median, s.Max = all[0], all[len(all)/2], all[len(all)-1]
	}
	return s
}
