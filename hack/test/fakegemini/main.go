// Command fakegemini serves a stand-in for Gemini's REST API, for demonstrations, benchmarks and tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/program"
	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

func main() { program.Main("fakegemini", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	listen, config, err := parse(args, out)
	if err != nil {
		return err
	}
	handler, err := server.New(config)
	if err != nil {
		return err
	}
	srv := &http.Server{Addr: listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	_, _ = fmt.Fprintf(out, "fakegemini: listening on %s; what it did is at GET /ledger\n", listen)
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", listen, err)
	}
	return nil
}

// parse reads the flags. Its error is flag.ErrHelp when only help was asked for.
func parse(args []string, out io.Writer) (listen string, c server.Config, err error) {
	c.Behaviour = server.DefaultBehaviour()
	b := &c.Behaviour
	fs := flag.NewFlagSet("fakegemini", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&listen, "listen", ":9000", "`address` to listen on")
	fs.DurationVar(&b.Latency, "latency", 0, "time before the first byte of an answer")
	fs.DurationVar(&b.LatencyJitter, "latency-jitter", 0, "most that the latency varies, either way")
	fs.Float64Var(&b.ErrorRate, "error-rate", 0, "`share` of calls that fail with 429 or 500, from 0 to 1")
	fs.IntVar(&b.CompletionTokens, "completion-tokens", 0, "tokens every answer costs (0: from its words)")
	err = fs.Parse(args)
	return listen, c, err
}
