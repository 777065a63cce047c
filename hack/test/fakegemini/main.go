// Command fakegemini serves a stand-in for Gemini's REST API, for demonstrations, benchmarks and tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
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
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	_, _ = fmt.Fprintf(out, "fakegemini: listening on %s; what it did is at GET /ledger\n", listen)
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", listen, err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("draining: %w", err), srv.Close())
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
	fs.DurationVar(&b.ChunkDelay, "chunk-delay", 0, "time between the chunks of a stream")
	fs.Float64Var(&b.ErrorRate, "error-rate", 0, "`share` of calls that fail with 429 or 500, from 0 to 1")
	fs.Float64Var(&b.BlockRate, "block-rate", 0, "`share` of prompts that the safety filter blocks, from 0 to 1")
	fs.IntVar(&b.PromptTokens, "prompt-tokens", 0, "tokens every prompt costs (0: from its words)")
	fs.IntVar(&b.CompletionTokens, "completion-tokens", 0, "tokens every answer costs (0: from its words)")
	fs.Uint64Var(&c.Seed, "seed", 1, "seed of every random draw")
	fs.StringVar(&c.APIKey, "api-key", "", "the only `key` accepted (default: any)")
	fs.Func("models", "comma-separated `names` of the models known (default: any)", func(s string) error {
		c.Models = strings.Split(s, ",")
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return "", c, err
	}
	if fs.NArg() > 0 {
		return "", c, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return listen, c, nil
}
