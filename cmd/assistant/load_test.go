package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

// settleTime bounds how long goroutines may take to end after the last request, on the slowest machine.
const settleTime = time.Minute

// TestGoroutinesReturnToTheStartLevel drives thousands of mixed requests through the whole program. With every
// connection closed there are as many goroutines as before the first request, and after the end as before the start.
func TestGoroutinesReturnToTheStartLevel(t *testing.T) {
	goroutinesReturn(t)
}

// goroutinesReturn is the test for an assistant with args.
func goroutinesReturn(t *testing.T, args ...string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	http.DefaultClient.CloseIdleConnections() // of the tests before
	beforeStart, _ := goroutines()
	p := start(t, args...)
	for _, url := range []string{p.url, p.telemetry} { // both ports are served from here on
		send(t, client, http.MethodGet, url+"/health", "", settleTime)
	}
	client.CloseIdleConnections()
	started, _ := goroutines()
	for _, b := range []server.Behaviour{
		{},
		{ErrorRate: 0.3, ErrorCodes: []int{400, 429, 500}, BlockRate: 0.2},
		{Latency: 2 * time.Millisecond, LatencyJitter: 2 * time.Millisecond},
	} {
		if err := p.fake.SetBehaviour(b); err != nil {
			t.Fatal(err)
		}
		p.load(t, client, 16, 60)
	}
	if calls := p.fake.Ledger().Requests; calls < 2000 {
		t.Errorf("only %d calls reached the model", calls)
	}
	disconnect := func() {
		client.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
		p.gemini.CloseClientConnections()
	}
	wantGoroutines(t, "after the load", started, disconnect)
	if err := p.stop(); err != nil {
		t.Errorf("run = %v, want a clean end", err)
	}
	p.gemini.Close()
	wantGoroutines(t, "after the end", beforeStart, disconnect)
}

// load makes requests by a number of workers: chats in many sessions, chats that nobody waits for, nonsense, health and
// scrapes.
func (p *program) load(t *testing.T, client *http.Client, workers, each int) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := range each {
				session := fmt.Sprintf(`{"session_id":"s%d","message":"how deep?"}`, (worker*each+i)%97)
				send(t, client, http.MethodPost, p.url+"/chat", session, settleTime)
				switch i % 10 {
				case 0:
					send(t, client, http.MethodPost, p.url+"/chat", session, time.Duration(i)*100*time.Microsecond)
				case 3:
					send(t, client, http.MethodPost, p.url+"/chat", `{"nonsense":`, settleTime)
				case 6:
					send(t, client, http.MethodGet, p.url+"/health/detailed", "", settleTime)
				case 9:
					send(t, client, http.MethodGet, p.telemetry+"/metrics", "", settleTime)
				}
			}
		})
	}
	wg.Wait()
}

// send makes a request and gives up after timeout. Only a request that had all the time must be answered.
func send(t *testing.T, client *http.Client, method, url, body string, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := client.Do(r)
	if err != nil {
		if timeout == settleTime {
			t.Error(err)
		}
		return
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil && timeout == settleTime {
		t.Error(err)
	}
}

// wantGoroutines waits until there are no more than most, and shows all there are if that does not come.
func wantGoroutines(t *testing.T, when string, most int, disconnect func()) {
	t.Helper()
	deadline := time.Now().Add(settleTime)
	for {
		disconnect()
		n, stacks := goroutines()
		if n <= most {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s there are %d goroutines, want at most %d:\n%s", when, n, most, stacks)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// goroutines counts and shows those that run, but for the few of a gRPC client that generative-ai-go makes for each
// client of its own, never uses, and forgets to close.
func goroutines() (n int, stacks string) {
	dump := make([]byte, 16<<20)
	dump = dump[:runtime.Stack(dump, true)]
	var reused []string
	for stack := range strings.SplitSeq(string(dump), "\n\n") {
		if !strings.Contains(stack, "google.golang.org/grpc") {
			reused = append(reused, stack)
		}
	}
	return len(reused), strings.Join(reused, "\n\n")
}
