package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/time/rate"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
)

// The same question, put to the assistant and to the stand-in itself.
const (
	model    = "gemini-flash-latest"
	question = "Which is worse: an alert that never fires, or one that always does?"
	direct   = `{"contents":[{"role":"user","parts":[{"text":"` + question + `"}]}]}`
	through  = `{"message":"` + question + `"}`
)

// chatRate is how many chats a second are asked at a constant rate.
const chatRate = 200

// asker asks the question once and takes the whole answer.
type asker func(context.Context) error

// askerClient keeps a connection open for each question that is being asked.
func askerClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// service asks the service.
func (h *harness) service(client *http.Client) asker {
	return post(client, h.assistant+"/chat", through)
}

// targets are the service's health, which asks nothing, the stand-in by plain HTTP, the stand-in by the client library that
// the service uses too, and the service. Close the library's client after use.
func (h *harness) targets(ctx context.Context) (targets []asker, closeLibrary func() error, err error) {
	c, err := gemini.New(ctx, gemini.Config{APIKey: "stand-in", Endpoint: h.gemini, Silence: time.Minute})
	if err != nil {
		return nil, nil, err
	}
	conversation := assistant.Request{Messages: []assistant.Message{assistant.NewText(assistant.RoleUser, question)}}
	library := func(ctx context.Context) error {
		_, err := c.Model(model).Generate(ctx, conversation, nil)
		return err
	}
	client := askerClient()
	return []asker{
		visit(client, h.assistant+"/health"),
		post(client, h.gemini+"/v1beta/models/"+model+":streamGenerateContent", direct),
		library,
		h.service(client),
	}, c.Close, nil
}

func post(client *http.Client, url, body string) asker {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Goog-Api-Key", "stand-in")
		return take(client, req)
	}
}

// visit asks a URL that takes no question.
func visit(client *http.Client, url string) asker {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		return take(client, req)
	}
}

// take sends a request and takes the whole answer.
func take(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL, resp.Status)
	}
	return nil
}

// timed asks once and tells how long it took.
func (ask asker) timed(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	err := ask(ctx)
	return time.Since(begin), err
}

// steady asks at a constant rate for a while, whether answers come or not, and returns their times and the failures.
func (ask asker) steady(ctx context.Context, perSecond float64, n int) (samples, []error) {
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
			took, err := ask.timed(ctx)
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

// latency compares a chat through the service with the same question put to the stand-in, in turn: by the same
// client, over connections that stay open, at the same rate, for answers of the same length in the same pieces. The plain
// question is the harder comparison, for the library's own work counts as the service's. A bare GET /health of the
// service is shown beside it, as the least that a hop more costs on this machine.
// It asks each kind in turn, and then each kind at a constant rate.
func (h *harness) latency(ctx context.Context, out io.Writer) error {
	const questions, seconds = 2000, 20
	targets, closeLibrary, err := h.targets(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = closeLibrary() }()
	fmt.Fprintln(out, "a chat through the service; the same question put to the stand-in itself, by plain HTTP and by the service's client "+
		"library; GET /health of the service, the least that a hop costs")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\thop p50\tp99\tplain p50\tp99\tlibrary p50\tp99\tservice p50\tp99\tover plain p50\tp99\tover library p50\tp99\ttarget\t")

	const warm = 100 // before that, connections and caches are cold
	times := make([]samples, len(targets))
	for asked := range questions + warm {
		for i, ask := range targets {
			took, err := ask.timed(ctx)
			if err != nil {
				return err
			}
			if asked >= warm {
				times[i] = append(times[i], took)
			}
		}
	}
	added(table, "one at a time", times)

	const blocks = 4
	times = make([]samples, len(targets))
	for range blocks {
		for i, ask := range targets {
			took, failed := ask.steady(ctx, chatRate, int(chatRate)*seconds/blocks)
			if len(failed) > 0 {
				return fmt.Errorf("%d of %d questions failed, the first: %w", len(failed), len(failed)+len(took), failed[0])
			}
			times[i] = append(times[i], took...)
		}
	}
	added(table, fmt.Sprintf("%g/s", float64(chatRate)), times)
	return table.Flush()
}

// added is a row: the times of each way, and what the last takes longer than the others but the first, the hop.
func added(table io.Writer, name string, times []samples) {
	fmt.Fprintf(table, "%s\t", name)
	shares := []float64{.5, .99}
	for _, s := range times {
		for _, share := range shares {
			fmt.Fprintf(table, "%s\t", milliseconds(s.percentile(share)))
		}
	}
	last := times[len(times)-1]
	for _, s := range times[1 : len(times)-1] {
		for _, share := range shares {
			fmt.Fprintf(table, "%s\t", milliseconds(last.percentile(share)-s.percentile(share)))
		}
	}
	fmt.Fprintln(table, "0.300 ms, 2 ms\t")
}
