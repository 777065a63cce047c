//go:build harness

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

<<<<<<< HEAD
// breakage is a mistake put into the assistant: file is changed, from the one text to the other.
type breakage struct {
	name           string
	file, from, to string
	want           string // a part of the error with which the soak must fail
}

var breakages = []breakage{
	{
		name: "keeps the first chunk's usage", file: "internal/assistant/gemini/generate.go",
		from: `usage(); ok {
			answer.Usage = u
		}
		if len(chunk`,
		to: `usage(); ok && answer.Usage.Source == "" {
			answer.Usage = u
		}
		if len(chunk`,
		want: `ai_tokens_used_total{completion} is`,
	},
	{
		name: "takes a broken answer for a whole one", file: "internal/assistant/gemini/generate.go",
		from: `		return errBrokenOff
	case answer.Text`,
		to: `		return nil
	case answer.Text`,
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
		from: `	case rec.err != nil:
		event`,
		to: `	case rec.err != nil:
		a.recorder.Error(rec.kind, endpoint(r))
		event`,
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

=======
>>>>>>> hackt2
// TestBrokenBuildsAreCaught runs a short soak on assistants that are each broken in one way, and on the one that is not.
func TestBrokenBuildsAreCaught(t *testing.T) {
	for _, b := range append([]breakage{{name: "not broken"}}, breakages...) {
		t.Run(b.name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), []string{
				"-assistant", b.build(t), "-requests=2000", "-duration=20s", "-warm-up=7s", "-growth=30",
			}, &out)
			if b.want == "" && err != nil {
				t.Errorf("an assistant that is not broken fails: %v\n%s", err, out.String())
			}
			if b.want != "" && (err == nil || !strings.Contains(err.Error(), b.want)) {
				t.Errorf("soak = %v, want %q\n%s", err, b.want, out.String())
			}
		})
	}
}

// build compiles the assistant with its mistake in it and returns the binary.
func (b breakage) build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	if b.file != "" {
		path, err := filepath.Abs(filepath.Join("../../..", b.file))
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), b.from); n != 1 {
			t.Fatalf("%s holds the text to change %d times, want once", b.file, n)
		}
		changed := strings.Replace(string(source), b.from, b.to, 1)
		if strings.Contains(b.to, "time.") && !strings.Contains(changed, `"time"`) {
			changed = strings.Replace(changed, "import (", "import (\n\t\"time\"", 1)
		}
		overlay.Replace[path] = filepath.Join(dir, "changed.go")
		if err := os.WriteFile(overlay.Replace[path], []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "assistant")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", list, "-o", binary, "./cmd/assistant")
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building it: %v\n%s", err, out)
	}
	return binary
}
