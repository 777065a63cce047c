package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/accounting"
	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
)

const (
	mixedCalls = 5000
	callers    = 32
)

// ending is one way a call can end: what the stand-in does, what the caller does, and the kind of error that is.
type callEnding struct {
	name  string
	scene server.Scene
	// leave is the chunk on which the caller goes away; with arrival it does when the call has reached the server.
	leave   int
	arrival bool
	// late makes the leaving a deadline, refuse an error of emit; without either it is a cancelled context.
	late, refuse bool
	kind         assistant.Kind // empty: the call succeeds
}

var callEndings = []callEnding{
	{name: "success", scene: server.Scene{Act: server.ActAnswer}},
	{name: "thoughtful", scene: server.Scene{Act: server.ActAnswer, ThinkingTokens: 17, CachedTokens: 5}},
	{name: "too-long", scene: server.Scene{Act: server.ActAnswer, Finish: "MAX_TOKENS"}},
	{name: "uncounted", scene: server.Scene{Act: server.ActAnswer, NoUsage: true}},
	{name: "thinks-aloud", scene: server.Scene{Act: server.ActAnswer, ThinkingTokens: 9, Thoughts: "let me see", Numbers: true}},
	{name: "silent", scene: server.Scene{Act: server.ActAnswer, Empty: true, Finish: "MAX_TOKENS", ThinkingTokens: 31}},
	{name: "tool", scene: server.Scene{Act: server.ActAnswer, ThinkingTokens: 11, Thoughts: "a tool will do"}},
	{name: "tools-at-once", scene: server.Scene{Act: server.ActAnswer, Calls: 3, Numbers: true}},
	{name: "tool-uncounted", scene: server.Scene{Act: server.ActAnswer, Calls: 2, NoUsage: true}},
	{name: "blocked-prompt", scene: server.Scene{Act: server.ActBlockPrompt}, kind: assistant.KindBlocked},
	{name: "blocked-uncounted", scene: server.Scene{Act: server.ActBlockPrompt, NoUsage: true}, kind: assistant.KindBlocked},
	{name: "blocked-answer", scene: server.Scene{Act: server.ActBlockAnswer, Chunks: 2, ThinkingTokens: 3}, kind: assistant.KindBlocked},
	{name: "quota", scene: server.Scene{Act: server.ActFail, Code: 429}, kind: assistant.KindQuota},
	{name: "minute", scene: server.Scene{Act: server.ActFail, Code: 429, Quotas: []string{"minute"}}, kind: assistant.KindQuotaMinute},
	{name: "day", scene: server.Scene{Act: server.ActFail, Code: 429, Quotas: []string{"minute", "day"}}, kind: assistant.KindQuotaDay},
	{name: "unavailable", scene: server.Scene{Act: server.ActFail, Code: 503}, kind: assistant.KindUnavailable},
	{name: "internal", scene: server.Scene{Act: server.ActFail, Code: 500}, kind: assistant.KindUnavailable},
	{name: "quota-amidst", scene: server.Scene{Act: server.ActFailWithin, Code: 429, Chunks: 2}, kind: assistant.KindQuota},
	{name: "unavailable-at-once", scene: server.Scene{Act: server.ActFailWithin, Code: 503}, kind: assistant.KindUnavailable},
	{name: "truncated", scene: server.Scene{Act: server.ActTruncate, Chunks: 2, CachedTokens: 4}, kind: assistant.KindTruncated},
	{name: "truncated-uncounted", scene: server.Scene{Act: server.ActTruncate, Chunks: 2, NoUsage: true}, kind: assistant.KindTruncated},
	{name: "truncated-at-once", scene: server.Scene{Act: server.ActTruncate}, kind: assistant.KindTruncated},
	{name: "timeout", scene: server.Scene{Act: server.ActStall}, arrival: true, late: true, kind: assistant.KindTimeout},
	{name: "timeout-amidst", scene: server.Scene{Act: server.ActStall, Chunks: 2}, leave: 2, late: true, kind: assistant.KindTimeout},
	{name: "hang-up", scene: server.Scene{Act: server.ActStall}, arrival: true, kind: assistant.KindCancelled},
	{name: "hang-up-amidst", scene: server.Scene{Act: server.ActStall, Chunks: 1}, leave: 1, kind: assistant.KindCancelled},
	{name: "hang-up-uncounted", scene: server.Scene{Act: server.ActStall, Chunks: 2, NoUsage: true}, leave: 2, kind: assistant.KindCancelled},
	{name: "write-fails", scene: server.Scene{Act: server.ActStall, Chunks: 2}, leave: 2, refuse: true, kind: assistant.KindCancelled},
}

// stage is a stand-in that plays the endings and books what it did.
type accountingFixture struct {
	fake *server.Server
	srv  *httptest.Server

	booked accounting.Totals

	mu      sync.Mutex
	arrived map[string]func() // by call, what its arrival sets off
}

func newStage(t *testing.T) *accountingFixture {
	t.Helper()
	s := &accountingFixture{arrived: map[string]func(){}}
	var script []server.Scene
	for _, e := range callEndings {
		e.scene.When = "#" + e.name + " "
		script = append(script, e.scene)
	}
	var err error
	s.fake, err = server.New(server.Config{Seed: 3, Behaviour: server.Behaviour{Scenes: script}, Ended: s.booked.Add})
	if err != nil {
		t.Fatal(err)
	}
	s.srv = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

var callID = regexp.MustCompile(`call-\d+`)

func (s *accountingFixture) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone before the call was made
	}
	s.mu.Lock()
	arrived := s.arrived[string(callID.Find(body))]
	s.mu.Unlock()
	if arrived != nil {
		arrived()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.fake.ServeHTTP(w, r)
}

// deadline is a context whose deadline the test triggers.
type deadline struct {
	context.Context
	over chan struct{}
}

func (d deadline) Done() <-chan struct{} { return d.over }
func (d deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// call makes the nth call and returns what it came to.
func (s *accountingFixture) call(model assistant.Model, n int, e callEnding) error {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	if e.late {
		d := deadline{context.Background(), make(chan struct{})}
		ctx, leave = d, sync.OnceFunc(func() { close(d.over) })
	}
	id := fmt.Sprintf("call-%d", n)
	if e.arrival {
		s.mu.Lock()
		s.arrived[id] = leave
		s.mu.Unlock()
	}
	var emit func(assistant.Delta) error
	if e.leave > 0 || n%2 == 0 { // without emit it is a whole answer that is wanted
		chunks := 0
		emit = func(assistant.Delta) error {
			chunks++
			switch {
			case chunks != e.leave:
			case e.refuse:
				return errors.New("the connection is gone")
			default:
				leave()
			}
			return nil
		}
	}
	request := assistant.Request{
		System:   "be brief",
		Messages: []assistant.Message{assistant.NewText(assistant.RoleUser, "#"+e.name+" "+id+strings.Repeat(" word", n%23))},
	}
	if strings.HasPrefix(e.name, "tool") {
		request.Tools = []assistant.Tool{{Name: "depth", Parameters: json.RawMessage(`{"properties":{"place":{"type":"string"}}}`)}}
	}
	_, err := model.Generate(ctx, request, emit)
	return err
}

// TestMixedCallsEqualTheLedger plays thousands of calls that end in every way a call can, and holds /metrics to what
// the stand-in booked, exactly. Nothing in it depends on time: whoever leaves does so on a chunk, or once the call has
// reached the server, which then says no more.
func TestMixedCallsEqualTheLedger(t *testing.T) {
	s, r := newStage(t), fresh()
	upstream, err := gemini.New(t.Context(), gemini.Config{
		APIKey: "key", Endpoint: s.srv.URL, Silence: time.Minute, OnAttempt: r.Attempt,
	})
	if err != nil {
		t.Fatal(err)
	}
	instrumented := Instrument(upstream.Model(model), r, slog.New(slog.DiscardHandler))
	atStart := runtime.NumGoroutine()

	kinds := s.hammer(t, instrumented)
	if err := upstream.Close(); err != nil {
		t.Error(err)
	}
	goroutinesReturnTo(t, atStart)
	s.srv.Close() // waits for what the handlers have still to book

	page, err := accounting.Parse(strings.NewReader(scrape(t, r, slog.New(slog.DiscardHandler), "")), "model", "endpoint")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range page.Differences(s.expected(t, kinds)) {
		t.Error(d)
	}
}

// hammer makes all the calls and returns how many ended in each kind of error.
func (s *accountingFixture) hammer(t *testing.T, model assistant.Model) map[string]float64 {
	t.Helper()
	order := rand.New(rand.NewPCG(1, 2))
	type job struct {
		n int
		e callEnding
	}
	jobs := make(chan job)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for j := range jobs {
				err := s.call(model, j.n, j.e)
				if (err == nil) != (j.e.kind == "") || (err != nil && assistant.KindOf(err) != j.e.kind) {
					t.Errorf("%s: %v, want kind %q", j.e.name, err, j.e.kind)
				}
			}
		})
	}
	kinds := map[string]float64{}
	for n := range mixedCalls {
		e := callEndings[order.IntN(len(callEndings))]
		if n < len(callEndings) {
			e = callEndings[n]
		}
		if e.kind != "" {
			kinds[string(e.kind)]++
		}
		jobs <- job{n, e}
	}
	close(jobs)
	running.Wait()
	return kinds
}
