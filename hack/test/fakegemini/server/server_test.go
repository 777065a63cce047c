package server

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

const hello = `{"contents":[{"role":"user","parts":[{"text":"one two three four"}]}]}`

func newServer(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func send(s *Server, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Goog-Api-Key", "k")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func post(s *Server, call, body string) *httptest.ResponseRecorder {
	return send(s, "POST", "/v1beta/models/"+call, body)
}

func decode[T any](t *testing.T, data string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

func text(responses []generateResponse) string {
	var b strings.Builder
	for _, r := range responses {
		b.WriteString(r.Candidates[0].Content.Parts[0].Text)
	}
	return b.String()
}

func TestAllFormsGiveTheSameAnswer(t *testing.T) {
	// Each server's first call has the same random source.
	c := Config{Behaviour: DefaultBehaviour(), Seed: 3}
	whole := decode[generateResponse](t, post(newServer(t, c), "gemini:generateContent", hello).Body.String())
	array := decode[[]generateResponse](t, post(newServer(t, c), "gemini:streamGenerateContent", hello).Body.String())
	var events []generateResponse
	sse := bufio.NewScanner(post(newServer(t, c), "gemini:streamGenerateContent?alt=sse", hello).Body)
	for sse.Scan() {
		if data, ok := strings.CutPrefix(sse.Text(), "data: "); ok {
			events = append(events, decode[generateResponse](t, data))
		}
	}
	want := text([]generateResponse{whole})
	for name, stream := range map[string][]generateResponse{"array": array, "sse": events} {
		if text(stream) != want {
			t.Errorf("%s says %q, want %q", name, text(stream), want)
		}
		if len(stream) < 2 {
			t.Errorf("%s came in %d piece", name, len(stream))
		}
		last := stream[len(stream)-1]
		if *last.Usage != *whole.Usage || last.Candidates[0].FinishReason != "STOP" {
			t.Errorf("%s ends with %+v, want usage %+v", name, last, whole.Usage)
		}
		if first := stream[0]; first.Usage.Candidates >= whole.Usage.Candidates || first.Candidates[0].FinishReason != "" {
			t.Errorf("%s begins with %+v, want less usage and no finish reason", name, first)
		}
	}
	if whole.Usage.Prompt != 6 || whole.Usage.Candidates != estimate(len(strings.Fields(want))) {
		t.Errorf("usage = %+v, want 1.3 tokens a word", whole.Usage)
	}
}

func TestTheSeedDecides(t *testing.T) {
	play := func(seed uint64) []int {
		s := newServer(t, Config{Behaviour: Behaviour{ErrorRate: 0.5, ErrorCodes: []int{429, 500, 503}}, Seed: seed})
		var codes []int
		for range 40 {
			codes = append(codes, post(s, "gemini:generateContent", hello).Code)
		}
		return codes
	}
	first := play(1)
	if !slices.Equal(first, play(1)) {
		t.Error("one seed gave two sequences")
	}
	if slices.Equal(first, play(2)) {
		t.Error("two seeds gave one sequence")
	}
	for _, code := range []int{200, 429, 500, 503} {
		if !slices.Contains(first, code) {
			t.Errorf("%d never came in %v", code, first)
		}
	}
}

func TestRefusals(t *testing.T) {
	c := Config{Behaviour: DefaultBehaviour(), APIKey: "right", Models: []string{"gemini"}}
	for _, tt := range []struct {
		name, key, target, body string
		code                    int
		status, reason          string
	}{
		{"no key", "", "gemini:generateContent", hello, 403, "PERMISSION_DENIED", ""},
		{"wrong key", "wrong", "gemini:generateContent", hello, 400, "INVALID_ARGUMENT", "API_KEY_INVALID"},
		{"key in the URL", "", "gemini:generateContent?key=right", hello, 200, "", ""},
		{"unknown model", "right", "gpt:generateContent", hello, 404, "NOT_FOUND", ""},
		{"unknown method", "right", "gemini:paint", hello, 404, "NOT_FOUND", ""},
		{"no contents", "right", "gemini:generateContent", `{}`, 400, "INVALID_ARGUMENT", ""},
		{"not JSON", "right", "gemini:generateContent", `hello`, 400, "INVALID_ARGUMENT", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, c)
			r := httptest.NewRequest("POST", "/v1beta/models/"+tt.target, strings.NewReader(tt.body))
			r.Header.Set("X-Goog-Api-Key", tt.key)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.code {
				t.Fatalf("code = %d, want %d: %s", w.Code, tt.code, w.Body)
			}
			if tt.code == 200 {
				return
			}
			got := decode[errorBody](t, w.Body.String()).Error
			if got.Code != tt.code || got.Status != tt.status || got.Message == "" {
				t.Errorf("error = %+v, want %d %s", got, tt.code, tt.status)
			}
			if tt.reason != "" && (len(got.Details) != 1 || got.Details[0].Reason != tt.reason) {
				t.Errorf("details = %+v, want %s", got.Details, tt.reason)
			}
			if l := s.Ledger(); l.Requests != 1 || l.Errors[tt.code] != 1 {
				t.Errorf("ledger = %+v, want the refusal in it", l)
			}
		})
	}
}

func TestAnArrayCallFailsInAnArray(t *testing.T) {
	s := newServer(t, Config{Behaviour: Behaviour{ErrorRate: 1, ErrorCodes: []int{429}}})
	w := post(s, "gemini:streamGenerateContent", hello)
	got := decode[[]errorBody](t, w.Body.String())
	if w.Code != 429 || len(got) != 1 || got[0].Error.Status != "RESOURCE_EXHAUSTED" {
		t.Errorf("answer = %d %+v", w.Code, got)
	}
}

func TestBadBehaviourIsRefused(t *testing.T) {
	s := newServer(t, Config{Behaviour: Behaviour{PromptTokens: 5}})
	for _, bad := range []Behaviour{
		{ErrorRate: 1.5, ErrorCodes: []int{500}}, {ErrorRate: 0.5}, {BlockRate: -1}, {ErrorCodes: []int{200}},
	} {
		if err := s.SetBehaviour(bad); err == nil {
			t.Errorf("SetBehaviour(%+v) succeeded", bad)
		}
	}
	if got := s.Behaviour(); got.PromptTokens != 5 {
		t.Errorf("a refused change was kept: %+v", got)
	}
}

func TestTokensAndBlocks(t *testing.T) {
	s := newServer(t, Config{Behaviour: Behaviour{PromptTokens: 11, CompletionTokens: 130}})
	got := decode[generateResponse](t, post(s, "gemini:generateContent", hello).Body.String())
	if want := (usage{Prompt: 11, Candidates: 130, Total: 141}); *got.Usage != want {
		t.Errorf("usage = %+v, want %+v", got.Usage, want)
	}
	if words := len(strings.Fields(text([]generateResponse{got}))); words != 100 {
		t.Errorf("%d words, want as many as 130 tokens make", words)
	}
	if err := s.SetBehaviour(Behaviour{BlockRate: 1}); err != nil {
		t.Fatal(err)
	}
	blocked := decode[generateResponse](t, post(s, "gemini:generateContent", hello).Body.String())
	if blocked.PromptFeedback == nil || len(blocked.Candidates) != 0 {
		t.Errorf("answer = %+v, want a blocked prompt", blocked)
	}
	ledger := decode[Ledger](t, send(s, "GET", "/ledger", "").Body.String())
	if ledger.Requests != 2 || ledger.Answers != 1 || ledger.Blocked != 1 || ledger.PromptTokens != 11+6 || ledger.CompletionTokens != 130 {
		t.Errorf("ledger = %+v", ledger)
	}
}

func TestLatencyEndsWithTheClient(t *testing.T) {
	s := newServer(t, Config{Behaviour: Behaviour{Latency: time.Hour}})
	srv := httptest.NewServer(s)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/v1beta/models/gemini:generateContent", strings.NewReader(hello))
	r.Header.Set("X-Goog-Api-Key", "k")
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Fatal("an answer came before its latency had passed")
	}
	srv.Close() // waits for the handler
	if l := s.Ledger(); l.Cancelled != 1 || l.Answers != 0 {
		t.Errorf("ledger = %+v, want a cancelled call", l)
	}
}

func TestJitterStaysInItsBounds(t *testing.T) {
	s := newServer(t, Config{})
	b := Behaviour{Latency: 100 * time.Millisecond, LatencyJitter: 50 * time.Millisecond}
	low, high := time.Hour, time.Duration(0)
	for n := range uint64(1000) {
		d := b.draw(s.random(n)).delay
		low, high = min(low, d), max(high, d)
	}
	if low < 50*time.Millisecond || low > 60*time.Millisecond || high > 150*time.Millisecond || high < 140*time.Millisecond {
		t.Errorf("delays from %v to %v, want all of 50ms to 150ms", low, high)
	}
}
