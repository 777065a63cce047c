package promapi

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// Query returns what must be asked of the server for the history of the rule, which is one of Set.
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
