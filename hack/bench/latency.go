package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/time/rate"
)

// The same question, put to the assistant and to the stand-in itself.
const (
	question = "Which is worse: an alert that never fires, or one that always does?"
	direct   = `{"contents":[{"role":"user","parts":[{"text":"` + question + `"}]}]}`
	through  = `{"message":"` + question + `"}`
)

// chatter sends one question and reads the whole answer.
type chatter struct {
	http *http.Client
	url  string
	body string
}

func (r *rig) chatters() (alone, service chatter) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	return chatter{client, r.gemini + "/v1beta/models/gemini-2.0-flash-exp:streamGenerateContent", direct},
		chatter{client, r.assistant + "/chat", through}
}

func (c chatter) ask(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(c.body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Goog-Api-Key", "stand-in")
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", c.url, resp.Status)
	}
	return time.Since(begin), nil
}

// steady asks at a constant rate for a while, whether answers come or not, and returns their times and the failures.
func (c chatter) steady(ctx context.Context, perSecond float64, n int) (samples, []error) {
	pace := rate.NewLimiter(rate.Limit(perSecond), 1)
	var (
		mu      sync.Mutex
		times   samples
		failed  []error
		running sync.WaitGroup
	)
	for range n {
		if err := pace.Wait(ctx); err != nil {
			failed = append(failed, err)
			break
		}
		running.Go(func() {
			took, err := c.ask(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			times = append(times, took)
		})
	}
	running.Wait()
	return times, failed
}

// benchLatency compares a chat through the service with the same question put to the stand-in, in turn.
func benchLatency(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("latency", flag.ContinueOnError)
	n := flags.Int("n", 2000, "questions of each kind, one after the other")
	seconds := flags.Int("seconds", 20, "how long each kind is asked at the constant rate")
	perSecond := flags.Float64("rate", 200, "questions a second")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return withRig(ctx, func(r *rig) error { return r.latency(ctx, *n, *seconds, *perSecond, out) })
}

// latency asks n questions of each kind one after the other, and then at a constant rate.
func (r *rig) latency(ctx context.Context, n, seconds int, perSecond float64, out io.Writer) error {
	direct, service := r.chatters()
	fmt.Fprintln(out, "a chat through the service, and the same question put to the stand-in itself")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tdirect p50\tp99\tservice p50\tp99\tadded p50\tp99\ttarget\t")

	var alone, served samples
	for i := range n + 100 {
		for _, c := range []struct {
			chatter
			times *samples
		}{{direct, &alone}, {service, &served}} {
			took, err := c.ask(ctx)
			if err != nil {
				return err
			}
			if i >= 100 { // before that, connections and caches are cold
				*c.times = append(*c.times, took)
			}
		}
	}
	added(table, "one at a time", alone, served)

	alone, served = nil, nil
	const blocks = 4
	for range blocks {
		for _, c := range []struct {
			chatter
			times *samples
		}{{direct, &alone}, {service, &served}} {
			times, failed := c.steady(ctx, perSecond, int(perSecond)*seconds/blocks)
			if len(failed) > 0 {
				return fmt.Errorf("%d of %d questions failed, the first: %w", len(failed), len(failed)+len(times), failed[0])
			}
			*c.times = append(*c.times, times...)
		}
	}
	added(table, fmt.Sprintf("%g/s", perSecond), alone, served)
	return table.Flush()
}

func added(table io.Writer, name string, alone, served samples) {
	p := func(s samples, share float64) string { return milliseconds(s.percentile(share)) }
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t0.300 ms, 2 ms\t\n", name, p(alone, .5), p(alone, .99), p(served, .5), p(served, .99),
		milliseconds(served.percentile(.5)-alone.percentile(.5)), milliseconds(served.percentile(.99)-alone.percentile(.99)))
}
