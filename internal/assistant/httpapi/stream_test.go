package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// events are the data of server-sent events.
func events(t *testing.T, body string) []string {
	t.Helper()
	var out []string
	for event := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		data, ok := strings.CutPrefix(event, "data: ")
		if !ok || strings.Contains(data, "\n") {
			t.Fatalf("not an event of one line: %q", event)
		}
		out = append(out, data)
	}
	return out
}

func TestAStreamIsOpenAIs(t *testing.T) {
	choice := func(delta map[string]any, reason any) []any {
		return []any{map[string]any{"index": 0.0, "delta": delta, "logprobs": nil, "finish_reason": reason}}
	}
	text := func(s string) map[string]any { return map[string]any{"content": s} }
	usage := map[string]any{
		"prompt_tokens": 7.0, "completion_tokens": 3.0, "total_tokens": 10.0,
		"prompt_tokens_details":     map[string]any{"cached_tokens": 2.0},
		"completion_tokens_details": map[string]any{"reasoning_tokens": 1.0},
	}
	choices := [][]any{
		choice(map[string]any{"role": "assistant", "content": ""}, nil), choice(text("Hello, "), nil), choice(text("world"), nil),
		choice(map[string]any{}, "length"),
	}
	for _, tt := range []struct {
		name, parameters string
		usage            []any // of each chunk; without it there is none
	}{
		{"plain", `"stream":true`, nil},
		{"with usage", `"stream":true,"stream_options":{"include_usage":true}`, []any{nil, nil, nil, nil, usage}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := complete(t, parts(nil), with(tt.parameters))
			if w.Code != 200 || w.Header().Get("Content-Type") != "text/event-stream; charset=utf-8" || !w.Flushed {
				t.Fatalf("answer = %d %v", w.Code, w.Header())
			}
			got := events(t, w.Body.String())
			if final := got[len(got)-1]; final != "[DONE]" {
				t.Errorf("last event = %s", final)
			}
			want := choices
			if tt.usage != nil {
				want = append(want[:len(want):len(want)], []any{})
			}
			if len(got) != len(want)+1 {
				t.Fatalf("%d events, want %d:\n%s", len(got), len(want)+1, w.Body)
			}
			id := ""
			for i, data := range got[:len(got)-1] {
				var chunk map[string]any
				if err := json.Unmarshal([]byte(data), &chunk); err != nil {
					t.Fatal(err)
				}
				if id == "" {
					id, _ = chunk["id"].(string)
				}
				if chunk["id"] != id || chunk["object"] != "chat.completion.chunk" || chunk["model"] != "test-model" || chunk["created"] == nil {
					t.Errorf("chunk = %v", chunk)
				}
				if !reflect.DeepEqual(chunk["choices"], any(want[i])) {
					t.Errorf("choices = %v, want %v", chunk["choices"], want[i])
				}
				got, there := chunk["usage"]
				if there != (tt.usage != nil) || there && !reflect.DeepEqual(got, tt.usage[i]) {
					t.Errorf("usage = %v of %s", got, data)
				}
			}
		})
	}
}

// breaking is a model that fails after the first part of its answer.
func breaking(kind assistant.Kind) streamer {
	return streamer{"test-model", func(_ context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		_ = emit(assistant.Delta{Text: "Half"})
		return assistant.Answer{Text: "Half"}, &assistant.Error{Kind: kind, Err: errors.New("secret detail")}
	}}
}

func TestAStreamThatBreaksSaysSo(t *testing.T) {
	a, log := newAPIWith(t, Config{Models: []assistant.Model{breaking(assistant.KindUnavailable)}})
	got := events(t, do(a, "POST", "/v1/chat/completions", with(`"stream":true`)).Body.String())
	final := decode[openAIErrorBody](t, strings.NewReader(got[len(got)-1])).Error
	if len(got) != 3 || final.Type != "server_error" || final.Code != "unavailable" || strings.Contains(final.Message, "secret") {
		t.Errorf("events = %q", got)
	}
	page := metrics(a)
	wantSample(t, page, `http_requests_total{endpoint="/v1/chat/completions",method="POST",status="503"} 1`)
	wantSample(t, page, `http_requests_total{endpoint="/v1/chat/completions",method="POST",status="200"} 0`)
	wantSample(t, page, `errors_total{endpoint="/v1/chat/completions",error_type="unavailable"} 1`)
	if !strings.Contains(log.String(), `"message":"Request failed"`) {
		t.Errorf("the log lacks the failure:\n%s", log)
	}
}

func TestAStreamThatTheFilterCutShort(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{breaking(assistant.KindBlocked)}})
	got := events(t, do(a, "POST", "/v1/chat/completions", with(`"stream":true`)).Body.String())
	if len(got) != 4 || !strings.Contains(got[2], `"finish_reason":"content_filter"`) || got[3] != "[DONE]" {
		t.Errorf("events = %q", got)
	}
	wantSample(t, metrics(a), `errors_total{endpoint="/v1/chat/completions",error_type="blocked"} 1`)
}

func TestAModelThatDoesNotStreamIsStreamedAtOnce(t *testing.T) {
	got := events(t, complete(t, generate(echo), with(`"stream":true`)).Body.String())
	if len(got) != 4 || !strings.Contains(got[1], `"content":"[user hi]"`) || !strings.Contains(got[2], `"stop"`) {
		t.Errorf("events = %q", got)
	}
}

// stepping is a model whose parts are what comes from a channel, until that is closed.
func stepping() (streamer, chan string) {
	steps := make(chan string)
	return streamer{"test-model", func(ctx context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		var answer assistant.Answer
		for {
			select {
			case part, more := <-steps:
				if !more {
					return answer, nil
				}
				answer.Text += part
				if err := emit(assistant.Delta{Text: part}); err != nil {
					return answer, &assistant.Error{Kind: assistant.KindCancelled, Err: err}
				}
			case <-ctx.Done():
				return answer, &assistant.Error{Kind: assistant.KindCancelled, Err: ctx.Err()}
			}
		}
	}}, steps
}

// streaming requests a streamed completion and returns its events.
func streaming(ctx context.Context, t *testing.T, url string) *bufio.Scanner {
	t.Helper()
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(with(`"stream":true`)))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return bufio.NewScanner(strings.NewReader(""))
	}
	t.Cleanup(func() { resp.Body.Close() })
	return bufio.NewScanner(resp.Body)
}

// next reads up to the event that holds text, and reports whether it came.
func next(in *bufio.Scanner, text string) bool {
	for in.Scan() {
		if strings.Contains(in.Text(), text) {
			return true
		}
	}
	return false
}

func TestEventsComeAsTheModelSpeaksHoweverLong(t *testing.T) {
	model, steps := stepping()
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{model}})
	srv := httptest.NewUnstartedServer(a.Handler())
	srv.Config.WriteTimeout = 100 * time.Millisecond // for all but streams
	srv.Start()
	defer srv.Close()
	go func() { steps <- "one" }()
	in := streaming(t.Context(), t, srv.URL)
	for i, part := range []string{"one", "two", "three"} {
		if i > 0 {
			time.Sleep(150 * time.Millisecond) // past the server's timeout, for every part
			steps <- part
		}
		if !next(in, `"content":"`+part+`"`) {
			t.Fatalf("%s did not come: %v", part, in.Err())
		}
	}
	close(steps)
	if !next(in, "[DONE]") {
		t.Errorf("the stream did not end well: %v", in.Err())
	}
}

func TestAClientThatLeavesAStream(t *testing.T) {
	model, steps := stepping()
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{model}})
	srv := httptest.NewServer(a.Handler())
	defer srv.Close()
	ctx, leave := context.WithCancel(t.Context())
	go func() { steps <- "one" }()
	if !next(streaming(ctx, t, srv.URL), "one") {
		t.Fatal("no event came")
	}
	leave()
	srv.Close() // waits for the handler
	page := metrics(a)
	wantSample(t, page, `http_requests_total{endpoint="/v1/chat/completions",method="POST",status="499"} 1`)
	wantSample(t, page, `errors_total{endpoint="/v1/chat/completions",error_type="cancelled"} 1`)
}

func TestDrainLetsStreamsFinishAndCancelsTheRest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		ends    bool
	}{
		{"within the limit", 20 * time.Second, true},
		{"past the limit", 50 * time.Millisecond, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model, steps := stepping()
			a, _ := newAPIWith(t, Config{Models: []assistant.Model{model}})
			public := listen(t)
			url := "http://" + public.Addr().String()
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() {
				served <- a.Serve(ctx, Serving{Public: public, ShutdownTimeout: tt.timeout})
			}()
			go func() { steps <- "one" }()
			in := streaming(t.Context(), t, url)
			if !next(in, "one") {
				t.Fatal("no event came")
			}
			stop()
			if !tt.ends {
				if err := <-served; err == nil {
					t.Error("Serve reports a clean end")
				}
				if next(in, "[DONE]") {
					t.Error("a stream that was cancelled looks whole")
				}
				return
			}
			for status(url+"/health") != 0 { // until no connection is taken
				time.Sleep(time.Millisecond)
			}
			steps <- "two"
			close(steps)
			if !next(in, "two") || !next(in, "[DONE]") {
				t.Errorf("the stream did not finish: %v", in.Err())
			}
			if err := <-served; err != nil {
				t.Errorf("Serve = %v, want a clean end", err)
			}
		})
	}
}
