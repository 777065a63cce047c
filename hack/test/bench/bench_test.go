// Package bench measures what the project promises, and prints what it found. Nothing fails because it is slow.
//
//	make bench                                                  everything
//	go test -run '^$' -bench Analyze ./hack/test/bench          one of them
package bench

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// Each benchmark takes more than a second, so that Go runs it once. An interrupt ends it as usual: nothing is left running.

// BenchmarkLatency measures what the service adds to a chat.
func BenchmarkLatency(b *testing.B) {
	run(b, func(ctx context.Context, out io.Writer) error {
		return withHarness(ctx, func(h *harness) error { return h.latency(ctx, out) })
	})
}

// BenchmarkScrape measures /metrics and /stats during chats.
func BenchmarkScrape(b *testing.B) {
	run(b, func(ctx context.Context, out io.Writer) error {
		return withHarness(ctx, func(h *harness) error { return h.scrape(ctx, out) })
	})
}

// BenchmarkAnalyze compares assistant analyze with a plain Python loop, over large logs.
func BenchmarkAnalyze(b *testing.B) { run(b, benchAnalyze) }

// BenchmarkController compares the controller on a real API server with a plain client that writes the same.
func BenchmarkController(b *testing.B) { run(b, benchController) }

// BenchmarkObserve measures what the truth about 10 and about 1,000 thresholds costs Prometheus and the API server.
func BenchmarkObserve(b *testing.B) {
	run(b, func(ctx context.Context, out io.Writer) error { return benchObserve(ctx, b, out) })
}

// BenchmarkBacktest measures backtests of a week of a signal, from a real Prometheus.
func BenchmarkBacktest(b *testing.B) {
	run(b, func(ctx context.Context, out io.Writer) error { return benchBacktest(ctx, b, out) })
}

// BenchmarkTune measures what a person waits for who moves a level over four weeks of a signal, from a real Prometheus.
func BenchmarkTune(b *testing.B) {
	run(b, func(ctx context.Context, out io.Writer) error { return benchTune(ctx, b, out) })
}

// BenchmarkAudit audits more than 300 loaded rules over a week, as kubectl plimsoll audit does, beside the server's own evaluations.
func BenchmarkAudit(b *testing.B) {
	run(b, func(ctx context.Context, out io.Writer) error { return benchAudit(ctx, b, out) })
}

// run runs a benchmark in the project's root folder.
func run(b *testing.B, benchmark func(ctx context.Context, out io.Writer) error) {
	b.Helper()
	b.Chdir("../../..")
	ctx, stop := signal.NotifyContext(b.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := benchmark(ctx, os.Stdout); err != nil {
		b.Fatal(err)
	}
}
