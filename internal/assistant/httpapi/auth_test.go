package httpapi

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

const (
	aliceKey = "alice-key-0123456789"
	bobKey   = "bob-key-0123456789ab"
)

func clientKeys(t *testing.T) *clientkeys.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("alice:"+aliceKey+"\nbob:"+bobKey), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := clientkeys.Open(t.Context(), path, logs.New(&syncBuffer{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// as sends one request with an Authorization header.
func as(a *API, authorization, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

func TestKeysGuardWhatCosts(t *testing.T) {
	a, log := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Keys: clientKeys(t)})
	for _, tt := range []struct {
		name, authorization string
		status              int
		challenge           string
	}{
		{"none", "", 401, `Bearer realm="plimsoll"`},
		{"wrong", "Bearer " + aliceKey + "x", 401, `Bearer realm="plimsoll", error="invalid_token"`},
		{"the name for a key", "Bearer alice", 401, `Bearer realm="plimsoll", error="invalid_token"`},
		{"another scheme", "Basic " + aliceKey, 401, `Bearer realm="plimsoll"`},
		{"right", "Bearer " + aliceKey, 200, ""},
		{"any case", "bearer  " + bobKey, 200, ""},
	} {
		for _, path := range []string{"/chat", "/v1/chat/completions"} {
			body := map[string]string{"/chat": `{"message":"x"}`}[path]
			if body == "" {
				body = hello
			}
			w := as(a, tt.authorization, "POST", path, body)
			if w.Code != tt.status || w.Header().Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("%s: POST %s = %d, challenge %q; want %d, %q", tt.name, path, w.Code, w.Header().Get("WWW-Authenticate"), tt.status, tt.challenge)
			}
			if w.Code == 401 && path != "/chat" {
				if got := decode[openAIErrorBody](t, w.Body).Error; got.Code != "invalid_api_key" || got.Type != "invalid_request_error" {
					t.Errorf("%s: error = %+v", tt.name, got)
				}
			}
		}
	}
	for path, want := range map[string]int{
		"/health": 200, "/health/ready": 200, "/health/detailed": 200, "/metrics": 200, "/v1/models": 401, "/v1/models/test-model": 401,
	} {
		if got := do(a, http.MethodGet, path, "").Code; got != want {
			t.Errorf("GET %s without a key = %d, want %d", path, got, want)
		}
	}
	if got := do(a, http.MethodDelete, "/chat/s", "").Code; got != 401 {
		t.Errorf("DELETE without a key = %d", got)
	}
	wantSample(t, metrics(a), `errors_total{endpoint="/chat",error_type="unauthorized"} 4`)
	if !strings.Contains(log.String(), `"client":"alice"`) || strings.Contains(log.String(), aliceKey) || strings.Contains(log.String(), bobKey) {
		t.Errorf("the log should hold the name, and no key:\n%s", log)
	}
}

func TestClientsHaveSessionsOfTheirOwn(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Keys: clientKeys(t)})
	chat := func(key, text string) string {
		w := as(a, "Bearer "+key, "POST", "/chat", `{"session_id":"s","message":"`+text+`"}`)
		return decode[chatResponse](t, w.Body).Reply
	}
	chat(aliceKey, "secret")
	if got := chat(bobKey, "hi"); got != "[user hi]" {
		t.Errorf("bob reads alice's session: %s", got)
	}
	as(a, "Bearer "+bobKey, "DELETE", "/chat/s", "")
	if got := chat(aliceKey, "hi"); !strings.Contains(got, "secret") {
		t.Errorf("bob deleted alice's session: %s", got)
	}
}

func TestEachClientHasItsRate(t *testing.T) {
	a, _ := newAPIWith(t, Config{
		Models: []assistant.Model{generate(echo)}, Keys: clientKeys(t), Rate: Rate{PerSecond: 0.4, Burst: 2},
	})
	now := time.Unix(1_000_000, 0)
	a.limiter.now = func() time.Time { return now }
	get := func(key string) *httptest.ResponseRecorder { return as(a, "Bearer "+key, "GET", "/v1/models", "") }
	for i, want := range []int{200, 200, 429, 429} {
		if w := get(aliceKey); w.Code != want {
			t.Errorf("request %d = %d, want %d", i, w.Code, want)
		}
	}
	w := get(aliceKey)
	got := decode[openAIErrorBody](t, w.Body).Error
	if w.Header().Get("Retry-After") != "3" || got.Code != "rate_limit_exceeded" {
		t.Errorf("refusal = %v %+v, want whole seconds, rounded up", w.Header(), got)
	}
	if get(bobKey).Code != 200 || do(a, "GET", "/health", "").Code != 200 {
		t.Error("one client's rate limits others, or health")
	}
	now = now.Add(3 * time.Second)
	if get(aliceKey).Code != 200 || get(aliceKey).Code != 429 {
		t.Error("after Retry-After has passed, one request should pass")
	}
	wantSample(t, metrics(a), `errors_total{endpoint="/v1/models",error_type="rate_limited"} 4`)
	if got := as(a, "Bearer "+aliceKey, "POST", "/chat", `{"message":"x"}`); got.Code != 429 || !strings.Contains(got.Body.String(), `"type":"rate_limited"`) {
		t.Errorf("/chat = %d %s", got.Code, got.Body)
	}
}

func TestWithoutKeysTheRateIsForAll(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Rate: Rate{PerSecond: 0.001}})
	if firstReply, second := as(a, "Bearer a", "GET", "/v1/models", ""), as(a, "Bearer b", "GET", "/v1/models", ""); firstReply.Code != 200 || second.Code != 429 {
		t.Errorf("answers = %d, %d; want one request in all", firstReply.Code, second.Code)
	}
	if l := newLimiter(Rate{PerSecond: 1e-9, Burst: 1}); l.reserve("") != 0 || l.reserve("") != time.Hour {
		t.Error("a client should be told to wait an hour at most")
	}
}
