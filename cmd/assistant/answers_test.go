package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// rawAnswer is what the API sends to one call, and what must come of it at the client, in the metrics and in the log.
type rawAnswer struct {
	name string
	// status is HTTP's; elements are the chunks of an answer, or its error. Enums are names.
	status   int
	elements []string
	// cut ends the body before the end of the answer.
	cut bool

	// content, calls and finish are what the client gets of an answer.
	content, finish string
	calls           string // names and arguments of tools
	// wantStatus and code are those of an error; the status is the one before anything is sent.
	wantStatus int
	code       string
	retry      string // of the header x-should-retry
	// kind is the cause in metrics and log; empty for a success.
	kind string
	// source is the usage's; prompt and completion are its tokens.
	source             string
	prompt, completion int
}

const (
	usage12 = `"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}`
	// usageThought has tokens of thoughts and of tools that Google ran, and no total.
	usageThought = `"usageMetadata":{"promptTokenCount":10,"toolUsePromptTokenCount":5,"candidatesTokenCount":2,"thoughtsTokenCount":30,` +
		`"promptTokensDetails":[{"modality":"TEXT","tokenCount":10}]}`
	ratings = `"safetyRatings":[{"category":"HARM_CATEGORY_HARASSMENT","probability":"LOW","blocked":true}]`
)

// part is a chunk with parts; finish may be empty.
func partsChunk(parts, finish, more string) string {
	c := `{"content":{"role":"model","parts":[` + parts + `]}`
	if finish != "" {
		c += `,"finishReason":"` + finish + `",` + ratings
	}
	c += `}`
	if more != "" {
		more = "," + more
	}
	return `{"candidates":[` + c + `],"modelVersion":"m","responseId":"r"` + more + `}`
}

func textPart(text string) string { return `{"text":"` + text + `"}` }

func apiFailure(code int, status, details string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"message":"about %s: Details","status":"%s","details":[%s]}}`, code, canaryPrompt, status, details)
}

const (
	detailRetry     = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}`
	detailKey       = `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}`
	detailPerDay    = `{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}`
	detailPerMinute = `{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]}`
	detailField     = `{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0].parts[0]","description":"no"}]}`
)

// answered is an answer without an error that cost 10 and 2 tokens.
func answered(name, content, finish string, elements ...string) rawAnswer {
	return rawAnswer{name: name, elements: elements, content: content, finish: finish, wantStatus: 200, source: "reported", prompt: 10, completion: 2}
}

// refused is an answer that is an error, with the status of HTTP or within an answer of 200.
func refused(name string, status int, element string, wantStatus int, code, retry, kind string) rawAnswer {
	return rawAnswer{name: name, status: status, elements: []string{element}, wantStatus: wantStatus, code: code, retry: retry, kind: kind, source: "unknown"}
}

func (a rawAnswer) costs(prompt, completion int) rawAnswer {
	a.source, a.prompt, a.completion = "reported", prompt, completion
	return a
}

func rawAnswers() []rawAnswer {
	hello := partsChunk(textPart("Hello"), "", "")
	end := partsChunk(textPart(" there"), "STOP", usage12)
	call := `{"functionCall":{"name":"depth","args":{"place":"Elbe","at":7}},"thoughtSignature":"c2ln"}`
	all := []rawAnswer{
		answered("text", "Hello there", "stop", hello, end),
		answered("length", "Hello there", "length", hello, partsChunk(textPart(" there"), "MAX_TOKENS", usage12)),
		answered("length without text", "", "length", `{"candidates":[{"finishReason":"MAX_TOKENS"}],`+usage12+`}`),
		answered("stop without text", "", "stop", `{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}],`+usage12+`}`),
		answered("thoughts are not shown", "Hello there", "stop",
			partsChunk(`{"text":"let me think","thought":true}`, "", ""), hello, partsChunk(`{"text":"hm","thought":true},`+textPart(" there"), "STOP", usageThought)).costs(15, 32),
		answered("unknown parts and fields", "Hello there", "stop",
			partsChunk(`{"hologram":{"x":1}},{"executableCode":{"language":"PYTHON","code":"1"}},`+textPart("Hello"), "", `"novelty":[1]`), end),
		answered("a signature alone", "Hello there", "stop", hello, partsChunk(textPart(" there")+`,{"text":"","thoughtSignature":"c2ln"}`, "STOP", usage12)),
		answered("usage in a chunk of its own", "Hello there", "stop", hello, partsChunk(textPart(" there"), "STOP", ""), `{`+usage12+`}`),
		answered("other reason with text", "Hello", "stop", partsChunk(textPart("Hello"), "OTHER", usage12)),
		answered("unspecified reasons", "Hello there", "stop", partsChunk(textPart("Hello"), "FINISH_REASON_UNSPECIFIED", `"promptFeedback":{"blockReason":"BLOCK_REASON_UNSPECIFIED"}`), end),
		answered("a reason of tomorrow", "Hello", "stop", partsChunk(textPart("Hello"), "SOLAR_FLARE", usage12)),
		{name: "no usage", elements: []string{hello, partsChunk(textPart(" there"), "STOP", "")}, content: "Hello there", finish: "stop", wantStatus: 200, source: "estimated", prompt: 4, completion: 3},
		{name: "tool call", elements: []string{partsChunk(call, "STOP", usage12)}, calls: `depth{"at":7,"place":"Elbe"}`, finish: "tool_calls", wantStatus: 200, source: "reported", prompt: 10, completion: 2},
		{name: "tool calls with text", elements: []string{hello, partsChunk(call+`,{"functionCall":{"name":"tide"}}`, "STOP", usage12)}, content: "Hello", calls: `depth{"at":7,"place":"Elbe"} tide{}`, finish: "tool_calls", wantStatus: 200, source: "reported", prompt: 10, completion: 2},
		refused("quota", 429, apiFailure(429, "RESOURCE_EXHAUSTED", detailRetry), 429, "rate_limit_exceeded", "true", "quota"),
		refused("quota of the minute", 429, apiFailure(429, "RESOURCE_EXHAUSTED", detailPerMinute), 429, "rate_limit_exceeded", "true", "quota_minute"),
		refused("quota of the day", 429, apiFailure(429, "RESOURCE_EXHAUSTED", detailPerDay+","+detailRetry), 402, "insufficient_quota", "false", "quota_day"),
		refused("quota within", 200, apiFailure(429, "RESOURCE_EXHAUSTED", detailPerMinute), 429, "rate_limit_exceeded", "true", "quota_minute"),
		refused("unavailable", 503, apiFailure(503, "UNAVAILABLE", ""), 503, "unavailable", "true", "unavailable"),
		refused("unavailable within, without a number", 200, `{"error":{"status":"UNAVAILABLE"}}`, 503, "unavailable", "true", "unavailable"),
		refused("internal", 500, apiFailure(500, "INTERNAL", ""), 503, "unavailable", "true", "unavailable"),
		refused("deadline", 504, apiFailure(504, "DEADLINE_EXCEEDED", ""), 504, "timeout", "true", "timeout"),
		refused("key", 400, apiFailure(400, "INVALID_ARGUMENT", detailKey), 403, "auth", "false", "auth"),
		refused("permission", 403, apiFailure(403, "PERMISSION_DENIED", ""), 403, "auth", "false", "auth"),
		refused("location", 400, apiFailure(400, "FAILED_PRECONDITION", ""), 403, "failed_precondition", "false", "failed_precondition"),
		refused("model", 404, apiFailure(404, "NOT_FOUND", ""), 404, "upstream_model_not_found", "false", "not_found"),
		refused("invalid", 400, apiFailure(400, "INVALID_ARGUMENT", detailField), 400, "invalid", "false", "invalid"),
		refused("too long", 400, strings.Replace(apiFailure(400, "INVALID_ARGUMENT", ""), "Details", "The input token count (9) exceeds the maximum number of tokens allowed (8).", 1), 400, "context_length_exceeded", "false", "context_length"),
		refused("a proxy's page", 502, `"<html>"`, 503, "unavailable", "true", "unavailable"),
		refused("no answer", 200, `{"candidates":[{"finishReason":"OTHER"}]}`, 502, "unknown", "true", "unknown"),
		refused("malformed call", 200, `{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}],`+usage12+`}`, 502, "unknown", "true", "unknown").costs(10, 2),
		refused("no signature", 200, `{"candidates":[{"finishReason":"MISSING_THOUGHT_SIGNATURE"}]}`, 400, "invalid", "false", "invalid"),
		refused("blocked prompt", 200, `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT",`+ratings+`},"usageMetadata":{"promptTokenCount":10,"totalTokenCount":10}}`, 400, "content_filter", "false", "blocked").costs(10, 0),
		refused("not an answer", 200, `{"candidates":"`+canaryPrompt+`"}`, 502, "unknown", "true", "unknown"),
		{name: "quota after text", elements: []string{hello, apiFailure(429, "RESOURCE_EXHAUSTED", "")}, content: "Hello", wantStatus: 429, code: "rate_limit_exceeded", retry: "true", kind: "quota", source: "estimated", prompt: 4, completion: 2},
		{name: "cut", elements: []string{partsChunk(textPart("Hello"), "", usage12)}, cut: true, content: "Hello", wantStatus: 502, code: "truncated", retry: "true", kind: "truncated", source: "reported", prompt: 10, completion: 2},
	}
	for _, reason := range []string{"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"} {
		a := answered("blocked answer "+reason, "Hello", "content_filter", hello, `{"candidates":[{"finishReason":"`+reason+`",`+ratings+`}],`+usage12+`}`)
		a.kind = "blocked"
		all = append(all, a)
	}
	return all
}

// rawForms are the ways in which Gemini and the gateways before it write an answer.
var rawForms = map[string]func(elements []string, cut bool) string{
	"array": func(elements []string, cut bool) string {
		return "[" + strings.Join(elements, ",\r\n") + strings.Repeat("]", one(!cut))
	},
	"array with numbers": func(elements []string, cut bool) string {
		return "[" + rawNumbers.Replace(strings.Join(elements, "\n,\n")) + strings.Repeat("]", one(!cut))
	},
	"events": func(elements []string, _ bool) string {
		return "data: " + strings.Join(elements, "\n\ndata: ") + "\n\n"
	},
	"events with numbers and comments": func(elements []string, _ bool) string {
		return ": hello\r\n\r\nevent: message\r\ndata: " + rawNumbers.Replace(strings.Join(elements, "\r\n\r\n: waiting\r\n\r\ndata:")) + "\r\n\r\ndata: [DONE]\r\n\r\n"
	},
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

var rawNumbers = strings.NewReplacer(
	`"FINISH_REASON_UNSPECIFIED"`, "0", `"STOP"`, "1", `"MAX_TOKENS"`, "2", `"finishReason":"SAFETY"`, `"finishReason":3`, `"RECITATION"`, "4",
	`"OTHER"`, "5", `"LANGUAGE"`, "6", `"BLOCKLIST"`, "7", `"finishReason":"PROHIBITED_CONTENT"`, `"finishReason":8`, `"SPII"`, "9",
	`"MALFORMED_FUNCTION_CALL"`, "10", `"IMAGE_SAFETY"`, "11", `"blockReason":"PROHIBITED_CONTENT"`, `"blockReason":4`,
	`"BLOCK_REASON_UNSPECIFIED"`, "0", `"HARM_CATEGORY_HARASSMENT"`, "7", `"LOW"`, "2", `"TEXT"`, "1",
)

// scriptedAPI answers each call with the answer and the form that its prompt names, and counts the calls by prompt.
type scriptedAPI struct {
	answers map[string]rawAnswer

	mu    sync.Mutex
	calls map[string]int
}

func (s *scriptedAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, `{"name":"models/m"}`)
		return
	}
	var in struct {
		Contents []struct{ Parts []struct{ Text string } }
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	prompt := in.Contents[0].Parts[0].Text
	s.mu.Lock()
	s.calls[prompt]++
	s.mu.Unlock()
	fields := strings.Split(prompt, "/")
	a := s.answers[fields[0]]
	body := rawForms[fields[1]](a.elements, a.cut)
	if a.status/100 > 2 { // an error of HTTP is no stream
		body = a.elements[0]
		if strings.HasPrefix(fields[1], "array") {
			body = "[" + body + "]"
		}
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, body)
}

// TestRawAnswers plays every answer in every form, whole and as a stream, and holds what the client gets, the metrics and
// the log to the table. No call is made twice.
func TestRawAnswers(t *testing.T) {
	api := &scriptedAPI{answers: map[string]rawAnswer{}, calls: map[string]int{}}
	for _, a := range rawAnswers() {
		api.answers[a.name] = a
	}
	srv := httptest.NewServer(api)
	defer srv.Close()
	p := start(t, "--gemini-endpoint="+srv.URL, "--model="+defaultModel)

	n, want := 0, &rawTotals{kinds: map[string]float64{}, sources: map[string]float64{}}
	for _, a := range rawAnswers() {
		for form := range rawForms {
			n++
			for _, stream := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/stream=%v", a.name, form, stream), func(t *testing.T) {
					prompt := fmt.Sprintf("%s/%s/%v", a.name, form, stream)
					p.completeRaw(t, a, prompt, stream)
					want.add(a, prompt)
					if api.calls[prompt] != 1 {
						t.Errorf("%d calls were made, want one", api.calls[prompt])
					}
				})
			}
		}
	}
	if n < 100 {
		t.Errorf("%d raw answers, want at least 100", n)
	}
	want.check(t, p.scrape(t))
}

// completeRaw asks for a completion and checks what comes and what is logged.
func (p *program) completeRaw(t *testing.T, a rawAnswer, prompt string, stream bool) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{
		"model": defaultModel, "messages": []map[string]string{{"role": "user", "content": prompt}}, "stream": stream,
	})
	resp, err := http.Post(p.url+"/v1/chat/completions", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	got := readCompletion(t, data, stream)

	wantStatus, isStreamed := a.wantStatus, stream && (a.content != "" || a.calls != "")
	if isStreamed {
		wantStatus = http.StatusOK
	}
	content := a.content
	if a.code != "" && !isStreamed {
		content = ""
	}
	if resp.StatusCode != wantStatus || got.content != content || got.calls != a.calls || got.finish != a.finish || got.code != a.code {
		t.Errorf("got %d %+v\n%s\nwant %d %q %q %s %s", resp.StatusCode, got, data, wantStatus, content, a.calls, a.finish, a.code)
	}
	if retry := resp.Header.Get("X-Should-Retry"); !isStreamed && retry != a.retry {
		t.Errorf("x-should-retry = %q, want %q", retry, a.retry)
	}
	if after := resp.Header.Get("Retry-After"); !isStreamed && (after != "") != (a.retry == "true") {
		t.Errorf("Retry-After = %q where x-should-retry is %q", after, a.retry)
	}
	p.checkCallLine(t, a, resp.Header.Get("X-Request-Id"))
}

// completion is what a client gets of an answer, whole or streamed.
type completion struct{ content, calls, finish, code string }

func readCompletion(t *testing.T, data []byte, stream bool) completion {
	t.Helper()
	var out completion
	for _, text := range strings.Split(string(data), "\n\n") {
		if stream {
			text = strings.TrimPrefix(text, "data: ")
		}
		if text == "" || text == "[DONE]" || strings.HasPrefix(text, ":") {
			continue
		}
		var in struct {
			Error   struct{ Code string }
			Choices []struct {
				Message, Delta struct {
					Content string
					Calls   []struct {
						Function struct{ Name, Arguments string }
					} `json:"tool_calls"`
				}
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if in.Error.Code != "" {
			out.code = in.Error.Code
		}
		for _, c := range in.Choices {
			out.content += c.Message.Content + c.Delta.Content
			for _, call := range append(c.Message.Calls, c.Delta.Calls...) {
				out.calls = strings.TrimSpace(out.calls + " " + call.Function.Name + call.Function.Arguments)
			}
			if c.Finish != "" {
				out.finish = c.Finish
			}
		}
	}
	return out
}

// checkCallLine holds the log's line of a call to the table. No line holds what was said.
func (p *program) checkCallLine(t *testing.T, a rawAnswer, requestID string) {
	t.Helper()
	var lines []map[string]any
	for _, text := range p.log.lines() {
		if !strings.Contains(text, requestID) {
			continue
		}
		if strings.Contains(text, canaryPrompt) || strings.Contains(text, "Hello") {
			t.Errorf("the log holds what was said: %s", text)
		}
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) == nil && line["usage_source"] != nil {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 {
		t.Fatalf("%d lines of the call, want one", len(lines))
	}
	line := lines[0]
	kind, _ := line["error_type"].(string)
	tokens, _ := line["tokens"].(map[string]any)
	if kind != a.kind || line["usage_source"] != a.source {
		t.Errorf("logged %v, want kind %q and usage %s", line, a.kind, a.source)
	}
	if a.source == "reported" && (tokens["prompt"] != float64(a.prompt) || tokens["completion"] != float64(a.completion)) {
		t.Errorf("logged tokens %v, want %d and %d", tokens, a.prompt, a.completion)
	}
}

// rawTotals are what the metrics must say.
type rawTotals struct {
	calls, failed      float64
	prompt, completion float64 // reported
	kinds, sources     map[string]float64
}

func (w *rawTotals) add(a rawAnswer, prompt string) {
	w.calls++
	w.sources[a.source]++
	if a.kind != "" {
		w.failed++
		w.kinds[a.kind]++
	}
	switch a.source {
	case "reported":
		w.prompt += float64(a.prompt)
		w.completion += float64(a.completion)
	case "estimated": // 1.3 tokens a word, rounded up
		words := func(text string) float64 { return float64((len(strings.Fields(text))*13 + 9) / 10) }
		w.prompt += words(prompt)
		w.completion += words(a.content)
	}
}

func (w *rawTotals) check(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	check := func(want float64, m metric.Metric, labels ...string) {
		if got := value(t, families, m, append([]string{"model", defaultModel}, labels...)...); got != want {
			t.Errorf("%s%v = %v, want %v", m.Name, labels, got, want)
		}
	}
	check(w.calls-w.failed, metric.ModelCalls, "status", "success")
	check(w.failed, metric.ModelCalls, "status", "error")
	check(w.prompt, metric.TokensUsed, "type", "prompt")
	check(w.completion, metric.TokensUsed, "type", "completion")
	for source, n := range w.sources {
		check(n, metric.UsageRecords, "source", source)
	}
	for kind, n := range w.kinds {
		check(n, metric.ModelErrors, "error_type", kind)
	}
}
