package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// ErrReplay is wrapped by errors about windows and samples that cannot be replayed: trying again gives the same.
var ErrReplay = errors.New("replaying the signal")

// segment is a run of evaluations in which one series has values.
type segment struct {
	series int
	// gap is how many evaluations had no sample of the series since its last segment.
	gap int
	// at is the first evaluation.
	at int
	// values are those at it and at every one after it; NaN where there is no sample, since neither crosses a level.
	values []float64
	// negated are the values with the other sign, for levels below; empty when there is none.
	negated []float64
}

// oriented returns the values so that a greater one is worse for the level.
func (s segment) oriented(l *replayLevel) []float64 {
	switch l.level.Comparison {
	case rules.Below:
		return s.negated
	case rules.Outside:
		l.buffer = l.buffer[:0]
		for _, v := range s.values {
			l.buffer = append(l.buffer, l.level.Orient(v))
		}
		return l.buffer
	default:
		return s.values
	}
}

// ingester makes segments of the answers to range queries, and remembers the series.
type ingester struct {
	window Window
	// next is the first evaluation that was not ingested.
	next int
	// labels of the series, in the order in which they were first seen, and keys, the same as text. That order depends
	// on the parts, so no result may.
	labels []map[string]string
	keys   []string
	// seen is the evaluation after each series' last sample.
	seen  []int
	index map[string]int
	// covered says of each ingested evaluation whether a series had a value.
	covered []bool
	// negate says that segments need negated values.
	negate bool
	// values and negated are the buffers of the segments.
	values, negated []float64
}

func newIngester(w Window, levels []rules.Level) (*ingester, error) {
	if err := w.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReplay, err)
	}
	below := func(l rules.Level) bool { return l.Comparison == rules.Below }
	return &ingester{window: w, index: map[string]int{}, negate: slices.ContainsFunc(levels, below)}, nil
}

// ingest visits the segments of a part of the window: what follows the part before it, up to and including through.
func (f *ingester) ingest(part model.Matrix, through time.Time, visit func(segment)) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrReplay, err)
		}
	}()
	end := int(through.Sub(f.window.Start)/f.window.Step) + 1
	if through.Before(f.window.at(f.next)) || end > f.window.Evaluations() {
		return fmt.Errorf("the part of the window until %s must follow the one before it and lie in the window", through.UTC().Format(time.RFC3339))
	}
	f.covered = append(f.covered, make([]bool, end-f.next)...)
	for _, stream := range part {
		if len(stream.Values) == 0 {
			continue // native histograms, which no level can be compared with
		}
		series, err := f.find(stream.Metric)
		if err != nil {
			return err
		}
		at, err := f.spread(stream.Values, end)
		if err != nil {
			return fmt.Errorf("series %s: %w", stream.Metric, err)
		}
		f.cover(at)
		visit(segment{series: series, gap: at - f.seen[series], at: at, values: f.values, negated: f.negated})
		f.seen[series] = at + len(f.values)
	}
	f.next = end
	return nil
}

// find returns the number of the series with these labels. The metric's name is left out: recording gives all the same.
func (f *ingester) find(metric model.Metric) (int, error) {
	if _, named := metric[model.MetricNameLabel]; named {
		metric = metric.Clone()
		delete(metric, model.MetricNameLabel)
	}
	key := metric.String()
	if i, known := f.index[key]; known {
		if f.seen[i] > f.next {
			return 0, fmt.Errorf("two series with the labels %s: Prometheus could not record them", key)
		}
		return i, nil
	}
	labels := make(map[string]string, len(metric))
	for name, value := range metric {
		labels[string(name)] = string(value)
	}
	f.index[key] = len(f.labels)
	f.labels = append(f.labels, labels)
	f.keys = append(f.keys, key)
	f.seen = append(f.seen, f.next)
	return f.index[key], nil
}

// compare orders two series by their labels.
func (f *ingester) compare(a, b int) int { return cmp.Compare(f.keys[a], f.keys[b]) }

// spread lays the samples out in the buffer, one value per evaluation, and returns the evaluation of the first.
func (f *ingester) spread(samples []model.SamplePair, end int) (at int, err error) {
	start, step := f.window.Start.UnixMilli(), f.window.Step.Milliseconds()
	at = int((int64(samples[0].Timestamp) - start) / step)
	due := start + int64(max(at, f.next))*step
	f.values = f.values[:0]
	for _, one := range samples {
		for ; due < int64(one.Timestamp) && len(f.values) < end-at; due += step {
			f.values = append(f.values, math.NaN())
		}
		if due != int64(one.Timestamp) || len(f.values) >= end-at {
			return 0, fmt.Errorf("the sample at %s is not at an evaluation of this part of the window, or out of order",
				one.Timestamp.Time().UTC().Format(time.RFC3339Nano))
		}
		f.values = append(f.values, float64(one.Value))
		due += step
	}
	return at, nil
}

// cover marks where the buffer has values, and negates them if needed.
func (f *ingester) cover(at int) {
	covered := f.covered[at : at+len(f.values)]
	f.negated = f.negated[:0]
	for i, v := range f.values {
		if sample.IsNumber(v) {
			covered[i] = true
		}
	}
	if f.negate {
		for _, v := range f.values {
			f.negated = append(f.negated, -v)
		}
	}
}

// ingested returns the part of the window that was ingested.
func (f *ingester) ingested() Window {
	return Window{Start: f.window.Start, End: f.window.at(max(f.next-1, 0)), Step: f.window.Step}
}

// coverage returns the share of the evaluations at which a series had a value, from 0 to 1.
func (f *ingester) coverage() float64 {
	if f.next == 0 {
		return 0
	}
	n := 0
	for _, covered := range f.covered {
		if covered {
			n++
		}
	}
	return float64(n) / float64(f.next)
}
