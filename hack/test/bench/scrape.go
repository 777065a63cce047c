package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"
)

// benchScrape asks for metrics and statistics while chats go on, and counts what the chats lose.
func benchScrape(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("scrape", flag.ContinueOnError)
	seconds := flags.Int("seconds", 20, "how long")
	perSecond := flags.Float64("rate", 200, "chats a second meanwhile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return withRig(ctx, func(r *rig) error { return r.scrape(ctx, *seconds, *perSecond, out) })
}

func (r *rig) scrape(ctx context.Context, seconds int, perSecond float64, out io.Writer) error {
	type result struct {
		times  samples
		failed []error
	}
	chats := make(chan result)
	go func() {
		times, failed := r.service(askerClient()).steady(ctx, perSecond, int(perSecond)*seconds)
		chats <- result{times, failed}
	}()
	paths := []string{"/metrics", "/stats"}
	times := map[string]samples{}
	for deadline := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(deadline); {
		for _, path := range paths {
			took, err := fetch(ctx, r.assistant+path)
			if err != nil {
				return err
			}
			times[path] = append(times[path], took)
			time.Sleep(20 * time.Millisecond)
		}
	}
	chatted := <-chats
	fmt.Fprintf(out, "answers to operators, at %g chats a second\n", perSecond)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tasked\tp50\tp99\ttarget p99\t")
	for _, path := range paths {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t10 ms\t\n", path, len(times[path]),
			milliseconds(times[path].percentile(.5)), milliseconds(times[path].percentile(.99)))
	}
	fmt.Fprintf(table, "/chat\t%d\t%s\t%s\t%d lost (target 0)\t\n", len(chatted.times)+len(chatted.failed),
		milliseconds(chatted.times.percentile(.5)), milliseconds(chatted.times.percentile(.99)), len(chatted.failed))
	return table.Flush()
}

func fetch(ctx context.Context, url string) (time.Duration, error) {
	begin := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return time.Since(begin), nil
}
