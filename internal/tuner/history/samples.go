// Package history holds the samples of a window, and says what levels would have done there as fast as they are moved. It is pure, and gives
// what internal/backtest does.
package history

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/value"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

const (
	// blockSize is how many evaluations one block has: a multiple of 64, so that its values fill whole words of crossings.
	blockSize = 512
	// maxBlocks bounds the memory of samples: 64 Mi values, which are 512 MiB.
	maxBlocks = 64 << 20 / blockSize
)

// absent is the value of an evaluation without a sample. No answer of Prometheus has it, as one may have NaN.
var absent = math.Float64frombits(value.StaleNaN)

func isAbsent(v float64) bool { return math.Float64bits(v) == value.StaleNaN }

// block holds a series' values at blockSize evaluations.
type block struct {
	values [blockSize]float64
	// numbers is how many values are neither NaN nor absent, min and max are their extremes.
	numbers  int
	min, max float64
}

func newBlock() *block {
	b := &block{min: math.Inf(1), max: math.Inf(-1)}
	for i := range b.values {
		b.values[i] = absent
	}
	return b
}

// series is one series of the value.
type series struct {
	metric model.Metric
	key    string
	// blocks are nil where the series has no sample; those at the end may be left out.
	blocks []*block
	// name is what tells the series from the others. It is known once all are read.
	name string
}

// extremes returns the least and the greatest number; +Inf and -Inf when there is none.
func (s *series) extremes() (least, greatest float64) {
	least, greatest = math.Inf(1), math.Inf(-1)
	for _, b := range s.blocks {
		if b != nil {
			least, greatest = min(least, b.min), max(greatest, b.max)
		}
	}
	return least, greatest
}

// Samples are the values of a window, at its evaluations, of all series. They are read once, and replayed often.
type Samples struct {
	window backtest.Window
	// offset is how long before an evaluation its values are.
	offset time.Duration
	// named keeps the names of series apart, and histograms takes them as samples, as rules do.
	named, histograms bool

	series []series
	index  map[string]int
	blocks int
	// count is how many samples there are.
	count int
	// next is the first evaluation that was not read.
	next int
	// covered says of each evaluation whether a series had a number.
	covered []bool
	// failures are the evaluations at which the server refuses a rule's expression, in order.
	failures []failure
}

type failure struct {
	at     int
	reason error
}

// NewSamples returns samples of a threshold's value over the window, none of which is read.
func NewSamples(w backtest.Window) *Samples {
	return &Samples{window: w, index: map[string]int{}, covered: make([]bool, w.Evaluations())}
}

// NewRuleSamples returns samples over the window of the rule's evaluations: of the value that it compares or, when it has no level, of
// its expression. They are read from what lies the rule's query offset before it.
func NewRuleSamples(w backtest.Window, rule alert.Rule) *Samples {
	s := NewSamples(w)
	s.offset, s.named = rule.Offset(), true
	_, err := backtest.RuleLevel(rule)
	s.histograms = err != nil // a histogram is an alert as any sample is, but compares with no number
	return s
}

// QueryWindow is what is left to read, at the times at which a range query must ask for it; without evaluations when all is read.
func (s *Samples) QueryWindow() backtest.Window {
	w := s.window
	w.Start = s.at(s.next).Add(-s.offset)
	w.End = w.End.Add(-s.offset)
	return w
}

// at returns the time of the n-th evaluation.
func (s *Samples) at(n int) time.Time { return s.window.Start.Add(time.Duration(n) * s.window.Step) }

// Window are the evaluations.
func (s *Samples) Window() backtest.Window { return s.window }

// Count is how many samples were read.
func (s *Samples) Count() int { return s.count }

// Series is of how many series there are samples.
func (s *Samples) Series() int { return len(s.series) }

// Done is the share of the window that is read, from 0 to 1.
func (s *Samples) Done() float64 { return float64(s.next) / float64(s.window.Evaluations()) }

// Failed is at how many evaluations the rule failed so far.
func (s *Samples) Failed() int { return len(s.failures) }

// Fail says that the server refuses to evaluate the rule's expression at that time of QueryWindow, which follows the part before it.
func (s *Samples) Fail(at time.Time, reason error) error {
	if next := s.QueryWindow().Start; !at.Equal(next) {
		return fmt.Errorf("%w: the evaluation that failed must be the next one, at %s", backtest.ErrReplay, next.UTC().Format(time.RFC3339Nano))
	}
	s.failures = append(s.failures, failure{s.next, reason})
	s.next++
	return nil
}

// Ingest takes the next part of QueryWindow, up to and including through, as backtest.Replay does.
func (s *Samples) Ingest(part model.Matrix, through time.Time) error {
	end := int(through.Add(s.offset).Sub(s.window.Start)/s.window.Step) + 1
	if end <= s.next || end > s.window.Evaluations() {
		return fmt.Errorf("%w: the part of the window until %s must follow the one before it and lie in the window", backtest.ErrReplay, through.UTC().Format(time.RFC3339))
	}
	seen := map[int]bool{}
	for _, stream := range part {
		samples := stream.Values
		if s.histograms {
			for _, h := range stream.Histograms {
				samples = append(samples, model.SamplePair{Timestamp: h.Timestamp}) // to an alert it is the value 0
			}
		}
		if len(samples) == 0 {
			continue
		}
		i := s.find(stream.Metric)
		if seen[i] {
			return fmt.Errorf("%w: two series with the labels %s: Prometheus could not record them", backtest.ErrReplay, s.series[i].key)
		}
		seen[i] = true
		if err := s.put(&s.series[i], samples, end); err != nil {
			return fmt.Errorf("%w: series %s: %w", backtest.ErrReplay, stream.Metric, err)
		}
	}
	s.next = end
	return nil
}

// find returns the number of the series with these labels. Recording gives all series the same name, so a threshold's have none.
func (s *Samples) find(metric model.Metric) int {
	if _, named := metric[model.MetricNameLabel]; named && !s.named {
		metric = metric.Clone()
		delete(metric, model.MetricNameLabel)
	}
	key := metric.String()
	i, known := s.index[key]
	if !known {
		i = len(s.series)
		s.index[key] = i
		s.series = append(s.series, series{metric: metric, key: key})
	}
	return i
}

var errTooMany = errors.New("there are too many samples to hold: use a shorter --window, a longer --step, or an expression with fewer series")

// put lays the samples of a part, which ends before evaluation end, out in blocks.
func (s *Samples) put(to *series, samples []model.SamplePair, end int) error {
	start, step := s.window.Start.Add(-s.offset).UnixMilli(), s.window.Step.Milliseconds()
	for _, sample := range samples {
		since := int64(sample.Timestamp) - start
		at := int(since / step)
		if since%step != 0 || at < s.next || at >= end {
			return fmt.Errorf("the sample at %s is not at an evaluation of this part of the window", sample.Timestamp.Time().UTC().Format(time.RFC3339Nano))
		}
		for len(to.blocks) <= at/blockSize {
			to.blocks = append(to.blocks, nil)
		}
		b := to.blocks[at/blockSize]
		if b == nil {
			if s.blocks++; s.blocks > maxBlocks {
				return errTooMany
			}
			b = newBlock()
			to.blocks[at/blockSize] = b
		}
		v := float64(sample.Value)
		b.values[at%blockSize] = v
		s.count++
		if !math.IsNaN(v) {
			b.numbers++
			b.min, b.max = min(b.min, v), max(b.max, v)
			s.covered[at] = true
		}
	}
	return nil
}

// Complete ends the reading. The error says that something is left to read.
func (s *Samples) Complete() error {
	if s.next < s.window.Evaluations() {
		return errors.New("reading the samples: they end before the window does")
	}
	setNames(s.series)
	return nil
}

// Coverage is the share of the evaluations at which a series had a number, from 0 to 1.
func (s *Samples) Coverage() float64 {
	n := 0
	for _, covered := range s.covered {
		if covered {
			n++
		}
	}
	return float64(n) / float64(len(s.covered))
}

// setNames names each series by the labels that not all of them share.
func setNames(all []series) {
	shared := model.Metric{}
	for i, one := range all {
		if i == 0 {
			shared = one.metric.Clone()
		}
		for name, v := range shared {
			if one.metric[name] != v {
				delete(shared, name)
			}
		}
	}
	for i := range all {
		own := all[i].metric.Clone()
		for name := range shared {
			delete(own, name)
		}
		all[i].name = own.String()
		if len(own) == 0 {
			all[i].name = all[i].key
		}
	}
}

// parts visits what was read as the answers to range queries, blockSize evaluations each, and the evaluations that failed. keep says which
// values are samples of the answer. The parts hold only until the next.
func (s *Samples) parts(keep func(v float64) bool, ingest func(part model.Matrix, through time.Time) error, fail func(at time.Time, reason error) error) error {
	start, step := model.TimeFromUnixNano(s.window.Start.Add(-s.offset).UnixNano()), s.window.Step.Milliseconds()
	streams := make(model.Matrix, len(s.series))
	for i, one := range s.series {
		streams[i] = &model.SampleStream{Metric: one.metric}
	}
	failures := s.failures
	for at := 0; at < s.next; {
		if len(failures) > 0 && failures[0].at == at {
			if err := fail(s.at(at).Add(-s.offset), failures[0].reason); err != nil {
				return err
			}
			failures = failures[1:]
			at++
			continue
		}
		end := min(at-at%blockSize+blockSize, s.next)
		if len(failures) > 0 {
			end = min(end, failures[0].at)
		}
		var part model.Matrix
		for i := range s.series {
			blocks := s.series[i].blocks
			if at/blockSize >= len(blocks) || blocks[at/blockSize] == nil {
				continue
			}
			stream := streams[i]
			stream.Values = stream.Values[:0]
			for j, v := range blocks[at/blockSize].values[at%blockSize : (end-1)%blockSize+1] {
				if !isAbsent(v) && keep(v) {
					stream.Values = append(stream.Values, model.SamplePair{Timestamp: start + model.Time(int64(at+j)*step), Value: model.SampleValue(v)})
				}
			}
			if len(stream.Values) > 0 {
				part = append(part, stream)
			}
		}
		if err := ingest(part, s.at(end-1).Add(-s.offset)); err != nil {
			return err
		}
		at = end
	}
	return nil
}
