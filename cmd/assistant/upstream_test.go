package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// openAIServer is a stand-in that streams "Hello" and keeps the keys it was sent.
func openAIServer(t *testing.T) (url string, keys func() []string) {
	t.Helper()
	var mu sync.Mutex
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // the model is looked up at the start
			_, _ = io.WriteString(w, `{"id":"org/llama3:8b","object":"model"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		sent = append(sent, r.Header.Get("Authorization"))
		mu.Unlock()
		if r.URL.Path != "/v1/chat/completions" || !strings.Contains(string(body), `"model":"org/llama3:8b"`) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}`+"\n\n"+
			`data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1", func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(sent)
	}
}

func TestAnOpenAIServerAnswers(t *testing.T) {
	const name = "org/llama3:8b"
	base, keys := openAIServer(t)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("sk-one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for wantKey, args := range map[string][]string{"": nil, "Bearer sk-one": {"--api-key-file=" + file}} {
		before := len(keys())
		p := startOpenAI(t, append(args, "--openai-base-url="+base, "--model="+name)...)
		if status, reply := p.chat(t, "hello"); status != http.StatusOK || reply != "Hello" {
			t.Errorf("chat = %d %q", status, reply)
		}
		if got := keys()[before:]; !slices.Equal(got, []string{wantKey}) {
			t.Errorf("the keys are %q, want %q once", got, wantKey)
		}
		families := p.scrape(t)
		if got := value(t, families, metric.ModelCalls, "model", name, "status", "success"); got != 1 {
			t.Errorf("%v calls", got)
		}
		if got := value(t, families, metric.TokensUsed, "model", name, "type", "prompt"); got != 7 {
			t.Errorf("%v prompt tokens", got)
		}
	}
}

// startOpenAI starts the assistant before a server that speaks OpenAI's API.
func startOpenAI(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{log: &logBuffer{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	args = append([]string{"--upstream=openai", "--listen=127.0.0.1:0", "--telemetry-listen=127.0.0.1:0", "--shutdown-delay=0s"}, args...)
	go func() { ended <- run(ctx, args, env(), p.log) }()
	t.Cleanup(func() { cancel(); <-ended })
	p.await(t, ended)
	return p
}

func TestUpstreamOptions(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--upstream=claude", "--upstream"},
		{"--openai-base-url=http://x", "--upstream=openai"},
		{"--upstream=openai --model=m --openai-base-url=localhost", "--openai-base-url"},
		{"--upstream=openai", "--model"},
		{"--upstream=openai --model=a//b", "--model"},
		{"--upstream=openai --model=../b", "--model"},
		{"--upstream=openai --model=a,a", "twice"},
		{"--model=org/llama3:8b", "--model"},
		{"--upstream=openai --model=org/llama3:8b,gpt-4o", ""},
		{"--upstream=openai --model=m --openai-base-url=http://x/v1", ""},
	} {
		_, err := parseOptions(strings.Fields(tt.args), env(), io.Discard)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error about %q", tt.args, err, tt.want)
		}
	}
}

func TestOpenAIKey(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ base, file, variable, want, problem string }{
		"environment":           {variable: " sk-1\n", want: "sk-1"},
		"none for OpenAI":       {problem: "OPENAI_API_KEY"},
		"none for OpenAI's URL": {base: "https://api.openai.com/v1", problem: "--api-key-file"},
		"none for another":      {base: "http://vllm/v1"},
		"one for another":       {base: "http://vllm/v1", variable: "sk-1", want: "sk-1"},
		"an empty file":         {base: "http://vllm/v1", file: empty, problem: "is empty"},
		"no such file":          {base: "http://vllm/v1", file: "gone", problem: "gone"},
		"a key of two lines":    {variable: "canary\nkey", problem: "character"},
	} {
		o := options{apiKeyFile: tt.file, upstream: upstreamOptions{name: upstreamOpenAI, openAIBaseURL: tt.base}}
		got, err := o.apiKey(env("OPENAI_API_KEY", tt.variable))
		if got != tt.want || (err == nil) != (tt.problem == "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.problem) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: %v, want %q in it and no key", name, err, tt.problem)
		}
	}
}
