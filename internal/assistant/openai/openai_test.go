package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

const (
	canaryKey   = "sk-canary-key"
	canaryWords = "canary words of a conversation"
)

// reply is a raw answer of a server.
type reply struct {
	status int // 200 by default
	header map[string]string
	body   string
	end    string // "cut" breaks the connection after the body, "hang" sends nothing more
}

// scripted is a server that sends one reply after another, the last for ever.
type scripted struct {
	*httptest.Server
	mu       sync.Mutex
	replies  []reply
	requests []*http.Request
	bodies   []string
}

func serve(t *testing.T, replies ...reply) *scripted {
	t.Helper()
	s := &scripted{replies: replies}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	answer := s.replies[min(len(s.requests), len(s.replies))-1]
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	if strings.HasPrefix(answer.body, "{") || strings.HasPrefix(answer.body, "[") {
		w.Header().Set("Content-Type", "application/json")
	}
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	if answer.status != 0 {
		w.WriteHeader(answer.status)
	}
	_, _ = io.WriteString(w, answer.body)
	_ = http.NewResponseController(w).Flush()
	switch answer.end {
	case "cut":
		time.Sleep(20 * time.Millisecond) // what was sent arrives before
		panic(http.ErrAbortHandler)
	case "hang":
		<-r.Context().Done()
	}
}

// attempts are the statuses that OnAttempt reported.
type attempts struct {
	mu       sync.Mutex
	statuses []int
}

func (a *attempts) add(_ context.Context, model string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if model != "m" {
		status = -1
	}
	a.statuses = append(a.statuses, status)
}

func newClient(t *testing.T, c Config) *Client {
	t.Helper()
	if c.Silence == 0 {
		c.Silence = 5 * time.Second
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// ask generates an answer and checks that its deltas are the answer.
func ask(t *testing.T, m assistant.Model, r assistant.Request) (assistant.Answer, error) {
	t.Helper()
	var text strings.Builder
	var calls []assistant.ToolCall
	answer, err := m.Generate(t.Context(), r, func(d assistant.Delta) error {
		text.WriteString(d.Text)
		if c := d.ToolCall; c != nil {
			if c.Index == len(calls) && c.ID != "" && c.Name != "" {
				calls = append(calls, assistant.ToolCall{ID: c.ID, Name: c.Name})
			}
			calls[c.Index].Arguments += c.Arguments
		}
		return nil
	})
	if text.String() != answer.Text || !reflect.DeepEqual(calls, answer.ToolCalls) {
		t.Errorf("deltas are %q and %+v, the answer %q and %+v", text.String(), calls, answer.Text, answer.ToolCalls)
	}
	return answer, err
}

func hello() assistant.Request {
	return assistant.Request{Messages: []assistant.Message{assistant.NewText(assistant.RoleUser, canaryWords)}}
}

func TestAnswers(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, tried := serve(t, tt.reply), &attempts{}
			silence := 5 * time.Second
			if tt.reply.end == "hang" {
				silence = 100 * time.Millisecond
			}
			client := newClient(t, Config{
				BaseURL: server.URL + "/v1", Key: func() string { return canaryKey }, Silence: silence, OnAttempt: tried.add,
			})
			answer, err := ask(t, client.Model("m"), hello())
			for i := range answer.ToolCalls {
				if strings.HasPrefix(answer.ToolCalls[i].ID, "call_") && len(answer.ToolCalls[i].ID) > 20 {
					answer.ToolCalls[i].ID = "ours"
				}
			}
			if answer.Usage.Source == assistant.UsageReported {
				answer.Usage.Source = ""
			}
			if !reflect.DeepEqual(answer, tt.want) {
				t.Errorf("answer = %+v\nwant %+v", answer, tt.want)
			}
			checkError(t, err, tt)
			status := tt.reply.status
			if status == 0 && !tt.unsent {
				status = http.StatusOK
			}
			if !slices.Equal(tried.statuses, []int{status}) {
				t.Errorf("attempts = %v, want one of %d", tried.statuses, status)
			}
		})
	}
	if len(answers) < 40 {
		t.Errorf("%d answers", len(answers))
	}
}

func checkError(t *testing.T, err error, tt answerTest) {
	t.Helper()
	if tt.kind == "" {
		if err != nil {
			t.Errorf("error = %v", err)
		}
		return
	}
	var failed *assistant.Error
	if !errors.As(err, &failed) {
		t.Fatalf("error = %v, want kind %s", err, tt.kind)
	}
	if failed.Kind != tt.kind || failed.RetryAfter != tt.retryAfter {
		t.Errorf("error = %v after %v, want kind %s after %v", err, failed.RetryAfter, tt.kind, tt.retryAfter)
	}
	if text := err.Error(); !strings.Contains(text, tt.says) || strings.Contains(text, "canary") {
		t.Errorf("error = %q, want %q in it, and nothing private", text, tt.says)
	}
}

func TestWithoutAKeyThereIsNoAuthorization(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "from-the-environment")
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
	for name, key := range map[string]func() string{"nil": nil, "empty": func() string { return "" }, "set": func() string { return "k" }} {
		server := serve(t, reply{body: sse(`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`)})
		if _, err := ask(t, newClient(t, Config{BaseURL: server.URL, Key: key}).Model("m"), hello()); err != nil {
			t.Fatal(err)
		}
		got, sent := server.requests[0].Header["Authorization"]
		if want := name == "set"; sent != want || want && got[0] != "Bearer k" {
			t.Errorf("%s: Authorization = %q", name, got)
		}
		if got := server.requests[0].URL.Path; got != "/chat/completions" {
			t.Errorf("path = %q", got)
		}
	}
}

func TestACallerThatStopsEndsTheCall(t *testing.T) {
	server := serve(t, reply{body: "data: " + text("a") + "\n\n", end: "hang"})
	m := newClient(t, Config{BaseURL: server.URL}).Model("m")
	answer, err := m.Generate(t.Context(), hello(), func(assistant.Delta) error { return errors.New(canaryWords) })
	if assistant.KindOf(err) != assistant.KindCancelled || answer.Text != "a" || strings.Contains(err.Error(), "canary") {
		t.Errorf("Generate = %+v, %v", answer, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	answer, err = m.Generate(ctx, hello(), func(assistant.Delta) error { cancel(); return nil })
	if assistant.KindOf(err) != assistant.KindCancelled || answer.Text != "a" {
		t.Errorf("Generate = %+v, %v", answer, err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err = m.Generate(ctx, hello(), nil); assistant.KindOf(err) != assistant.KindTimeout {
		t.Errorf("error = %v, want a timeout", err)
	}
}

func TestAnUnreachableServerIsUnavailable(t *testing.T) {
	server, tried := serve(t), &attempts{}
	server.Close()
	client := newClient(t, Config{BaseURL: server.URL, OnAttempt: tried.add})
	if _, err := client.Model("m").Generate(t.Context(), hello(), nil); assistant.KindOf(err) != assistant.KindUnavailable {
		t.Errorf("error = %v", err)
	}
	if !slices.Equal(tried.statuses, []int{0}) {
		t.Errorf("attempts = %v", tried.statuses)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	server := serve(t, reply{body: sse(text("a"), end("stop"))})
	m := newClient(t, Config{BaseURL: server.URL}).Model("m")
	addresses := map[string]bool{}
	for range 20 {
		if _, err := m.Generate(t.Context(), hello(), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range server.requests {
		addresses[r.RemoteAddr] = true
	}
	if len(addresses) != 1 {
		t.Errorf("20 calls dialled %d times", len(addresses))
	}
}

func TestConfig(t *testing.T) {
	for base, good := range map[string]bool{
		"": true, "http://vllm:8000/v1": true, "https://api.openai.com/v1/": true,
		"localhost:11434": false, "ftp://x": false, "http://user:canary@x": false, "http://x?a=b": false, "http://x#a": false, "http://[": false,
	} {
		_, err := New(Config{BaseURL: base, Silence: time.Second})
		if (err == nil) != good || (upstream.CheckURL(base) == nil) != good {
			t.Errorf("%q: %v", base, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error %v holds the password", err)
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("there is no limit on silence")
	}
	for base, want := range map[string]bool{
		"": true, "https://api.openai.com/v1": true, "https://EU.api.openai.com": true, "http://api.openai.com.evil": false, "https://me.openai.azure.com/openai/v1": true, "http://vllm": false, "http://[": false,
	} {
		if IsOpenAI(base) != want {
			t.Errorf("IsOpenAI(%q) = %t", base, !want)
		}
	}
}

// sameJSON compares two JSON texts.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%v: %s", err, want)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("it is   %s\nwanted %s", got, want)
	}
}
