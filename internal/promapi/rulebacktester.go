package promapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// RuleBacktester replays any alerting rules over a window.
type RuleBacktester struct {
	// Set is the rules, with the interval and the times at which Prometheus evaluates those that it has loaded.
	Set    alert.Set
	client *Client
	window backtest.Window
	// lacking says of the metrics that were asked for whether Prometheus lacks them.
	lacking map[string]bool
}

// NewRuleBacktester returns a backtester of the rules. The window's step is the interval of groups that have none. A server
// that has no rules API evaluates no rule either: then evaluations are at whole steps.
func (c *Client) NewRuleBacktester(ctx context.Context, w backtest.Window, set alert.Set) *RuleBacktester {
	b := &RuleBacktester{client: c, window: w, lacking: map[string]bool{}}
	b.Set.Add(set)
	var loaded alert.Set
	for group, err := range c.Rules(ctx, "") {
		if err != nil {
			break
		}
		loaded.Add(group.Set())
	}
	for i := range b.Set.Alerts {
		findLoaded(&b.Set.Alerts[i], loaded.Alerts)
	}
	b.Set.SetInterval(w.Step)
	return b
}

// findLoaded takes over when the server evaluates the rule, if one group alone can be the rule's.
func findLoaded(r *alert.Rule, loaded []alert.Rule) {
	var found []alert.Rule
	for _, l := range loaded {
		known := slices.ContainsFunc(found, func(f alert.Rule) bool { return f.At.Equal(l.At) })
		if l.Group == r.Group && l.Name == r.Name && (r.Interval == 0 || r.Interval == l.Interval) && !known {
			found = append(found, l)
		}
	}
	if len(found) == 1 {
		r.At, r.Interval = found[0].At, found[0].Interval
	}
}

// PutIn has the expressions of these records put in, whether the server has their series or not.
func (b *RuleBacktester) PutIn(records map[string]bool) { maps.Copy(b.lacking, records) }

// Backtest replays the rule, which is one of Set, and returns with the result what was asked of the server.
func (b *RuleBacktester) Backtest(ctx context.Context, rule alert.Rule) (*backtest.Result, alert.Query, error) {
	query, err := b.Query(ctx, rule)
	if err != nil {
		return nil, query, err
	}
	replay, err := backtest.NewRuleReplay(backtest.RuleWindow(b.window.End, b.window.Length(), b.window.Step, rule), rule)
	if err != nil {
		return nil, query, err
	}
	if err := b.client.Replay(ctx, query, replay); err != nil {
		return nil, query, err
	}
	return replay.Result(), query, nil
}

// Sweep finds how often other levels of the rule, which is one of Set and has one, would have fired.
func (b *RuleBacktester) Sweep(ctx context.Context, rule alert.Rule) (*backtest.Sweep, alert.Query, error) {
	sweep, err := backtest.NewRuleSweep(b.ValueWindow(rule), rule)
	if err != nil {
		return nil, alert.Query{}, err
	}
	series, collide := map[string]string{}, false // by the labels of their alert
	query, err := b.IngestValue(ctx, rule, sweep.Ingest, func(part model.Matrix, through time.Time) error {
		for _, stream := range part {
			labels, key := rule.AlertLabels(stream.Metric, 0, through).String(), stream.Metric.String()
			collide = collide || series[labels] != "" && series[labels] != key
			series[labels] = key
		}
		return nil
	})
	switch {
	case rule.LabelsVary():
		query.Inexact = append(query.Inexact, sweepVaries)
	case collide:
		query.Inexact = append(query.Inexact, sweepCollides)
	}
	if rule.Limit > 0 {
		query.Inexact = append(query.Inexact, sweepLimited)
	}
	return sweep, query, err
}

// ValueWindow returns when the values are asked for that the rule, which is one of Set, compares at its evaluations.
func (b *RuleBacktester) ValueWindow(rule alert.Rule) backtest.Window {
	w := backtest.RuleWindow(b.window.End, b.window.Length(), b.window.Step, rule)
	w.Start, w.End = w.Start.Add(-rule.Offset()), w.End.Add(-rule.Offset())
	return w
}

// IngestValue hands the values over ValueWindow to the ingesters: those that the rule compares with its level or, of one that has none,
// those that its expression gives. It returns what was asked of the server.
func (b *RuleBacktester) IngestValue(ctx context.Context, rule alert.Rule, ingesters ...Ingester) (alert.Query, error) {
	value := rule
	if split, ok := rule.Split(); ok {
		value.Expr = split.Value
	}
	query, err := b.Query(ctx, value)
	if err != nil {
		return query, err
	}
	return query, b.client.Ingest(ctx, query.Expr, b.ValueWindow(rule), ingesters...)
}

// Why a sweep counts otherwise than a replay.
const (
	sweepVaries   = "its labels change while its series stays the same: then an alert begins again, which is not counted"
	sweepCollides = "its labels make two series one alert: where both cross a level the evaluation fails, which is not counted"
	sweepLimited  = "its group has a limit on alerts, which is not counted with"
)

// Query returns how to ask for the rule's history, with the records put in that the server lacks.
func (b *RuleBacktester) Query(ctx context.Context, rule alert.Rule) (alert.Query, error) {
	var failed error
	query, err := b.Set.Query(rule, func(metric string) bool {
		lacks, err := b.lacks(ctx, metric)
		if err != nil {
			failed = err
		}
		return lacks
	})
	return query, errors.Join(err, failed)
}

// lacks reports whether the server has no sample of the metric in the window.
func (b *RuleBacktester) lacks(ctx context.Context, metric string) (lacks bool, err error) {
	if known, ok := b.lacking[metric]; ok {
		return known, nil
	}
	selector := fmt.Sprintf("{__name__=%q}", metric)
	absent, err := b.client.Absent(ctx, []string{selector}, b.window)
	if err == nil {
		b.lacking[metric] = len(absent) > 0
	}
	return len(absent) > 0, err
}
