package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// generate is a model that is a function.
type generate func(context.Context, assistant.Request) (assistant.Answer, error)

func (generate) Name() string { return "test-model" }
func (g generate) Generate(ctx context.Context, r assistant.Request, _ func(assistant.Delta) error) (assistant.Answer, error) {
	return g(ctx, r)
}

// streamer is a model that is a function and answers in parts.
type streamer struct {
	name     string
	generate func(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error)
}

func (s streamer) Name() string { return s.name }
func (s streamer) Generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	return s.generate(ctx, r, emit)
}

// echo answers with the conversation so far.
func echo(_ context.Context, r assistant.Request) (assistant.Answer, error) {
	var said []string
	for _, m := range r.Messages {
		said = append(said, string(m.Role)+" "+m.Text())
	}
	return assistant.Answer{
		Text:  "[" + strings.Join(said, ", ") + "]",
		Usage: assistant.Usage{PromptTokens: len(r.Messages), CompletionTokens: 2},
	}, nil
}

// syncBuffer is a log that a test may read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newAPI(t *testing.T, model generate) (*API, *syncBuffer) {
	t.Helper()
	return newAPIWith(t, Config{Models: []assistant.Model{model}})
}

// newAPIWith returns an API of c, with defaults for what every API needs.
func newAPIWith(t *testing.T, c Config) (*API, *syncBuffer) {
	t.Helper()
	store, err := session.NewMemory(session.DefaultLimits(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	cpu := 1.5
	read := func() system.Reading {
		return system.Reading{
			CPUPercent: &cpu,
			Memory:     &system.Memory{Total: 100, Available: 75, Percent: 25},
			Disk:       &system.Disk{Total: 100, Used: 50, Percent: 50},
			Network:    &system.Network{BytesSent: 7},
		}
	}
	log := &syncBuffer{}
	c.Logger = logs.New(log, slog.LevelDebug)
	c.Sessions, c.System = store, read
	var names []string
	for _, m := range c.Models {
		names = append(names, m.Name())
	}
	c.Recorder = telemetry.New(telemetry.Config{Models: names, System: read})
	c.Recorder.CollectSessions(store.Active)
	for i, m := range c.Models {
		c.Models[i] = telemetry.Instrument(m, c.Recorder, c.Logger)
	}
	a := New(c)
	a.random = func() float64 { return 0 } // waits are the least there are
	return a, log
}

// do sends one request straight to the handler.
func do(a *API, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

func metrics(a *API) string { return do(a, http.MethodGet, "/metrics", "").Body.String() }

func wantSample(t *testing.T, page, sample string) {
	t.Helper()
	if !strings.Contains(page, sample+"\n") {
		name, _, _ := strings.Cut(sample, "{")
		var near []string
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, name) && !strings.Contains(line, "_bucket") {
				near = append(near, line)
			}
		}
		t.Errorf("/metrics lacks %s; it has\n%s", sample, strings.Join(near, ""))
	}
}

func decode[T any](t *testing.T, r io.Reader) T {
	t.Helper()
	var v T
	in := json.NewDecoder(r)
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// failingModel answers every other call, and fails in each way in turn in between.
func failingModel(name string, kinds []assistant.Kind, calls *int) streamer {
	return streamer{name, func(_ context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		*calls++
		if emit != nil {
			if err := emit(assistant.Delta{Text: "Half"}); err != nil {
				return assistant.Answer{}, &assistant.Error{Kind: assistant.KindCancelled, Err: err}
			}
		}
		if *calls%2 == 0 {
			return assistant.Answer{Text: "Half an answer"}, nil
		}
		return assistant.Answer{}, &assistant.Error{Kind: kinds[*calls/2%len(kinds)], Err: errors.New("scripted")}
	}}
}
