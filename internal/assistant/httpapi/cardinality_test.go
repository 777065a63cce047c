package httpapi

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// series are the names and labels of all samples.
func series(page string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "#") {
			out[line[:strings.LastIndexByte(strings.TrimSpace(line), ' ')]] = true
		}
	}
	return out
}

// randomClient makes requests of parts that mean something and random ones.
type randomClient struct{ *rand.Rand }

func (s randomClient) word() string {
	b := make([]byte, 1+s.IntN(12))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."[s.IntN(65)]
	}
	return string(b)
}

func (s randomClient) pick(words ...string) string {
	if i := s.IntN(len(words) + 1); i < len(words) {
		return words[i]
	}
	return s.word()
}

var routePaths = []string{
	"/chat", "/chat/s", "/chat/", "/chat/completions", "/v1/chat/completions", "/v1/chat/completions/", "/v1/embeddings", "/v1/models", "/v1/models/test-model", "/v1/models/gpt-4", "/v1/other",
	"/health", "/health/ready", "/health/detailed", "/metrics", "/",
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodConnect,
	http.MethodOptions, http.MethodTrace, "BREW",
}

func bodies(model, word string) []string {
	return []string{
		"", word, `{"message":"` + word + `"}`, `{"` + word + `":1}`, `{"message":"` + word + `","session_id":"` + word + `"}`,
		`{"message":"` + strings.Repeat("x", testBody) + `"}`,
		`{"model":"` + model + `","messages":[{"role":"user","content":"` + word + `"}]}`,
		`{"model":"` + model + `","stream":true,"messages":[{"role":"user","content":"` + word + `"}]}`,
		`{"model":"` + model + `","messages":[{"role":"` + word + `","content":"x"}],"` + word + `":true}`,
	}
}

// TestNoClientCanGrowTheSeries plays every combination of what means something once, and then what is made up.
func TestNoClientCanGrowTheSeries(t *testing.T) {
	kinds := assistant.ModelKinds()
	calls := 0
	failing := func(name string) streamer { return failingModel(name, kinds, &calls) }
	a, _ := newAPIWith(t, Config{
		Models: []assistant.Model{failing("test-model"), failing("second")}, Keys: clientKeys(t), Rate: Rate{PerSecond: 1e6, Burst: 1e6},
		Limits: Limits{BodyBytes: testBody, PromptCharacters: 500, HistoryMessages: 10},
	})
	h := a.Handler()
	send := func(method, path, body, authorization, header, value string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawPath, r.RequestURI = method, path, "", path
		r.Header.Set("Authorization", authorization)
		r.Header.Set(header, value)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for _, method := range methods {
		for _, path := range routePaths {
			send(method, path, "", "", "Accept", "*/*")
			send(method, "/"+path, "", "", "Accept", "*/*") // redirected to where it should be
			send(method, "/x/.."+path, "", "", "Accept", "*/*")
			for _, body := range bodies("test-model", "x") {
				send(method, path, body, "Bearer "+aliceKey, "Accept", "*/*")
			}
		}
	}
	for range 2 * len(kinds) { // every kind at every route and model
		for _, model := range []string{"test-model", "second", "gpt-4"} {
			for _, body := range bodies(model, "x") {
				send("POST", "/chat", body, "Bearer "+aliceKey, "Accept", "*/*")
				send("POST", "/v1/chat/completions", body, "Bearer "+aliceKey, "Accept", "*/*")
			}
		}
	}
	before := series(metrics(a))

	s := randomClient{rand.New(rand.NewPCG(1, 2))}
	for range 10_000 {
		path := s.pick(routePaths...)
		if s.IntN(3) == 0 {
			path = strings.TrimSuffix(path, "/") + "/" + s.word()
		}
		if s.IntN(10) == 0 || !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		all := bodies(s.pick("test-model", "second", "gpt-4"), s.word())
		send(s.pick(methods...), path, all[s.IntN(len(all))], s.pick("Bearer "+aliceKey, "Bearer "+bobKey, "Bearer x"),
			s.pick("X-Request-ID", "Content-Type", "Accept", "User-Agent", "Origin", "Host", "X-Forwarded-For"), s.word())
	}
	after := series(metrics(a))
	for name := range after {
		if !before[name] {
			t.Errorf("a client made the series %s", name)
		}
	}
	t.Logf("%d samples before 10,000 strange requests, %d after", len(before), len(after))
}
