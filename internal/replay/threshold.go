// Package replay replays the rules of a threshold over a past window: what its expression gives is recorded, and the alerts of its
// levels are evaluated on that, each with the labels, and the failures, that Prometheus gives it. It is pure.
package replay

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// Threshold is the replay of a plan's rules. It ingests what the plan's expression gives, part by part.
type Threshold struct {
	plan     *rules.Plan
	recorder *recorder // nil where every series is recorded as it is
	// values counts what is recorded, and replays all levels at once where every series has its own alert.
	values *backtest.Replay
	// levels are those that are replayed each by itself, for their alerts may be of several series.
	levels []levelReplay
	// series are those of each alert, while that is only one; shares says that it is not.
	series map[model.Fingerprint]model.Fingerprint
	shares bool
	// kind is the greatest of all samples.
	kind sample.Kind
	also []Ingester
}

// Ingester takes what is recorded; that of a backtest.Sweep is one.
type Ingester func(part model.Matrix, through time.Time) error

type levelReplay struct {
	*backtest.Replay
	level rules.Level
	rule  alert.Rule
}

// New returns a replay of the plan's rules, with those levels, over the window. What is recorded is handed to the others too.
func New(w backtest.Window, plan *rules.Plan, levels []rules.Level, also ...Ingester) (*Threshold, error) {
	t := &Threshold{plan: plan, series: map[model.Fingerprint]model.Fingerprint{}, also: also}
	if plan.LosesSeries() {
		t.recorder = &recorder{plan: plan, step: w.Step}
	}
	var err error
	if !plan.SharesAlerts() {
		t.values, err = backtest.NewReplay(w, levels)
		return t, err
	}
	if t.values, err = backtest.NewReplay(w, nil); err != nil {
		return nil, err
	}
	for _, level := range levels {
		rule := AlertOf(plan, level)
		r, err := backtest.NewRuleReplay(w, rule)
		if err != nil {
			return nil, err
		}
		t.levels = append(t.levels, levelReplay{r, level, rule})
	}
	return t, nil
}

// AlertOf is the alerting rule of the level, which says what its alerts are called. It has no expression.
func AlertOf(plan *rules.Plan, level rules.Level) alert.Rule {
	return alert.Rule{
		Ref: alert.Ref{Namespace: plan.Namespace, Object: rules.Name(plan.Name), Group: plan.GroupName(), Name: plan.Alert},
		For: level.For, KeepFiringFor: level.KeepFiringFor, Labels: plan.AlertRule(level).Labels,
	}
}

// Ingest replays the next part of the window: what a range query of the plan's expression gives; see backtest.Replay.Ingest.
func (t *Threshold) Ingest(part model.Matrix, through time.Time) error {
	for _, s := range part {
		if t.kind < sample.Number {
			t.kind = max(t.kind, sample.KindOfStream(s))
		}
	}
	if t.recorder != nil {
		part = t.recorder.ingest(part, through)
	}
	if err := t.values.Ingest(part, through); err != nil {
		return err
	}
	for _, l := range t.levels {
		if err := l.Ingest(t.crossing(part, l), through); err != nil {
			return err
		}
	}
	for _, ingest := range t.also {
		if err := ingest(part, through); err != nil {
			return err
		}
	}
	return nil
}

// crossing are the samples that cross the level, with all labels that the recorded series has.
func (t *Threshold) crossing(part model.Matrix, l levelReplay) model.Matrix {
	crossing := make(model.Matrix, 0, len(part))
	for _, s := range part {
		metric := s.Metric.Clone()
		metric[rules.NamespaceLabel], metric[rules.ThresholdLabel] = model.LabelValue(t.plan.Namespace), model.LabelValue(t.plan.Name)
		t.trackAlert(metric, l.rule)
		values := slices.DeleteFunc(slices.Clone(s.Values), func(v model.SamplePair) bool { return !l.level.Crossed(float64(v.Value)) })
		if len(values) > 0 {
			crossing = append(crossing, &model.SampleStream{Metric: metric, Values: values})
		}
	}
	return crossing
}

// trackAlert finds out whether an alert is that of several series.
func (t *Threshold) trackAlert(metric model.Metric, rule alert.Rule) {
	if t.shares = t.shares || rule.LabelsVary(); t.shares {
		return
	}
	key, series := rule.AlertLabels(metric, 0, time.Time{}).Fingerprint(), metric.Fingerprint()
	if is, known := t.series[key]; known && is != series {
		t.shares = true
	}
	t.series[key] = series
}

// SharesAlerts reports whether an alert was that of several series, or may have changed while its series did not: what other levels
// would do cannot be told then from each series alone.
func (t *Threshold) SharesAlerts() bool { return t.shares }

// Result returns what the levels did up to the end of the last part. Failed counts the evaluations that fail, of all rules together.
func (t *Threshold) Result() *backtest.Result {
	result := t.values.Result()
	if t.FailsToRecord() {
		result.Failed, result.Failure = t.recorder.failed, errSameLabels
	}
	for _, l := range t.levels {
		of := l.Result()
		if of.Failed > 0 && result.Failure == nil {
			result.Failure = of.Failure
		}
		result.Failed += of.Failed
		one := of.Levels[0]
		one.Level = l.level
		t.hideOwn(&one, l.rule)
		result.Levels = append(result.Levels, one)
	}
	return result
}

// hideOwn leaves out the labels that all alerts of the rule have, so that those of the series remain.
func (t *Threshold) hideOwn(result *backtest.LevelResult, rule alert.Rule) {
	isOwn := func(name, value string) bool {
		return name == model.AlertNameLabel || rule.Labels[name] == value || name == rules.NamespaceLabel && value == t.plan.Namespace
	}
	hide := func(set map[string]string) map[string]string {
		set = maps.Clone(set)
		maps.DeleteFunc(set, isOwn)
		return set
	}
	result.Worst = hide(result.Worst)
	for i := range result.Episodes {
		result.Episodes[i].Labels = hide(result.Episodes[i].Labels)
	}
}

// HasNothing reports whether there was no sample at all.
func (t *Threshold) HasNothing() bool { return t.kind == sample.None }

// Notes say, each in a sentence, at how many evaluations Prometheus fails, and why there is no value though there are series.
func (t *Threshold) Notes() []string {
	return slices.Concat(t.RecordNotes(), t.ValueNotes(), t.AlertNotes())
}

// FailsToRecord reports whether two series were one when they were recorded.
func (t *Threshold) FailsToRecord() bool { return t.recorder != nil && t.recorder.failed > 0 }

// RecordNotes are the Notes of the rule that records the value.
func (t *Threshold) RecordNotes() []string {
	if !t.FailsToRecord() {
		return nil
	}
	return []string{t.fails("the rule that records the value", t.recorder.failed, errSameLabels)}
}

// ValueNotes are the Notes of the value.
func (t *Threshold) ValueNotes() []string {
	why := t.kind.WhyNoValue()
	if why == "" {
		return nil
	}
	return []string{"there is no value: " + why}
}

// AlertNotes are the Notes of the levels' alerts.
func (t *Threshold) AlertNotes() (notes []string) {
	for _, l := range t.levels {
		if n := l.Failed(); n > 0 {
			notes = append(notes, t.fails("the alert of level "+l.level.Severity, n, l.Result().Failure))
		}
	}
	return notes
}

func (t *Threshold) fails(what string, n int, why error) string {
	return fmt.Sprintf("Prometheus cannot evaluate %s at %d of %d evaluations: %v", what, n, t.values.Result().Window.Evaluations(), why)
}
