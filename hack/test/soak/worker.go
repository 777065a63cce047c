package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// sessionsEach is how many conversations a worker holds.
const sessionsEach = 6

// keptMessages is the most that a session keeps: internal/assistant/session has it so.
const keptMessages = 40

// system is what the clients of the compatible API say first.
const system = "be brief"

// worker is a user: it asks one thing after the other, and knows what its conversations hold.
type worker struct {
	http     *http.Client
	url      string
	client   string
	prefix   string // of its sessions' names: others' clients have sessions of the same names
	sessions [sessionsEach][]int
	gemini   *gemini
	calls    *callMatcher
	counters *counters
}

func newWorker(n int, url string, g *gemini, p *callMatcher, t *counters, c *http.Client) *worker {
	return &worker{
		http: c, url: url, client: clients[n%len(clients)], prefix: fmt.Sprintf("s%d", n/len(clients)),
		gemini: g, calls: p, counters: t,
	}
}

// open is how many of the worker's sessions the assistant must hold.
func (w *worker) open() int {
	n := 0
	for _, words := range w.sessions {
		if len(words) > 0 {
			n++
		}
	}
	return n
}

// run makes the nth request as its scenario says.
func (w *worker) run(ctx context.Context, n int, how scenario) {
	if how.form == plain {
		w.plain(ctx, n, how)
		return
	}
	random := draws(2, n)
	message := fmt.Sprintf("%scall-%d%s", how.ending.keyword(), n, strings.Repeat(" word", random.IntN(23)))
	session := random.IntN(sessionsEach)
	t := clientRecord{scenario: how, words: len(strings.Fields(message))}
	var body string
	if how.form == chat {
		for _, words := range w.sessions[session] {
			t.words += words
		}
		body = fmt.Sprintf(`{"session_id":"%s-%d","message":%q}`, w.prefix, session, message)
	} else {
		t.words += len(strings.Fields(system))
		body = fmt.Sprintf(`{"model":%q,"messages":[{"role":"system","content":%q},{"role":"user","content":%q}]%s}`,
			model, system, message, map[form]string{stream: `,"stream":true,"stream_options":{"include_usage":true}`}[how.form])
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	if how.ending.leave == onArrival {
		w.gemini.onArrival(n, leave)
	}
	a := w.send(ctx, http.MethodPost, how.endpoint, body, keyOf(w.client), func(parts int) bool {
		return how.ending.leave != onText || parts < how.ending.scene.Chunks
	})
	t.text, t.usage = a.text, a.usage
	w.counters.count(how, a)
	w.calls.addClient(n, t)
	if how.form == chat && how.kind == "" {
		kept := slices.Concat(w.sessions[session], []int{len(strings.Fields(message)), len(strings.Fields(a.text))})
		w.sessions[session] = kept[max(0, len(kept)-keptMessages):]
	}
}

func (w *worker) plain(ctx context.Context, n int, how scenario) {
	path, key := how.path, keyOf(w.client)
	if path == "" { // a session is forgotten
		path = fmt.Sprintf("/chat/%s-%d", w.prefix, n%sessionsEach)
		w.sessions[n%sessionsEach] = nil
	}
	if how.wrongKey {
		key = "nobody's-key-0123456789"
	}
	a := w.send(ctx, how.method, path, how.body, key, func(int) bool { return true })
	w.counters.count(how, a)
}
