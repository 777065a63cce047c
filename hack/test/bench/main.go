// Command bench measures what the project promises, and prints what it found. Nothing fails because it is slow.
//
//	go run ./hack/test/bench            everything
//	go run ./hack/test/bench analyze    one of them
package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

// benchmark is one of the things that are measured.
type benchmark struct {
	name, about string
	run         func(ctx context.Context, args []string, out io.Writer) error
}

func benchmarks() []benchmark {
	return []benchmark{
		{"instrument", "what metrics, log and id of a request cost", benchInstrument},
		{"latency", "what the service adds to a chat", benchLatency},
		{"scrape", "/metrics and /stats while chats go on", benchScrape},
		{"analyze", "assistant analyze against a plain Python loop, over large logs", benchAnalyze},
		{"controller", "the controller on a real API server, against a plain client that writes the same", benchController},
		{"observe", "what the truth about 10 and about 1,000 thresholds costs Prometheus, the API server and who applies", benchObserve},
		{"backtest", "a week of a signal replayed, from a real Prometheus", benchBacktest},
	}
}

func main() { program.Main("bench", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	all := benchmarks()
	if len(args) == 0 {
		for _, b := range all {
			if err := b.run(ctx, nil, out); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
		}
		return nil
	}
	i := slices.IndexFunc(all, func(b benchmark) bool { return b.name == args[0] })
	if i < 0 {
		for _, b := range all {
			fmt.Fprintf(out, "  %-10s %s\n", b.name, b.about)
		}
		return fmt.Errorf("no benchmark %q", args[0])
	}
	if err := all[i].run(ctx, args[1:], out); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}
