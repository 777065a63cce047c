// Command loadgen sends conversations to an assistant's POST /chat at a steady rate, as the traffic of the demo.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

func main() { program.Main("loadgen", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "loadgen: %g requests a second to %s/chat, at most %d at once\n", o.rate, o.url, o.concurrency)
	c, elapsed := drive(ctx, o, newClient(o).send, out)
	_, _ = io.WriteString(out, c.summary(elapsed))
	if c.answered.Load() == 0 {
		return errors.New("no request was answered with success")
	}
	return nil
}

type options struct {
	url         string
	rate        float64 // requests a second
	duration    time.Duration
	concurrency int
	sessions    int
	timeout     time.Duration
}

// parse reads the flags and checks them. Its error is flag.ErrHelp when only help was asked for.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("loadgen", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.url, "url", "http://127.0.0.1:8000", "base `URL` of the assistant")
	fs.Float64Var(&o.rate, "rate", 1, "requests a `second`")
	fs.DurationVar(&o.duration, "duration", 0, "how long to send (0: until a signal)")
	fs.IntVar(&o.concurrency, "concurrency", 16, "most requests at once; those due beyond it are skipped")
	fs.IntVar(&o.sessions, "sessions", 20, "conversations to spread the requests over")
	fs.DurationVar(&o.timeout, "timeout", 90*time.Second, "longest to wait for an answer")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.url = strings.TrimSuffix(o.url, "/")
	u, err := url.Parse(o.url)
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return o, fmt.Errorf("--url %q is not an http or https URL", o.url)
	case !(o.rate > 0 && o.rate <= 10_000):
		return o, errors.New("--rate must be above 0 and at most 10000")
	case o.concurrency < 1 || o.concurrency > 10_000:
		return o, errors.New("--concurrency must be from 1 to 10000")
	case o.sessions < 1:
		return o, errors.New("--sessions must be at least 1")
	case o.duration < 0 || o.timeout <= 0:
		return o, errors.New("--duration must not be negative, and --timeout must be positive")
	}
	return o, nil
}
