package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/drill"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

const (
	// drillInterval is how often Alertmanagers are asked where the alert is.
	drillInterval = time.Second
	// resolveTries is how often they are told that it is resolved: one whose clock is behind believes it later.
	resolveTries = 10
)

// drillTarget is an Alertmanager, the alert that it is sent, and what it answers.
type drillTarget struct {
	client  *promapi.Alertmanager
	alert   promapi.SentAlert
	filters []string
	answers drill.Answers
}

// fire sends the alert, watches it for as long as the options say or until the context ends, and resolves it.
func (o *drillOptions) fire(ctx context.Context, plan drillPlan, to []promapi.Options) (drilled, error) {
	start := time.Now()
	end := start.Add(time.Duration(o.duration))
	targets := make([]*drillTarget, len(to))
	for i, options := range to {
		client, err := promapi.NewAlertmanager(options)
		if err != nil {
			return drilled{}, err
		}
		sent := promapi.SentAlert{Labels: plan.Labels, Annotations: plan.Annotations, StartsAt: start, EndsAt: end}
		targets[i] = &drillTarget{client, sent, filters(plan.Labels), drill.Answers{URL: options.URL}}
	}
	// Also after Ctrl-C what was sent is resolved, and what became of it told.
	uninterrupted := context.WithoutCancel(ctx)
	for _, t := range targets {
		t.send(uninterrupted)
	}
	if slices.ContainsFunc(targets, (*drillTarget).reached) {
		fmt.Fprintf(o.ErrOut, "sent; it is resolved in %s, or at Ctrl-C\n", &o.duration)
		watch(ctx, targets, end)
	}
	done := drilled{drillPlan: plan, Resolved: true}
	for _, t := range targets {
		if t.reached() && !t.resolve(uninterrupted) {
			fmt.Fprintf(o.ErrOut, "Alertmanager %s still has the alert: it ends by itself at %s\n", t.answers.URL, end.Format(time.RFC3339))
			done.Resolved = false
		}
		done.Results = append(done.Results, t.answers.Results()...)
	}
	return done, nil
}

// filters match the alerts with these labels.
func filters(alertLabels map[string]string) []string {
	var all []string
	for name, value := range alertLabels {
		all = append(all, labels.MustNewMatcher(labels.MatchEqual, name, value).String())
	}
	return all
}

func (t *drillTarget) reached() bool { return t.answers.Err == nil }

// send sends the alert, after it read what later answers are compared with. Not everybody may read that.
func (t *drillTarget) send(ctx context.Context) {
	t.answers.Before, _ = t.client.Requests(ctx)
	t.answers.Integrations, _ = t.client.Integrations(ctx)
	if t.answers.Err = t.client.Send(ctx, t.alert); t.answers.Err != nil {
		// It may have arrived all the same: without an answer in time, for one.
		t.alert.EndsAt = time.Now()
		_ = t.client.Send(ctx, t.alert)
	}
}

// watch asks where the alert is, until it ends or the context does.
func watch(ctx context.Context, targets []*drillTarget, end time.Time) {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	ticker := time.NewTicker(drillInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		for _, t := range targets {
			if t.reached() {
				t.fetch(ctx)
			}
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// fetch reads where the alert is. Once it has ended, the last answer counts.
func (t *drillTarget) fetch(ctx context.Context) {
	if routes, err := t.client.Routes(ctx, t.filters...); err == nil && len(routes) > 0 {
		t.answers.Routes = routes
	}
}

// resolve asks a last time, resolves the alert, and reports whether it is gone.
func (t *drillTarget) resolve(ctx context.Context) bool {
	t.fetch(ctx)
	t.answers.After, _ = t.client.Requests(ctx)
	if now := time.Now(); now.Before(t.alert.EndsAt) {
		t.alert.EndsAt = now
	}
	for range resolveTries {
		sendErr := t.client.Send(ctx, t.alert)
		if routes, err := t.client.Routes(ctx, t.filters...); sendErr == nil && err == nil && len(routes) == 0 {
			return true
		}
		time.Sleep(drillInterval)
	}
	return false
}
