package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// benchInstrument compares a route of the service with the same handler served bare: what an id, metrics and log of
// every request cost.
func benchInstrument(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("instrument", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	instrumented, err := instrumentedHandler()
	if err != nil {
		return err
	}
	bare := http.NewServeMux()
	bare.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = json.NewEncoder(w).Encode(struct {
			Status string `json:"status"`
		}{"healthy"})
	})
	fmt.Fprintln(out, "a route of the service, and the same answer from a bare handler")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tns\tallocations\tbytes\t")
	without, with := measure(bare, "/health"), measure(instrumented, "/health")
	row := func(name string, ns, allocs, bytes int64) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t\n", name, ns, allocs, bytes)
	}
	row("bare", without.NsPerOp(), without.AllocsPerOp(), without.AllocedBytesPerOp())
	row("instrumented", with.NsPerOp(), with.AllocsPerOp(), with.AllocedBytesPerOp())
	row("difference", with.NsPerOp()-without.NsPerOp(), with.AllocsPerOp()-without.AllocsPerOp(),
		with.AllocedBytesPerOp()-without.AllocedBytesPerOp())
	fmt.Fprintln(table, "target\t2000\t3\t\t")
	logged := measure(instrumented, "/v1/models")
	row("with log, exemplar", logged.NsPerOp(), logged.AllocsPerOp(), logged.AllocedBytesPerOp())
	return table.Flush()
}

func instrumentedHandler() (http.Handler, error) {
	sessions, err := session.NewMemory(session.DefaultLimits(time.Minute))
	if err != nil {
		return nil, err
	}
	reading := func() system.Reading { return system.Reading{} }
	logger := logs.New(io.Discard, slog.LevelInfo)
	recorder := telemetry.New(telemetry.Config{System: reading})
	return httpapi.New(httpapi.Config{Sessions: sessions, Recorder: recorder, System: reading, Logger: logger}).Handler(), nil
}

// measure gets one path over and over.
func measure(h http.Handler, path string) testing.BenchmarkResult {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	return testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		w := &nowhere{header: http.Header{}}
		for b.Loop() {
			clear(w.header)
			h.ServeHTTP(w, request)
		}
	})
}

// nowhere is an http.ResponseWriter that costs nothing.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
