package httpapi

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// silences is a model that says a word after each silence, and then ends with err.
func silences(err error, silent ...time.Duration) streamer {
	return streamer{"test-model", func(ctx context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		for _, d := range silent {
			select {
			case <-time.After(d):
			case <-ctx.Done():
				return assistant.Answer{}, ctx.Err()
			}
			if d > 0 {
				if err := emit(assistant.Delta{Text: "word"}); err != nil {
					return assistant.Answer{}, err
				}
			}
		}
		return assistant.Answer{Text: "words", Finish: assistant.FinishStop}, err
	}}
}

func TestASilentStreamShowsThatItLives(t *testing.T) {
	unavailable := &assistant.Error{Kind: assistant.KindUnavailable, Err: errors.New("down")}
	failsLate := streamer{"test-model", func(context.Context, assistant.Request, func(assistant.Delta) error) (assistant.Answer, error) {
		time.Sleep(12 * time.Second)
		return assistant.Answer{}, unavailable
	}}
	for _, tt := range []struct {
		name     string
		model    assistant.Model
		interval time.Duration
		status   int
		want     []string // what begins each event
	}{
		{"before the first word", silences(nil, 12*time.Second), 5 * time.Second, 200,
			[]string{": waiting", ": waiting", "data: {", "data: {", "data: {", "data: [DONE]"}},
		{"between words", silences(nil, time.Second, 4*time.Second, 6*time.Second), 5 * time.Second, 200,
			[]string{"data: {", "data: {", "data: {", ": waiting", "data: {", "data: {", "data: [DONE]"}},
		{"switched off", silences(nil, time.Hour), 0, 200, []string{"data: {", "data: {", "data: {", "data: [DONE]"}},
		{"a failure after it", failsLate, 5 * time.Second, 200, []string{": waiting", ": waiting", `data: {"error":`}},
		{"a failure before it", failsLate, time.Minute, 503, []string{`{"error":`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := newAPIWith(t, Config{Models: []assistant.Model{tt.model}, KeepAlive: tt.interval})
				w := do(a, "POST", completionsPath, with(`"stream":true`))
				time.Sleep(time.Hour) // nothing comes after the end
				got := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
				if w.Code != tt.status || len(got) != len(tt.want) {
					t.Fatalf("answer = %d\n%s\nwant %d %q", w.Code, w.Body, tt.status, tt.want)
				}
				for i, event := range got {
					if !strings.HasPrefix(event, tt.want[i]) {
						t.Errorf("event %d = %s, want %s", i, event, tt.want[i])
					}
				}
			})
		})
	}
}

func TestAStreamThatFailsAfterASignOfLifeIsCountedAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := streamer{"test-model", func(context.Context, assistant.Request, func(assistant.Delta) error) (assistant.Answer, error) {
			time.Sleep(2 * time.Second)
			return assistant.Answer{}, &assistant.Error{Kind: assistant.KindQuota, Err: errors.New("429")}
		}}
		a, _ := newAPIWith(t, Config{Models: []assistant.Model{model}, KeepAlive: time.Second})
		do(a, "POST", completionsPath, with(`"stream":true`))
		wantSample(t, metrics(a), `http_requests_total{endpoint="/v1/chat/completions",method="POST",status="429"} 1`)
	})
}

// TestSignsOfLifeDoNotTearEvents: the model speaks about as often as the signs come.
func TestSignsOfLifeDoNotTearEvents(t *testing.T) {
	model := streamer{"test-model", func(_ context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		for range 50 {
			time.Sleep(time.Millisecond)
			if err := emit(assistant.Delta{Text: "word"}); err != nil {
				return assistant.Answer{}, err
			}
		}
		return assistant.Answer{Text: "words"}, nil
	}}
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{model}, KeepAlive: time.Millisecond})
	srv := httptest.NewServer(a.Handler())
	defer srv.Close()
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			words, in := 0, streaming(t.Context(), t, srv.URL)
			for in.Scan() {
				switch line := in.Text(); {
				case strings.Contains(line, `"content":"word"`):
					words++
				case line != "" && line != ": waiting" && !strings.HasPrefix(line, "data: "):
					t.Errorf("line = %q", line)
				}
			}
			if words != 50 {
				t.Errorf("%d words, want 50", words)
			}
		})
	}
	clients.Wait()
}

func TestSignsOfLifeEndWithThePanicOfAModel(t *testing.T) {
	model := streamer{"test-model", func(context.Context, assistant.Request, func(assistant.Delta) error) (assistant.Answer, error) {
		time.Sleep(20 * time.Millisecond)
		panic("boom")
	}}
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{model}, KeepAlive: time.Millisecond})
	srv := httptest.NewServer(a.Handler())
	defer srv.Close()
	in := streaming(t.Context(), t, srv.URL)
	if next(in, "[DONE]") || in.Err() == nil {
		t.Errorf("a broken answer looks whole: %v", in.Err())
	}
}
