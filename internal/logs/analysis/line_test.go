package analysis

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// reference reads a line as encoding/json and time.Parse do, with none of the code under test.
func reference(line []byte) (stats.Entry, bool) {
	var fields map[string]any
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber()
	if !json.Valid(line) || in.Decode(&fields) != nil || fields == nil {
		return stats.Entry{}, false
	}
	text := func(key string) string { s, _ := fields[key].(string); return s }
	var e stats.Entry
	var hasTime bool
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text("timestamp")); err == nil && !hasTime {
			e.Time, hasTime = t.UTC(), true
		}
	}
	e.Level = map[string]slog.Level{"DEBUG": -4, "WARNING": 4, "WARN": 4, "ERROR": 8, "CRITICAL": 8}[text("level")]
	e.Message, e.RequestID, e.Method, e.Endpoint = text("message"), text("request_id"), text("method"), text("endpoint")
	e.Kind = stats.KindOf(e.Message)
	e.Model, e.ErrorType, e.Error = text("model"), text("error_type"), text("error")
	if n, ok := fields["status"].(json.Number); ok && len(n) == 3 {
		if i, err := strconv.ParseUint(string(n), 10, 0); err == nil {
			e.Status = int(i)
		}
	}
	if s, ok := number64(fields["duration"]); ok && s >= 0 && s <= 86400 {
		e.Duration, e.HasDuration = time.Duration(math.Round(s*1e9)), true
	}
	tokens, _ := fields["tokens"].(map[string]any)
	e.PromptTokens, e.CompletionTokens = notNegative(tokens["prompt"]), notNegative(tokens["completion"])
	return e, hasTime && text("level") != ""
}

func number64(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func notNegative(v any) float64 {
	f, ok := number64(v)
	if !ok || f < 0 {
		return 0
	}
	return f
}

// checkLine holds the parser to the reference.
func checkLine(t *testing.T, p *parser, line []byte) {
	t.Helper()
	want, wantOK := reference(line)
	ok := p.parse(line)
	p.fillTexts()
	if ok != wantOK {
		t.Fatalf("parse(%q) = %v, encoding/json says %v", line, ok, wantOK)
	}
	if ok && p.entry != want {
		t.Fatalf("parse(%q)\n= %+v\nwant %+v", line, p.entry, want)
	}
}

// seeds are lines of our own and of the source document's, and everything that a line can be broken by.
var seeds = []string{
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","message":"AI model call successful","request_id":"A1","model":"gemini-2.0-flash-exp","prompt_length":12,"response_length":32,"tokens":{"prompt":12,"completion":45},"duration":1.234567891}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","message":"Request completed","request_id":"A1","method":"POST","endpoint":"/chat","status":200,"duration":0.000000001}`,
	`{"timestamp":"2026-11-23T11:55:56.000001Z","level":"ERROR","message":"AI model call failed","model":"m","error":"quota: \"it\" is \u00fcber\n","error_type":"quota","duration":2e-05}`,
	`{"timestamp": "2026-11-23T11:55:55.123456", "level": "ERROR", "message": "Request failed: \u8acb\u6c42", "module": "app", "line": 7}`,
	`{"timestamp":"2026-11-23T11:55:55+02:00","level":"CRITICAL","message":"請求","tokens":{"prompt":9.1,"completion":15.600000000000001}}`,
	`{"level":"INFO","timestamp":"2026-11-23T11:55:55Z","tokens":{"prompt":1},"tokens":{"completion":2},"duration":1,"duration":"x"}`,
	`{"timestamp":"2026-11-23T11:55:55Z","level":"INFO","system":{"memory":{"percent":1.5,"list":[1,[],{},null,true,false]}},"duration":null}`,
	`{"timestamp":"2026-11-23T11:55:55Z","\u006cevel":"INFO","Message":"case matters","status":"200"}`,
	`{"timestamp":"2026-02-30T11:55:55.123456Z","level":"INFO"}`,
	`{"timestamp":"2026-11-23T24:00:00.123456Z","level":"INFO"}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"NOTICE","duration":-1,"status":-20}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"","duration":1e999}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","duration":123456789012345678901234567890,"status":2e2}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","duration":0123}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","duration":1.}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO",}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO"} x`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","message":"torn`,
	"{\"timestamp\":\"2026-11-23T11:55:55.123456Z\",\"level\":\"INFO\",\"message\":\"a\tb\"}",
	"{\"timestamp\":\"2026-11-23T11:55:55.123456Z\",\"level\":\"INFO\",\"message\":\"\xff\x7f\"}\r",
	`[]`, `null`, `{}`, ``, `{"a":"\u12g4"}`, `{"a":"\x"}`, `{"a":nul}`, `{"a":tru}`, `{"a":-}`, `{"a":[1,]}`, `{"a" 1}`, `{a:1}`,
}

func TestLines(t *testing.T) {
	p := newParser() // one for all lines, as in a file: nothing may stay of the line before
	for range 2 {
		for _, line := range seeds {
			checkLine(t, p, []byte(line))
		}
	}
}

// FuzzLine: whatever a line is, it is read as encoding/json would read it.
func FuzzLine(f *testing.F) {
	for _, line := range seeds {
		f.Add([]byte(line))
	}
	p := newParser()
	f.Fuzz(func(t *testing.T, line []byte) { checkLine(t, p, line) })
}

// FuzzFloat: numbers are read to the last bit.
func FuzzFloat(f *testing.F) {
	for _, n := range []string{"0", "0.1", "1.234567891", "9007199254740993", "999999999999999.9", "1e5", "-0.0", "123456789012345.6"} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n string) {
		if end, ok := numberAt([]byte(n)); !ok || end != len(n) {
			return
		}
		want, err := strconv.ParseFloat(n, 64)
		if got, ok := parseFloat([]byte(n)); ok != (err == nil) || ok && got != want {
			t.Errorf("float(%s) = %v, %v; want %v, %v", n, got, ok, want, err)
		}
	})
}

func numberAt(b []byte) (int, bool) { return skipNumber(b, 0) }
