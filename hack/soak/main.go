// Soak puts an assistant before a stand-in Gemini under steady load and watches its memory and goroutines through its
// own metrics. It fails if either still grows after the warm-up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what the first did not
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// options are what can be set.
type options struct {
	binary   string
	store    string
	rate     int
	warmUp   time.Duration
	duration time.Duration
	every    time.Duration
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.StringVar(&o.binary, "assistant", "hack/bin/assistant", "the assistant's `binary`")
	flags.StringVar(&o.store, "session-store", "memory", "its --session-store")
	flags.IntVar(&o.rate, "rate", 200, "chats per second")
	flags.DurationVar(&o.warmUp, "warm-up", 2*time.Minute, "load before the first sample, until sessions and caches are full")
	flags.DurationVar(&o.duration, "duration", 10*time.Minute, "load while samples are taken")
	flags.DurationVar(&o.every, "every", 5*time.Second, "time between samples")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.rate <= 0 || o.every <= 0 || o.duration < minSamples*o.every {
		return fmt.Errorf("the rate must be positive, and the duration at least %d times --every", minSamples)
	}
	a, err := startAssistant(o)
	if err != nil {
		return err
	}
	defer a.stop()
	ctx, end := context.WithTimeout(ctx, o.warmUp+o.duration)
	defer end()
	loaded := make(chan load, 1)
	go func() { loaded <- drive(ctx, a.url, o.rate) }()
	samples, err := watch(ctx, a, o, out)
	end()
	l := <-loaded
	_, printErr := fmt.Fprintf(out, "%d chats answered, %d failed\n", l.answered, l.failed)
	return errors.Join(err, printErr, l.verdict(), judge(samples))
}

// watch takes samples after the warm-up, until ctx ends by its time.
func watch(ctx context.Context, a *assistant, o options, out io.Writer) ([]sample, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(o.warmUp):
	}
	var samples []sample
	tick := time.NewTicker(o.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return samples, nil
			}
			return samples, ctx.Err()
		case <-tick.C:
		}
		s, err := a.sample(ctx)
		if err != nil {
			if ctx.Err() != nil {
				continue
			}
			return samples, err
		}
		samples = append(samples, s)
		if _, err := fmt.Fprintf(out, "%6s  rss %6.1f MiB  goroutines %4.0f\n",
			time.Duration(len(samples))*o.every, s.rss/(1<<20), s.goroutines); err != nil {
			return samples, err
		}
	}
}
