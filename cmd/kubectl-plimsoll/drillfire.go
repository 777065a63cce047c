package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/drill"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

const (
	// drillInterval is how often Alertmanagers are asked where the alert is.
	drillInterval = time.Second
	// resolveTries is how often they are told that it is resolved: one whose clock is behind believes it later.
	resolveTries = 10
)

// drillTarget is an Alertmanager and what it answered.
type drillTarget struct {
	*promapi.Alertmanager
	drill.Answers
	filters []string
}

// fire sends the alert, watches it for as long as the options say or until the context ends, and resolves it.
func (o *drillOptions) fire(ctx context.Context, alert drill.Alert, to []promapi.Options) (answers []drill.Answers, resolved bool, err error) {
	// Also after Ctrl-C what was sent is resolved, and what became of it told.
	uninterrupted := context.WithoutCancel(ctx)
	sent := promapi.SentAlert{Labels: alert.Labels, Annotations: alert.Annotations, StartsAt: time.Now()}
	sent.EndsAt = sent.StartsAt.Add(time.Duration(o.duration))
	targets, err := newDrillTargets(to, alert)
	if err != nil {
		return nil, false, err
	}
	for i := range targets {
		targets[i].send(uninterrupted, sent)
	}
	if reached := slices.ContainsFunc(targets, func(t drillTarget) bool { return t.Err == nil }); reached {
		fmt.Fprintf(o.ErrOut, "sent; it is resolved in %s, or at Ctrl-C\n", backtest.FormatDuration(time.Duration(o.duration)))
		watch(ctx, targets, sent.EndsAt)
	}
	resolved = true
	for i := range targets {
		if t := &targets[i]; t.Err == nil && !t.finish(uninterrupted, sent) {
			fmt.Fprintf(o.ErrOut, "Alertmanager %s still has the alert: it ends by itself at %s\n", t.URL, sent.EndsAt.Format(time.RFC3339))
			resolved = false
		}
		answers = append(answers, targets[i].Answers)
	}
	return answers, resolved, nil
}

func newDrillTargets(to []promapi.Options, alert drill.Alert) ([]drillTarget, error) {
	var filters []string
	for name, value := range alert.Labels {
		filters = append(filters, labels.MustNewMatcher(labels.MatchEqual, name, value).String())
	}
	targets := make([]drillTarget, len(to))
	for i, options := range to {
		alertmanager, err := promapi.NewAlertmanager(options)
		if err != nil {
			return nil, err
		}
		targets[i] = drillTarget{alertmanager, drill.Answers{URL: options.URL}, filters}
	}
	return targets, nil
}

// send sends the alert, after it read what the answers are compared with. Not everybody may read that.
func (t *drillTarget) send(ctx context.Context, alert promapi.SentAlert) {
	t.Before, _ = t.Requests(ctx)
	t.Answers.Integrations, _ = t.Alertmanager.Integrations(ctx)
	t.Err = t.Send(ctx, alert)
}

// watch asks where the alert is, until it ends or the context does.
func watch(ctx context.Context, targets []drillTarget, end time.Time) {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	ticker := time.NewTicker(drillInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for i := range targets {
			if t := &targets[i]; t.Err == nil {
				if routes, err := t.Alertmanager.Routes(ctx, t.filters...); err == nil && len(routes) > 0 {
					t.Answers.Routes = routes
				}
			}
		}
	}
}

// finish reads the requests, resolves the alert, and reports whether it is gone.
func (t *drillTarget) finish(ctx context.Context, alert promapi.SentAlert) bool {
	t.After, _ = t.Requests(ctx)
	if now := time.Now(); now.Before(alert.EndsAt) {
		alert.EndsAt = now
	}
	for range resolveTries {
		err := t.Send(ctx, alert)
		if routes, routesErr := t.Alertmanager.Routes(ctx, t.filters...); err == nil && routesErr == nil && len(routes) == 0 {
			return true
		}
		time.Sleep(drillInterval)
	}
	return false
}
