// Command loadgen sends conversations to an assistant's POST /chat at a steady rate, as the traffic of the demo.
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
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

const (
	// sessions and concurrency are how many conversations and requests there are at once.
	sessions, concurrency = 5, 64
	timeout               = 2 * time.Minute
)

var prompts = []string{
	"How deep may this ship lie in the water?", "What does a Plimsoll line mark?", "Summarise what we have said so far.",
	"Why should an alert have a threshold that somebody has thought about? Answer in two sentences.",
}

func main() { program.Main("loadgen", run) }

// run sends requests until ctx ends, and waits for those in flight. The rate does not follow the answers: a slow assistant
// is asked as often as a fast one, as users would; what is due beyond the concurrency is skipped.
func run(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("loadgen", flag.ContinueOnError)
	fs.SetOutput(out)
	url := fs.String("url", "http://localhost:8000", "`URL` of the assistant")
	perSecond := fs.Float64("rate", 1, "`requests` a second")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if !(*perSecond > 0 && *perSecond <= 1000) { // NaN is neither
		return errors.New("--rate must be between 0 and 1000")
	}
	var answered, failed, skipped atomic.Int64
	var running sync.WaitGroup
	client, free, id := &http.Client{Timeout: timeout}, make(chan struct{}, concurrency), time.Now().UnixNano()
	for n, due := 0, rate.NewLimiter(rate.Limit(*perSecond), 1); due.Wait(ctx) == nil; n++ {
		select {
		case free <- struct{}{}:
			running.Go(func() {
				defer func() { <-free }()
				if send(client, *url, fmt.Sprintf("loadgen-%x-%d", id, n%sessions), prompts[n%len(prompts)]) == nil {
					answered.Add(1)
				} else {
					failed.Add(1)
				}
			})
		default:
			skipped.Add(1)
		}
	}
	running.Wait()
	_, err := fmt.Fprintf(out, "%d answered, %d failed, %d skipped\n", answered.Load(), failed.Load(), skipped.Load())
	return err
}

// send sends one message. The end of the program does not break it off: the timeout does.
func send(client *http.Client, url, session, message string) error {
	body := fmt.Sprintf(`{"session_id": %q, "message": %q}`, session, message)
	resp, err := client.Post(strings.TrimSuffix(url, "/")+"/chat", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
