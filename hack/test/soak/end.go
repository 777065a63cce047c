package main

import (
	"context"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// settleTime bounds how long the assistant may take to notice and count the last clients that left.
const settleTime = 20 * time.Second

// waitSettled waits until all requests have ended: until /metrics agrees with the totals and goroutines
// are as few as before.
func (r *result) waitSettled(ctx context.Context, p *process, g *gemini, users []*worker) error {
	const metrics = "/metrics GET"
	scraped := 1 + len(r.scrapes.took) + r.scrapes.missed.n // with the one at rest
	open := 0
	for _, w := range users {
		open += w.open()
	}
	for deadline := time.Now().Add(settleTime); ; time.Sleep(200 * time.Millisecond) {
		g.srv.CloseClientConnections() // those that the assistant keeps
		page, err := p.scrape(ctx)
		if err != nil {
			return err
		}
		want := g.totals.Metrics(g.fake.Ledger())
		t := r.counters
		t.requests[metrics+" 200"], t.times[metrics] = float64(scraped), float64(scraped)
		want[metric.HTTPRequests.Name], want[metric.HTTPRequestDuration.Name] = t.requests, t.times
		want[metric.Errors.Name], want[metric.ModelErrors.Name] = t.errors, t.kinds
		want[metric.ActiveSessions.Name] = map[string]float64{"": float64(open)}
		scraped++ // the one above: it counts itself when it is over
		r.differences, r.rest.after, r.series = page.Differences(want), goroutines(page), 0
		for _, s := range want {
			r.series += len(s)
		}
		asked, called := r.calls.leftOver()
		if len(r.differences) == 0 && asked+called == 0 && r.rest.check() == nil || time.Now().After(deadline) {
			return nil
		}
	}
}
