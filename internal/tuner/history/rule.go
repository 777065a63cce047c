package history

import (
	"cmp"
	"context"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// IsByLevel reports whether the alerts of a rule that has a level are those of single series, so that Replay gives them. They are not where
// its labels vary or make two series one alert, its group has a limit, or evaluations fail.
func (s *Samples) IsByLevel(rule alert.Rule) bool {
	if rule.Limit > 0 || len(s.failures) > 0 || rule.LabelsVary() {
		return false
	}
	seen := make(map[string]bool, len(s.series))
	for _, one := range s.series {
		key := rule.AlertLabels(one.metric, 0, s.window.Start).String()
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}

// ReplayRule evaluates any rule as backtest does, until the context ends: crosses says of which samples its expression has one. It is slower.
func (s *Samples) ReplayRule(ctx context.Context, rule alert.Rule, crosses func(v float64) bool) (*Result, error) {
	r, err := s.replayRule(ctx, rule, crosses)
	if err != nil {
		return nil, err
	}
	return collectAlerts(r), nil
}

func (s *Samples) replayRule(ctx context.Context, rule alert.Rule, crosses func(v float64) bool) (*backtest.Result, error) {
	r, err := backtest.NewRuleReplay(s.window, rule)
	if err != nil {
		return nil, err
	}
	ingest := func(part model.Matrix, through time.Time) error { return cmp.Or(ctx.Err(), r.Ingest(part, through)) }
	if err := s.parts(crosses, ingest, r.Fail); err != nil {
		return nil, err
	}
	return r.Result(), nil
}

// collectAlerts counts what a rule's alerts did, each by its labels.
func collectAlerts(r *backtest.Result) *Result {
	var alerts []series
	index := map[string]int{}
	numbers := make([]int, len(r.Levels[0].Episodes))
	for i, e := range r.Levels[0].Episodes {
		metric := make(model.Metric, len(e.Labels))
		for name, v := range e.Labels {
			metric[model.LabelName(name)] = model.LabelValue(v)
		}
		key := metric.String()
		if _, known := index[key]; !known {
			index[key] = len(alerts)
			alerts = append(alerts, series{metric: metric, key: key})
		}
		numbers[i] = index[key]
	}
	setNames(alerts)
	c := newCollector(r.Window, alerts)
	steps := func(t time.Time) int { return int(t.Sub(r.Window.Start) / r.Window.Step) }
	for i, e := range r.Levels[0].Episodes {
		one := episode{series: numbers[i], active: steps(e.ActiveAt), fired: steps(e.FiredAt), resolved: steps(r.Window.End), isOpen: e.ResolvedAt.IsZero()}
		if !one.isOpen {
			one.resolved = steps(e.ResolvedAt)
		}
		c.add(one)
	}
	result := c.result()
	result.Failed, result.Failure = r.Failed, r.Failure
	return result
}
