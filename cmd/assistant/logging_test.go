package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// ask sends a request to the telemetry port.
func (p *program) request(t *testing.T, method, path, body string) (status int, answer string) {
	t.Helper()
	return request(t, method, p.telemetry+path, "", body)
}

func TestTheLogFileAndStatsHoldWhatStdoutHolds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logs", "app.log")
	p := start(t, "--log-file="+file)
	_, reply := p.chat(t, canaryPrompt)
	if err := p.fake.SetBehaviour(server.Behaviour{ErrorRate: 1, ErrorCodes: []int{400, 500}}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		p.chat(t, canaryPrompt)
	}
	status, answer := p.request(t, "GET", "/stats?range=5m", "")
	if status != http.StatusOK || !strings.Contains(answer, `"total_requests":6`) || !strings.Contains(answer, `"recent_errors":[{`) {
		t.Errorf("stats = %d %s", status, answer)
	}
	if got := value(t, p.scrape(t), metric.LogWriteErrors); got != 0 {
		t.Errorf("%v lines lost", got)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(written), strings.Join(p.log.lines(), "\n")+"\n"; got != want {
		t.Errorf("file:\n%s\nstdout:\n%s", got, want)
	}
	for what, private := range map[string]string{"prompt": canaryPrompt, "reply": reply, "key": canaryKey} {
		if strings.Contains(answer, private) || strings.Contains(string(written), private) {
			t.Errorf("the %s is in /stats or in the log file", what)
		}
	}
}

func TestAFullDiskStopsNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.log")
	if err := os.Symlink("/dev/full", file); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--log-file="+file)
	for range 20 {
		if status, _ := p.chat(t, "hello"); status != http.StatusOK {
			t.Fatalf("chat = %d", status)
		}
	}
	for got := 0.0; got < 40; got = value(t, p.scrape(t), metric.LogWriteErrors) { // two lines a chat
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	all := strings.Join(p.log.lines(), "\n")
	if n := strings.Count(all, "Log file cannot be written"); n != 1 {
		t.Errorf("the outage was told %d times", n)
	}
	if n := strings.Count(all, `"Request completed","request_id"`); n < 20 {
		t.Errorf("%d requests on stdout, want 20", n)
	}
}

func TestTheLevelChangesWhileItRuns(t *testing.T) {
	p := start(t, "--log-level=info")
	seen := func(text string) bool { return strings.Contains(strings.Join(p.log.lines(), "\n"), text) }
	p.request(t, "GET", "/health", "")
	if seen(`"endpoint":"/health"`) {
		t.Error("a probe was logged at level info")
	}
	if status, answer := p.request(t, "PUT", "/log-level", `{"level":"debug"}`); status != 200 || !strings.Contains(answer, "debug") {
		t.Errorf("PUT = %d %s", status, answer)
	}
	p.request(t, "GET", "/health", "")
	if !seen(`"Log level changed"`) {
		t.Error("the change was not logged")
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if !seen(`"endpoint":"/health"`) {
		t.Error("a probe was not logged at level debug")
	}
}
