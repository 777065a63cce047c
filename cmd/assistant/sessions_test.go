package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

const canaryPassword = "canary-redis-password"

func TestThePasswordOfTheSessionStoreIsNeverInAnError(t *testing.T) {
	for _, url := range []string{
		"redis://:" + canaryPassword + "@host:port", "redis//:" + canaryPassword + "@host", canaryPassword,
		"redis://:" + canaryPassword + "/@host", "redis://:%zz" + canaryPassword + "@host",
	} {
		for name, run := range map[string]func() error{
			"flag": func() error { _, err := parseOptions([]string{"--session-store", url}, env(), nil); return err },
			"twin": func() error { _, err := parseOptions(nil, env("PLIMSOLL_SESSION_STORE", url), nil); return err },
		} {
			if err := run(); err == nil || !strings.Contains(err.Error(), "--session-store") || strings.Contains(err.Error(), canaryPassword) {
				t.Errorf("%s %q = %v, want an error about --session-store without the password", name, url, err)
			}
		}
	}
}

// TestAnUnreachableStoreDegrades: the chat is answered, without history; the log says so once, the metrics each time;
// the sessions are not counted rather than counted wrong.
func TestAnUnreachableStoreDegrades(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nobody := l.Addr().String() // nobody accepts: connections are made, and never answered
	p := start(t, "--session-store=redis://:"+canaryPassword+"@"+nobody)
	const chats = 5
	for range chats {
		if status, reply := p.chat(t, canaryPrompt); status != http.StatusOK || reply == "" {
			t.Errorf("chat = %d %q, want an answer", status, reply)
		}
	}
	p.wantOutage(t, chats)
	p.wantNoCount(t)
	if err := p.stop(); err != nil {
		t.Errorf("run = %v, want a clean end", err)
	}
	log := strings.Join(p.log.lines(), "\n")
	if strings.Contains(log, canaryPassword) || strings.Contains(log, canaryPrompt) {
		t.Errorf("the log holds the password or the prompt:\n%s", log)
	}
	if want := `"session_store":"redis://` + nobody + `"`; !strings.Contains(p.log.lines()[0], want) {
		t.Errorf("first line = %s, want %s in it", p.log.lines()[0], want)
	}
}

// wantNoCount checks that the report of health is whole in an outage, but for the sessions that cannot be counted.
func (p *program) wantNoCount(t *testing.T) {
	t.Helper()
	resp, err := http.Get(p.telemetry + "/health/detailed")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var report map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	if n, there := report["active_sessions"]; n != nil || !there || report["system"] == nil || resp.StatusCode != http.StatusOK {
		t.Errorf("report = %d %v, want one whose active_sessions are null", resp.StatusCode, report)
	}
}

// wantOutage checks what can be seen of an outage in which a number of chats were answered.
func (p *program) wantOutage(t *testing.T, chats int) {
	t.Helper()
	for range 3 {
		families := p.scrape(t)
		for _, operation := range []string{metric.OperationHistory, metric.OperationAppend} {
			if got := value(t, families, metric.SessionStoreErrors, "operation", operation); got != float64(chats) {
				t.Errorf("failures of %s = %v, want %d", operation, got, chats)
			}
		}
		if f := families[metric.ActiveSessions.Name]; f != nil {
			t.Errorf("active_sessions = %v in an outage, want none", f)
		}
	}
	if got := strings.Count(strings.Join(p.log.lines(), "\n"), `"Session store failed`); got != 1 {
		t.Errorf("the outage was logged %d times, want once:\n%s", got, strings.Join(p.log.lines(), "\n"))
	}
}
