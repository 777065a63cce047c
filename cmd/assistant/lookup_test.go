package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

// ready returns the status and the body of readiness.
func (p *program) ready(t *testing.T) (int, string) {
	t.Helper()
	resp, err := http.Get(p.url + "/health/ready")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func TestAMissingModelIsSaidLoudly(t *testing.T) {
	fake, err := server.New(server.Config{Behaviour: server.DefaultBehaviour(), Models: []string{"gemini-3-pro", defaultEmbeddingModel}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(fake)
	defer srv.Close()
	p := start(t, "--gemini-endpoint="+srv.URL, "--model=gemini-3-pro,gemini-1.0-retired")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, body := p.ready(t)
		if status == http.StatusServiceUnavailable && strings.Contains(body, `"missing_models":["gemini-1.0-retired"]`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("readiness = %d %s, want 503 and the missing model", status, body)
		}
	}
	if log := strings.Join(p.log.lines(), "\n"); !strings.Contains(log, "Model does not exist") {
		t.Errorf("the log does not say it:\n%s", log)
	}
}

// A server that does not answer says nothing of a model: neither the program nor its readiness waits for it.
func TestReadinessDoesNotWaitForTheVendor(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer srv.Close()
	p := start(t, "--gemini-endpoint="+srv.URL)
	if status, body := p.ready(t); status != http.StatusOK {
		t.Errorf("readiness = %d %s, want 200", status, body)
	}
}
