package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"
)

// scrape asks for metrics and statistics while chats go on, and counts what the chats lose.
func (h *harness) scrape(ctx context.Context, out io.Writer) error {
	const seconds = 20
	type result struct {
		times  samples
		failed []error
	}
	chats := make(chan result)
	go func() {
		times, failed := h.service(askerClient()).steady(ctx, chatRate, chatRate*seconds)
		chats <- result{times, failed}
	}()
	paths := []string{"/metrics", "/stats"}
	times := map[string]samples{}
	for deadline := time.Now().Add(seconds * time.Second); time.Now().Before(deadline); {
		for _, path := range paths {
			took, err := fetch(ctx, h.assistant+path)
			if err != nil {
				return err
			}
			times[path] = append(times[path], took)
			time.Sleep(20 * time.Millisecond)
		}
	}
	chatted := <-chats
	fmt.Fprintf(out, "answers to operators, at %d chats a second\n", chatRate)
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
