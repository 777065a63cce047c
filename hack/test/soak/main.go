// Soak puts an assistant before a stand-in Gemini that fails in every way it knows, under mixed load: whole and streamed,
// its own API and the compatible one, conversations kept and forgotten, several clients with keys, clients that leave.
// It scrapes /metrics every second, and at the end holds every request, token and cent to what was played. It fails if
// anything was lost, counted twice or answered otherwise, or if memory or goroutines still grow after the warm-up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

func main() { program.Main("error", run) }

// options are what can be set.
type options struct {
	binary   string
	store    string
	requests int
	duration time.Duration
	warmUp   time.Duration
	growth   float64 // percent
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.StringVar(&o.binary, "assistant", "", "the assistant's `binary` (default: built from the source)")
	flags.StringVar(&o.store, "session-store", "memory", "its --session-store")
	flags.IntVar(&o.requests, "requests", 100_000, "how many, at a steady rate")
	flags.DurationVar(&o.duration, "duration", 10*time.Minute, "how long")
	flags.DurationVar(&o.warmUp, "warm-up", 3*time.Minute, "how much of that sessions and caches take to fill")
	flags.Float64Var(&o.growth, "growth", 5, "`percent` by which resident memory may grow after the warm-up")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.duration <= 0 || o.requests < len(scenarios()) || o.duration-o.warmUp < (minSamples+1)*scrapeEvery {
		return fmt.Errorf("there must be %d requests or more, and %s or more behind the warm-up", len(scenarios()), (minSamples+1)*scrapeEvery)
	}
	r, err := soak(ctx, o, out)
	if err != nil {
		return err
	}
	return r.report(out, o.growth)
}

// result is all that a run has found.
type result struct {
	counters    *counters
	calls       *callMatcher
	scrapes     *scrapes
	elapsed     time.Duration
	rest        idleGoroutines
	series      int
	differences []string // between totals and /metrics
	stopping    error
}

func soak(ctx context.Context, o options, out io.Writer) (*result, error) {
	r := &result{counters: newCounters(), calls: newCallMatcher()}
	g, err := startGemini(r.calls.addServer)
	if err != nil {
		return nil, err
	}
	defer g.srv.Close()
	p, err := startAssistant(ctx, o, g.srv.URL)
	if err != nil {
		return nil, err
	}
	page, err := p.scrape(ctx)
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	r.rest.before = goroutines(page)
	begin := time.Now()
	watching, enough := context.WithCancel(ctx)
	watched := make(chan *scrapes, 1)
	go func() { watched <- p.watch(watching, begin.Add(o.warmUp), out) }()
	users := drive(ctx, o, p.url, g, r.calls, r.counters)
	r.elapsed = time.Since(begin)
	enough()
	r.scrapes = <-watched
	if ctx.Err() == nil {
		err = r.waitSettled(ctx, p, g, users)
	}
	r.stopping = p.stop()
	return r, errors.Join(err, ctx.Err())
}
