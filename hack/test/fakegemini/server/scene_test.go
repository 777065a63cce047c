package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// staged plays one streamed call that is this scene's, and returns the body and what was booked.
func staged(t *testing.T, scene Scene) (*httptest.ResponseRecorder, Call, Ledger) {
	t.Helper()
	var booked []Call
	s := newServer(t, Config{
		Behaviour: Behaviour{PromptTokens: 10, CompletionTokens: 40, Scenes: []Scene{scene}}, // 30 words, 4 chunks
		Ended:     func(c Call) { booked = append(booked, c) },
	})
	w := post(s, "gemini:streamGenerateContent", hello)
	if len(booked) != 1 {
		t.Fatalf("%d calls ended, want 1", len(booked))
	}
	return w, booked[0], s.Ledger()
}

func TestScenes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		scene   Scene
		outcome Outcome
		words   int    // of the text
		tokens  [4]int // prompt, completion, cached, thinking
		finish  string
		whole   bool // whether the body is JSON
	}{
		{"answer", Scene{Act: ActAnswer}, Answered, 30, [4]int{10, 40, 0, 0}, "STOP", true},
		{"answer that is too long", Scene{Act: ActAnswer, Finish: "MAX_TOKENS"}, Answered, 30, [4]int{10, 40, 0, 0}, "MAX_TOKENS", true},
		{"thoughtful answer", Scene{Act: ActAnswer, ThinkingTokens: 5, CachedTokens: 99}, Answered, 30, [4]int{10, 45, 10, 5}, "STOP", true},
		{"answer without usage", Scene{Act: ActAnswer, NoUsage: true}, Answered, 30, [4]int{}, "STOP", true},
		{"blocked prompt", Scene{Act: ActBlockPrompt}, Blocked, 0, [4]int{10, 0, 0, 0}, "", true},
		{"blocked answer", Scene{Act: ActBlockAnswer, Chunks: 2}, Blocked, 16, [4]int{10, 21, 0, 0}, "SAFETY", true},
		{"answer blocked at once", Scene{Act: ActBlockAnswer}, Blocked, 0, [4]int{10, 0, 0, 0}, "SAFETY", true},
		{"truncated", Scene{Act: ActTruncate, Chunks: 1}, Truncated, 8, [4]int{10, 10, 0, 0}, "", false},
		{"truncated before its last chunk at the latest", Scene{Act: ActTruncate, Chunks: 99}, Truncated, 24, [4]int{10, 32, 0, 0}, "", false},
		{"truncated at once", Scene{Act: ActTruncate}, Truncated, 0, [4]int{}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, call, ledger := staged(t, tt.scene)
			tokens := [4]int{call.PromptTokens, call.CompletionTokens, call.CachedTokens, call.ThinkingTokens}
			if call.Outcome != tt.outcome || call.Finish != tt.finish || tokens != tt.tokens || call.Reported != (tokens != [4]int{}) {
				t.Errorf("booked %+v, want %s, %s, tokens %v", call, tt.outcome, tt.finish, tt.tokens)
			}
			if got := len(strings.Fields(call.Text)); got != tt.words || call.PromptWords != 4 {
				t.Errorf("%d words for %d, want %d for 4", got, call.PromptWords, tt.words)
			}
			if sums := [4]int{ledger.PromptTokens, ledger.CompletionTokens, ledger.CachedTokens, ledger.ThinkingTokens}; sums != tokens {
				t.Errorf("ledger = %+v, want the call's tokens %v", ledger, tokens)
			}
			if w.Code != 200 || json.Valid(w.Body.Bytes()) != tt.whole {
				t.Errorf("%d %s\nwant a whole body: %v", w.Code, w.Body, tt.whole)
			}
		})
	}
}

func TestARefusalNamesItsQuotas(t *testing.T) {
	w, call, ledger := staged(t, Scene{
		Act: ActFail, Code: 429, Quotas: []string{QuotaMinute, QuotaDay}, RetryAfter: 36500 * time.Millisecond,
	})
	if w.Code != 429 || call.Outcome != Failed || call.Code != 429 || ledger.Errors[429] != 1 {
		t.Errorf("%d, booked %+v in %+v", w.Code, call, ledger)
	}
	for _, want := range []string{
		`"@type":"type.googleapis.com/google.rpc.QuotaFailure"`, "PerMinutePerProject", "PerDayPerProject",
		`"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"36.5s"`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s lacks %s", w.Body, want)
		}
	}
}

func TestAStallEndsWithTheClient(t *testing.T) {
	for _, chunks := range []int{0, 2} {
		ended := make(chan Call, 1)
		s := newServer(t, Config{
			Behaviour: Behaviour{PromptTokens: 10, CompletionTokens: 40, Scenes: []Scene{{Act: ActStall, Chunks: chunks}}},
			Ended:     func(c Call) { ended <- c },
		})
		srv := httptest.NewServer(s)
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/v1beta/models/gemini:streamGenerateContent", strings.NewReader(hello))
		r.Header.Set("X-Goog-Api-Key", "k")
		if chunks == 0 {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		resp, err := http.DefaultClient.Do(r)
		if (err == nil) != (chunks > 0) {
			t.Errorf("%d chunks: err = %v", chunks, err)
		}
		if err == nil {
			readChunks(t, resp.Body, chunks)
			resp.Body.Close()
		}
		cancel()
		call := <-ended
		if call.Outcome != Cancelled || len(strings.Fields(call.Text)) != 8*chunks || (call.Code == 200) != (chunks > 0) {
			t.Errorf("%d chunks: booked %+v", chunks, call)
		}
		srv.Close()
	}
}

// readChunks reads an answer until it has had n chunks.
func readChunks(t *testing.T, body io.Reader, n int) {
	t.Helper()
	var read strings.Builder
	for buffer := make([]byte, 512); strings.Count(read.String(), `"text"`) < n; {
		got, err := body.Read(buffer)
		if err != nil {
			t.Fatalf("the answer ends after %q: %v", read.String(), err)
		}
		read.Write(buffer[:got])
	}
}

func TestTheFirstSceneThatFitsIsPlayed(t *testing.T) {
	s := newServer(t, Config{Seed: 5, Behaviour: Behaviour{Scenes: []Scene{
		{When: "three four", Share: 0.5, Act: ActFail, Code: 503},
		{When: "never said", Act: ActFail, Code: 404},
		{When: "one two", Act: ActFail, Code: 429},
		{Act: ActFail, Code: 500},
	}}})
	counts := map[int]int{}
	for range 200 {
		counts[post(s, "gemini:generateContent", hello).Code]++
	}
	other := post(s, "gemini:generateContent", strings.ReplaceAll(hello, "four", "hundred")).Code
	if counts[503] < 70 || counts[503] > 130 || counts[503]+counts[429] != 200 || other != 429 {
		t.Errorf("codes %v, then %d; want half 503, the rest 429", counts, other)
	}
	if got := post(s, "gemini:generateContent", `{"contents":[{"parts":[{"text":"one two"}]},{"parts":[{"text":"more"}]}]}`).Code; got != 500 {
		t.Errorf("code = %d: only the last message counts", got)
	}
}
