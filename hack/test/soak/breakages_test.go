package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// breakage is a mistake put into the assistant: file is changed, from the one text to the other.
type breakage struct {
	name           string
	file, from, to string
	want           string // a part of the error with which the soak must fail
}

var breakages = []breakage{
	{
		name: "keeps the first chunk's usage", file: "internal/assistant/gemini/answer.go",
		from: `usageOf(chunk.UsageMetadata); ok {`,
		to:   `usageOf(chunk.UsageMetadata); ok && a.Usage.Source == "" {`,
		want: `ai_tokens_used_total{completion} is`,
	},
	{
		name: "takes a broken answer for a whole one", file: "internal/assistant/gemini/answer.go",
		from: `		return assistant.NewError(assistant.KindTruncated`,
		to: `		return nil
		_ = assistant.NewError(assistant.KindTruncated`,
		want: `POST /chat, broken off: status 200, want 502`,
	},
	{
		name: "leaks a goroutine a request", file: "internal/assistant/httpapi/middleware.go",
		from: `		defer a.finishRequest(instrumented, rec)`,
		to:   "\t\tgo func() { select {} }()\n\t\tdefer a.finishRequest(instrumented, rec)",
		want: `goroutines at rest grew`,
	},
	{
		name: "keeps what every request held", file: "internal/assistant/httpapi/middleware.go",
		from: `	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := newRecorder(w, r)`,
		to: `	kept := make(chan []byte, 1<<20)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := make([]byte, 64<<10)
		for i := range held {
			held[i] = 1
		}
		kept <- held
		rec := newRecorder(w, r)`,
		want: `resident memory grew`,
	},
	{
		name: "counts requests with errors twice", file: "internal/assistant/httpapi/middleware.go",
		from: `		a.recorder.Error(rec.kind, event.Endpoint)`,
		to: `		a.recorder.Error(rec.kind, event.Endpoint)
		a.recorder.Error(rec.kind, event.Endpoint)`,
		want: `errors_total{/chat blocked} is`,
	},
	{
		name: "forgets no session", file: "internal/assistant/session/memory.go",
		from: `	if e, ok := m.byID[id]; ok {
		m.remove(e)
	}`,
		to:   `	_ = m.byID[id]`,
		want: `the session lost or mixed up what was said`,
	},
	{
		name: "gives clients the sessions of others", file: "internal/assistant/httpapi/auth.go",
		from: `return client.ID + "/" + id`,
		to:   `return client.ID[:0] + id`,
		want: `the session lost or mixed up what was said`,
	},
	{
		name: "answers some with 500", file: "internal/assistant/httpapi/chat.go",
		from: `	model := a.models[0]`,
		to: `	if newID()[0] == 'A' {
		return errInternal
	}
	model := a.models[0]`,
		want: `POST /chat, answer: status 500, want 200`,
	},
	{
		name: "lets some scrapes wait", file: "internal/telemetry/cost.go",
		from: `	for model, a := range c.models {
		send`,
		to: `	if time.Now().Second()%5 == 0 {
		time.Sleep(11 * time.Second)
	}
	for model, a := range c.models {
		send`,
		want: `scrapes, one a second`,
	},
}

// TestBreakagesApply keeps the table right: make harness, which uses it, takes too long to run at every change.
func TestBreakagesApply(t *testing.T) {
	for _, b := range breakages {
		source, err := os.ReadFile(filepath.Join("../../..", b.file))
		if n := strings.Count(string(source), b.from); err != nil || n != 1 {
			t.Errorf("%s: %s holds the text to change %d times, want once (%v)", b.name, b.file, n, err)
		}
	}
}
