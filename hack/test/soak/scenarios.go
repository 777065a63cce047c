package main

import (
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// form is how a request asks.
type form string

const (
	chat   form = "POST /chat"
	whole  form = "completion"
	stream form = "streamed"
	plain  form = "no model"
)

const (
	chatPath    = "/chat"
	sessionPath = "/chat/{session_id}"
	completions = "/v1/chat/completions"
	other       = "other"
)

// leaving is when a client goes away before its answer.
type leaving int

const (
	stays leaving = iota
	onArrival
	onText // once all the text that the scene sends has come: only a stream's client sees that
)

// ending is one way that a model call can end: what the stand-in does, what the client does, and what error that is.
type ending struct {
	name   string
	scene  server.Scene
	leave  leaving
	kind   assistant.Kind // empty: the call succeeds
	weight int            // beside the others; 0 is once
}

// endings are all that the stand-in knows.
var endings = []ending{
	{name: "answer", scene: server.Scene{Act: server.ActAnswer}, weight: 60},
	{name: "answer, thought about", scene: server.Scene{Act: server.ActAnswer, ThinkingTokens: 17, CachedTokens: 5}, weight: 10},
	{name: "answer, too long", scene: server.Scene{Act: server.ActAnswer, Finish: "MAX_TOKENS"}, weight: 5},
	{name: "answer without usage", scene: server.Scene{Act: server.ActAnswer, NoUsage: true}, weight: 5},
	{name: "prompt blocked", scene: server.Scene{Act: server.ActBlockPrompt}, kind: assistant.KindBlocked},
	{name: "prompt blocked, no usage", scene: server.Scene{Act: server.ActBlockPrompt, NoUsage: true}, kind: assistant.KindBlocked},
	{name: "answer blocked", scene: server.Scene{Act: server.ActBlockAnswer, Chunks: 2, ThinkingTokens: 3}, kind: assistant.KindBlocked},
	{name: "answer blocked at once", scene: server.Scene{Act: server.ActBlockAnswer}, kind: assistant.KindBlocked},
	{name: "400", scene: server.Scene{Act: server.ActFail, Code: 400}, kind: assistant.KindInvalid},
	{name: "403", scene: server.Scene{Act: server.ActFail, Code: 403}, kind: assistant.KindAuth},
	{name: "404", scene: server.Scene{Act: server.ActFail, Code: 404}, kind: assistant.KindNotFound},
	{name: "429", scene: server.Scene{Act: server.ActFail, Code: 429}, kind: assistant.KindQuota},
	{name: "429, minute", scene: server.Scene{Act: server.ActFail, Code: 429, Quotas: []string{"minute"}}, kind: assistant.KindQuotaMinute},
	{name: "429, day", scene: server.Scene{Act: server.ActFail, Code: 429, Quotas: []string{"minute", "day"}}, kind: assistant.KindQuotaDay},
	{name: "500", scene: server.Scene{Act: server.ActFail, Code: 500}, kind: assistant.KindUnavailable},
	{name: "503", scene: server.Scene{Act: server.ActFail, Code: 503}, kind: assistant.KindUnavailable},
	{name: "504", scene: server.Scene{Act: server.ActFail, Code: 504}, kind: assistant.KindTimeout},
	{name: "broken off", scene: server.Scene{Act: server.ActTruncate, Chunks: 2, CachedTokens: 4}, kind: assistant.KindTruncated},
	{name: "broken off, no usage", scene: server.Scene{Act: server.ActTruncate, Chunks: 2, NoUsage: true}, kind: assistant.KindTruncated},
	{name: "broken off at once", scene: server.Scene{Act: server.ActTruncate}, kind: assistant.KindTruncated},
	{name: "stalls", scene: server.Scene{Act: server.ActStall}, kind: assistant.KindTimeout},
	{name: "stalls amidst", scene: server.Scene{Act: server.ActStall, Chunks: 2}, kind: assistant.KindTimeout},
	{name: "client leaves", scene: server.Scene{Act: server.ActStall}, leave: onArrival, kind: assistant.KindCancelled},
	{name: "client leaves amidst", scene: server.Scene{Act: server.ActStall, Chunks: 1}, leave: onText, kind: assistant.KindCancelled},
	{name: "client leaves, no usage", scene: server.Scene{Act: server.ActStall, Chunks: 2, NoUsage: true}, leave: onText, kind: assistant.KindCancelled},
}

// script is the script of the stand-in for all endings. A message names its own.
func script() []server.Scene {
	var script []server.Scene
	for _, e := range endings {
		e.scene.When = e.keyword()
		script = append(script, e.scene)
	}
	return script
}

// keyword is the word in a message that has the stand-in play the ending.
func (e ending) keyword() string { return "#" + strings.ReplaceAll(e.name, " ", "-") + "# " }

// status is what an error of the model is answered with: written here again, not taken from the code under test.
var status = map[assistant.Kind]int{
	"": http.StatusOK, assistant.KindBlocked: 400, assistant.KindInvalid: 400, assistant.KindAuth: 403,
	assistant.KindNotFound: 404, assistant.KindQuota: 429, assistant.KindQuotaMinute: 429, assistant.KindQuotaDay: 402,
	assistant.KindUnavailable: 503, assistant.KindTimeout: 504, assistant.KindTruncated: 502, assistant.KindCancelled: 499,
}

// scenario is a request and what must become of it.
type scenario struct {
	form form
	name string
	// clientRecord is the status that the client sees, 0 if it goes before there is one; counted is that of the metrics.
	status, counted int
	method          string
	endpoint        string         // of the metrics
	kind            assistant.Kind // that is counted for the endpoint; none if empty
	weight          int

	ending ending // of a model call

	path, body string // of a request that reaches no model
	wrongKey   bool
}

// scenarios are all that run.
func scenarios() []scenario {
	all := plainScenarios()
	for _, e := range endings {
		for _, f := range []form{chat, whole, stream} {
			if e.leave == onText && f != stream {
				continue
			}
			all = append(all, e.as(f))
		}
	}
	return all
}

// as is the ending in a form.
func (e ending) as(f form) scenario {
	w := scenario{form: f, name: e.name, method: http.MethodPost, endpoint: completions, kind: e.kind, weight: max(1, e.weight), ending: e}
	w.status, w.counted = status[e.kind], status[e.kind]
	if f == chat {
		w.endpoint = chatPath
	}
	if f != chat && e.scene.Act == server.ActBlockAnswer {
		w.status, w.counted = http.StatusOK, http.StatusOK // to OpenAI's clients it is an answer
	}
	if f == stream && e.scene.Chunks > 0 {
		w.status = http.StatusOK // the end is told in an event
	}
	if e.leave == onArrival {
		w.status = 0
	}
	return w
}

// plainScenarios are requests that reach no model.
func plainScenarios() []scenario {
	const invalid, tooLarge = assistant.KindInvalid, assistant.Kind("too_large")
	question := `{"model":"` + model + `","messages":[{"role":"user","content":"how deep?"}]}`
	all := []scenario{
		{name: "session forgotten", method: "DELETE", endpoint: sessionPath, status: 204, weight: 15},
		{name: "models listed", method: "GET", path: "/v1/models", endpoint: "/v1/models", status: 200, weight: 3},
		{name: "nothing there", method: "GET", path: "/admin", endpoint: other, status: 404, kind: assistant.KindNotFound},
		{name: "wrong method", method: "PUT", path: chatPath, endpoint: chatPath, status: 405, kind: "method_not_allowed"},
		{name: "wrong key", method: "POST", path: completions, endpoint: completions, body: question, wrongKey: true, status: 401, kind: "unauthorized"},
		{name: "unknown model", method: "POST", path: completions, endpoint: completions, body: strings.Replace(question, model, "another", 1), status: 404, kind: "unknown_model"},
		{name: "broken JSON", method: "POST", path: chatPath, endpoint: chatPath, body: `{"message":`, status: 400, kind: invalid},
		{name: "no message", method: "POST", path: chatPath, endpoint: chatPath, body: `{}`, status: 400, kind: invalid},
		{name: "bad session", method: "DELETE", path: "/chat/%0A", endpoint: sessionPath, status: 400, kind: invalid},
		{name: "body too large", method: "POST", path: chatPath, endpoint: chatPath, body: strings.Repeat(" ", maxBody+1), status: 413, kind: tooLarge},
	}
	for i := range all {
		w := &all[i]
		w.form, w.counted, w.weight = plain, w.status, max(1, w.weight)
	}
	return all
}
