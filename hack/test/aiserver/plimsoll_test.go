//go:build integration

package main

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// TestOwnLatencies scrapes the assistant's own recorder, whose histograms have classic and native buckets, in every way.
func TestOwnLatencies(t *testing.T) {
	var targets []target
	for _, h := range histograms {
		g := target{namespace: "own-" + h.name, source: signal.Plimsoll, scrape: h.scrape, bounds: map[string]family{}}
		// Powers of two are bounds of native buckets, however wide.
		for name, bounds := range map[string][]float64{
			signal.HTTPLatency: {1, 2}, signal.ModelLatency: {1, 2}, signal.ModelTimeToFirstToken: {0.5, 1}, signal.TimePerOutputToken: {0.25, 0.5},
		} {
			g.bounds[name] = family{Buckets: append([]float64{0, 0}, bounds...)}
		}
		for _, s := range signal.Of(g.source) {
			if _, ok := g.bounds[s.Name]; !ok {
				if s.Quantile != "" {
					t.Errorf("the test does not know %s", s.Name)
				}
				g.lacks = append(g.lacks, s.Name)
			}
		}
		recorder := telemetry.New(telemetry.Config{Models: models, System: func() system.Reading { return system.Reading{} }})
		handler := recorder.Handler(slog.New(slog.DiscardHandler))
		g.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.record(r, recorder)
			handler.ServeHTTP(w, r)
		})
		targets = append(targets, g)
	}
	server, _ := scrapeAll(t, targets)
	for _, target := range targets {
		t.Run(target.namespace, func(t *testing.T) {
			t.Parallel()
			target.holds(t, server)
		})
	}
}

// record records twenty calls to each model, and as many requests.
func (g target) record(r *http.Request, to *telemetry.Recorder) {
	const tokens = 5
	for i, model := range models {
		for call := range 20 {
			seconds := func(name string) time.Duration {
				d := time.Duration(g.bounds[name].bound(g.rank+i) * float64(time.Second))
				if call == 19 {
					d += d / 20
				}
				return d
			}
			first := seconds(signal.ModelTimeToFirstToken)
			to.ModelCall(r.Context(), telemetry.Call{
				Model: model, Elapsed: seconds(signal.ModelLatency), FirstText: first,
				LastText: first + (tokens-1)*seconds(signal.TimePerOutputToken), Parts: tokens, Finish: assistant.FinishStop,
				Usage: assistant.Usage{CompletionTokens: tokens, Source: assistant.UsageReported},
			})
			to.Request(r.Context(), telemetry.Request{
				Method: http.MethodPost, Endpoint: "/chat", Status: http.StatusOK, Elapsed: seconds(signal.HTTPLatency),
			})
		}
	}
}
