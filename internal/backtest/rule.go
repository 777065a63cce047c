package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// errSameLabels is Prometheus' error of an evaluation that gives two samples for one alert.
var errSameLabels = errors.New("vector contains metrics with the same labelset after applying alert labels")

// RuleWindow returns the window of that length whose evaluations are the rule's as far as they are known, and whole steps
// otherwise; the last of them is not after end. interval is the server's own, for a group without one.
func RuleWindow(end time.Time, length, interval time.Duration, rule alert.Rule) Window {
	step := cmp.Or(rule.Interval, interval)
	w := WindowUntil(end, length, step)
	phase := rule.At.Sub(rule.At.Truncate(step)).Truncate(time.Millisecond)
	if w.End.Add(phase).After(end) {
		phase -= step
	}
	w.Start, w.End = w.Start.Add(phase), w.End.Add(phase)
	return w
}

// NewRuleReplay returns a replay of an alerting rule over the window of its evaluations. It ingests what the rule's expression
// gives over QueryWindow, any sample of which is an alert, whatever its value; its result has one level.
func NewRuleReplay(w Window, rule alert.Rule) (*Replay, error) {
	level := rules.Level{
		Severity: rule.Labels[rules.SeverityLabel], Comparison: rules.Above, For: rule.For, KeepFiringFor: rule.KeepFiringFor,
	}
	r, err := NewReplay(w, []rules.Level{level})
	if err != nil {
		return nil, err
	}
	r.rule = &rule
	return r, nil
}

// RuleLevel returns the level of a rule whose expression compares a value with a number; it has no unit. The error says why there is
// none: then the level has only the severity and durations.
func RuleLevel(rule alert.Rule) (rules.Level, error) {
	level := rules.Level{Severity: rule.Labels[rules.SeverityLabel], Unit: unit.Number, For: rule.For, KeepFiringFor: rule.KeepFiringFor}
	split, ok := rule.Split()
	if !ok {
		return level, errors.New("it has no level: its expression is not a value that is compared with a number, so it fires where its expression has a sample")
	}
	var isAbove, isBelow bool
	if level.Value, isAbove = split.Above(); isAbove {
		level.Comparison = rules.Above
		return level, nil
	}
	if level.Value, isBelow = split.Below(); isBelow {
		level.Comparison = rules.Below
		return level, nil
	}
	return level, fmt.Errorf("it has no level: it fires where its value is %s %g, which is neither above nor below", split.Op, split.Level)
}

// NewRuleSweep returns a sweep of the rule's level over the window of its evaluations. It ingests the values that the rule
// compares, as NewRuleReplay does what its expression gives, but at the times of the evaluations.
func NewRuleSweep(w Window, rule alert.Rule) (*Sweep, error) {
	level, err := RuleLevel(rule)
	if err != nil {
		return nil, err
	}
	return NewSweep(w, &rules.Plan{Levels: []rules.Level{level}, Value: rules.Value{Unit: level.Unit, Min: math.Inf(-1), Max: math.Inf(1)}})
}

// QueryWindow is what a range query must ask for: the window, or what lies the rule's query offset before it.
func (r *Replay) QueryWindow() Window {
	w := r.ingester.window
	if r.rule != nil {
		w.Start, w.End = w.Start.Add(-r.rule.Offset()), w.End.Add(-r.rule.Offset())
	}
	return w
}

// Fail says that the server refuses to evaluate the rule's expression at that time of QueryWindow, which follows the part
// before it. The rule's alerts stay as they are then.
func (r *Replay) Fail(at time.Time, reason error) error {
	if want := r.QueryWindow().at(r.ingester.next); !at.Equal(want) {
		return fmt.Errorf("%w: the evaluation that failed must be the next one, at %s", ErrReplay, want.UTC().Format(time.RFC3339Nano))
	}
	r.skipFailed(reason)
	return nil
}

// Failed is at how many evaluations the rule has failed so far.
func (r *Replay) Failed() int { return r.failed }

// present is the value of every sample of a rule's expression, and 0 the level that it crosses: NaN and a histogram are an
// alert as any number is.
const present = 1

// ingestRule replays a part of the rule's samples, which ends with the evaluation at through.
func (r *Replay) ingestRule(part model.Matrix, through time.Time) error {
	alerts, twice := alertsOf(*r.rule, part)
	for _, at := range twice {
		if err := r.replayAlerts(cutUntil(alerts, at-1), at.Time().Add(-r.ingester.window.Step)); err != nil {
			return err
		}
		cutUntil(alerts, at)
		r.skipFailed(errSameLabels)
	}
	return r.replayAlerts(alerts, through)
}

// replayAlerts replays evaluations that do not fail. A limit is one on all alerts of an evaluation, so they are taken one by one.
func (r *Replay) replayAlerts(alerts model.Matrix, through time.Time) error {
	f := r.ingester
	if through.Before(f.window.at(f.next)) {
		return nil
	}
	if r.rule.Limit <= 0 {
		return f.ingest(alerts, through, r.visit)
	}
	for at := f.window.at(f.next); !at.After(through); at = f.window.at(f.next) {
		if err := f.ingest(cutUntil(alerts, model.TimeFromUnixNano(at.UnixNano())), at, r.visit); err != nil {
			return err
		}
		r.enforceLimit()
	}
	return nil
}

// skipFailed passes the next evaluation, at which nothing changes.
func (r *Replay) skipFailed(reason error) {
	f := r.ingester
	r.skipToNext()
	for series := range f.seen {
		f.seen[series]++
	}
	f.covered = append(f.covered, false)
	f.next++
	r.countFailed(reason)
}

func (r *Replay) countFailed(reason error) {
	if r.failure == nil {
		r.failure = reason
	}
	r.failed++
}

// skipToNext evaluates every alert up to the next evaluation.
func (r *Replay) skipToNext() {
	f := r.ingester
	for i := range r.levels {
		for series := range r.alerts[i] {
			r.alerts[i][series].skip(&r.levels[i], f.seen[series], f.next-f.seen[series])
		}
	}
	for series := range f.seen {
		f.seen[series] = f.next
	}
}

// enforceLimit forgets all alerts, as Prometheus does, when more are active at the last evaluation than the rule may have.
func (r *Replay) enforceLimit() {
	r.skipToNext()
	isActive := func(a seriesAlert) bool { return a.state != inactive }
	active, last := 0, r.ingester.next-1
	for _, a := range r.alerts[0] {
		if isActive(a) {
			active++
		}
	}
	if active <= r.rule.Limit {
		return
	}
	for i := range r.alerts[0] {
		a := &r.alerts[0][i]
		if a.state == firing && a.fired < last {
			a.resolve(&r.levels[0], last)
		}
		a.state = inactive
	}
	r.countFailed(fmt.Errorf("exceeded limit of %d with %d alerts", r.rule.Limit, active))
}

// alertsOf returns the alerts of the samples, by the labels that the rule gives them, at the times of their evaluations; and
// the times at which two samples would be one alert, in order.
func alertsOf(rule alert.Rule, part model.Matrix) (alerts model.Matrix, twice []model.Time) {
	byLabels := map[string]*model.SampleStream{}
	vary := rule.LabelsVary()
	for _, stream := range part {
		var labels *model.SampleStream
		for _, sample := range valuesOf(stream) {
			at := sample.Timestamp.Add(rule.Offset())
			if labels == nil || vary {
				labels = streamOf(byLabels, rule.AlertLabels(stream.Metric, float64(sample.Value), at.Time()))
			}
			labels.Values = append(labels.Values, model.SamplePair{Timestamp: at, Value: present})
		}
	}
	for _, stream := range byLabels {
		slices.SortFunc(stream.Values, func(a, b model.SamplePair) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
		for i := 1; i < len(stream.Values); i++ {
			if stream.Values[i].Timestamp == stream.Values[i-1].Timestamp {
				twice = append(twice, stream.Values[i].Timestamp)
			}
		}
		alerts = append(alerts, stream)
	}
	slices.Sort(twice)
	return alerts, slices.Compact(twice)
}

// streamOf is the stream with those labels.
func streamOf(byLabels map[string]*model.SampleStream, labels model.Metric) *model.SampleStream {
	key := labels.String()
	if byLabels[key] == nil {
		byLabels[key] = &model.SampleStream{Metric: labels}
	}
	return byLabels[key]
}

// valuesOf are the samples of a series, in no order when it has both numbers and histograms; a histogram's value is 0, which is
// what Prometheus gives an alert of one.
func valuesOf(stream *model.SampleStream) []model.SamplePair {
	values := stream.Values
	for _, h := range stream.Histograms {
		values = append(values, model.SamplePair{Timestamp: h.Timestamp})
	}
	return values
}

// cutUntil takes the samples until that time, and it included, off the streams.
func cutUntil(streams model.Matrix, through model.Time) (part model.Matrix) {
	for _, s := range streams {
		n := 0
		for n < len(s.Values) && s.Values[n].Timestamp <= through {
			n++
		}
		if n > 0 {
			part = append(part, &model.SampleStream{Metric: s.Metric, Values: s.Values[:n]})
			s.Values = s.Values[n:]
		}
	}
	return part
}
