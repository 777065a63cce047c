package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

const (
	clientKey      = "CANARY-client-key-1"
	wrongClientKey = "CANARY-wrong-key-12"
)

// send makes one request as a client whose key is key, and returns the answer.
func (p *program) send(t *testing.T, method, path, key, body string) (status int, answer string) {
	t.Helper()
	return request(t, method, p.url+path, "Bearer "+key, body)
}

// request makes one request, with an Authorization header unless that is empty, and returns the answer.
func request(t *testing.T, method, url, authorization, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// said are the texts of a model in an answer, whole or streamed.
func said(answer string) []string {
	var texts []string
	for line := range strings.Lines(answer) {
		var v struct {
			Reply   string
			Choices []struct {
				Message, Delta struct{ Content string }
			}
		}
		if json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &v) != nil {
			continue
		}
		texts = append(texts, v.Reply)
		for _, c := range v.Choices {
			texts = append(texts, c.Message.Content, c.Delta.Content)
		}
	}
	return texts
}

// TestNoSecretLeavesByAnyRoute plays every route with canaries in every part of a request, answered and failed, and
// looks for them in all that the process says beside its answers.
func TestNoSecretLeavesByAnyRoute(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("alice:"+clientKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--client-keys-file="+keys, "--client-rate=10000", "--max-body-bytes=10000")
	secrets := map[string]bool{canaryKey: true, clientKey: true, wrongClientKey: true, canaryPrompt: true}
	completion := func(model, more string) string {
		return `{"model":"` + model + `","messages":[{"role":"system","content":"` + canaryPrompt + `-system"},{"role":"user","content":"` +
			canaryPrompt + `"}],"stop":"` + canaryPrompt + `","user":"` + canaryPrompt + `"` + more + `}`
	}
	requests := []struct{ method, path, body string }{
		{"POST", "/chat", `{"session_id":"s","message":"` + canaryPrompt + `"}`},
		{"POST", "/chat?" + canaryPrompt, `{"` + canaryPrompt + `":1}`},
		{"POST", "/v1/chat/completions", completion(defaultModel, "")},
		{"POST", "/v1/chat/completions", completion(defaultModel, `,"stream":true,"stream_options":{"include_usage":true}`)},
		{"POST", "/v1/chat/completions", completion(canaryPrompt, "")},
		{"POST", "/v1/chat/completions", completion(defaultModel, `,"`+canaryPrompt+`":1`)},
		{"POST", "/v1/chat/completions", completion(defaultModel, `,"tools":["`+canaryPrompt+`"]`)},
		{"POST", "/v1/chat/completions", canaryPrompt},
		{"POST", "/v1/chat/completions", `{"messages":[{"role":"` + canaryPrompt + `"}]}`},
		{"POST", "/v1/chat/completions", `{"messages":"` + strings.Repeat(canaryPrompt, 1000) + `"}`},
		{"POST", "/v1/" + canaryPrompt, canaryPrompt},
		{"GET", "/v1/models", ""},
		{"GET", "/v1/models/" + canaryPrompt, ""},
		{"PUT", "/v1/models/" + canaryPrompt, ""},
		{"DELETE", "/chat/" + canaryPrompt, ""},
		{"GET", "/" + canaryPrompt + "?key=" + clientKey, ""},
		{"GET", "/health", ""},
		{"GET", "/health/ready", ""},
		{"GET", "/health/detailed", ""},
	}
	behaviours := []server.Behaviour{server.DefaultBehaviour(), {BlockRate: 1}}
	for _, code := range []int{400, 403, 404, 429, 500, 503, 504} {
		behaviours = append(behaviours, server.Behaviour{ErrorRate: 1, ErrorCodes: []int{code}})
	}
	for i, b := range behaviours {
		if err := p.fake.SetBehaviour(b); err != nil {
			t.Fatal(err)
		}
		for _, r := range requests {
			for _, key := range []string{clientKey, wrongClientKey} {
				status, answer := p.send(t, r.method, r.path, key, r.body)
				for _, private := range []string{canaryKey, clientKey, wrongClientKey} {
					if strings.Contains(answer, private) {
						t.Errorf("%s %s is answered with %q in it: %s", r.method, r.path, private, answer)
					}
				}
				if i == 0 && key == clientKey && status == http.StatusOK {
					for _, text := range said(answer) {
						secrets[text] = text != ""
					}
				}
			}
		}
	}
	// Nor may /stats tell of it, which is made from log lines, or /health, for anybody may see that.
	var reports string
	for _, path := range []string{"/stats", "/health/detailed", "/log-level"} {
		_, report := request(t, "GET", p.telemetry+path, "", "")
		reports += report
	}
	if len(secrets) < 8 {
		t.Errorf("the model hardly spoke: %d secrets", len(secrets))
	}
	delete(secrets, "")

	resp, err := http.Get(p.telemetry + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v, want a clean end", err)
	}
	log := strings.Join(p.log.lines(), "\n")
	if !strings.Contains(log, `"client":"alice"`) {
		t.Error("the log does not name the client")
	}
	for private := range secrets {
		for where, text := range map[string]string{"log": log, "metrics": string(page), "reports": reports} {
			for line := range strings.Lines(text) {
				if strings.Contains(line, private) {
					t.Errorf("the %s holds %q: %s", where, private, line)
				}
			}
		}
	}
}

func TestSeveralModelsAreServed(t *testing.T) {
	p := start(t, "--model="+defaultModel+",gemini-1.5-pro")
	if _, models := p.send(t, "GET", "/v1/models", "", ""); strings.Count(models, `"object":"model"`) != 3 { // with that of embeddings
		t.Errorf("models = %s", models)
	}
	_, initial := p.send(t, "POST", "/chat", "", `{"message":"hi"}`)
	_, second := p.send(t, "POST", "/v1/chat/completions", "", `{"model":"gemini-1.5-pro","messages":[{"role":"user","content":"hi"}]}`)
	if !strings.Contains(initial, `"model":"`+defaultModel+`"`) || !strings.Contains(second, `"model":"gemini-1.5-pro"`) {
		t.Errorf("answers = %s and %s", initial, second)
	}
	if p.fake.Ledger().Answers != 2 {
		t.Errorf("ledger = %+v", p.fake.Ledger())
	}
}

func TestABadFileOfClientKeysIsAnError(t *testing.T) {
	err := run(t.Context(), []string{"--listen=127.0.0.1:0", "--client-keys-file=/nowhere"}, env("GEMINI_API_KEY", "x"), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--client-keys-file") {
		t.Errorf("run = %v, want an error about --client-keys-file", err)
	}
}
