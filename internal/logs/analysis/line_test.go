package analysis

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// levels are the names that are not INFO, as the reference reads them.
var levels = map[string]slog.Level{
	"TRACE": -4, "DEBUG": -4, "DBG": -4, "FINE": -4, "WARNING": 4, "WARN": 4, "WRN": 4, "ERROR": 8, "ERR": 8, "CRITICAL": 8,
	"CRIT": 8, "FATAL": 8, "PANIC": 8, "ALERT": 8, "EMERG": 8, "EMERGENCY": 8, "SEVERE": 8,
}

// reference reads a line as encoding/json and time.Parse do, with none of the code under test.
func reference(line []byte) (stats.Entry, verdict) {
	var fields map[string]any
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber()
	if !json.Valid(line) || in.Decode(&fields) != nil || fields == nil {
		return stats.Entry{}, broken
	}
	for _, name := range []string{"timestamp", "level", "message"} {
		if _, ok := fields[name]; !ok {
			return stats.Entry{}, foreign
		}
	}
	text := func(key string) string { s, _ := fields[key].(string); return s }
	var e stats.Entry
	var hasTime bool
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05Z0700",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z0700",
	} {
		if t, err := time.Parse(layout, text("timestamp")); err == nil && !hasTime {
			e.Time, hasTime = t.UTC(), true
		}
	}
	level := strings.Trim(text("level"), " \t\r\n")
	if !hasTime || level == "" {
		return stats.Entry{}, broken
	}
	e.Level = levels[upper(level)]
	e.Message, e.RequestID, e.Method, e.Endpoint = text("message"), text("request_id"), text("method"), text("endpoint")
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
	if !e.Identify() {
		return e, foreign
	}
	return e, own
}

// upper is in capitals, of ASCII only.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
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
	want, wantWhose := reference(line)
	whose := p.parse(line)
	p.fillTexts()
	if whose != wantWhose {
		t.Fatalf("parse(%q) = %v, encoding/json says %v", line, whose, wantWhose)
	}
	if whose == own && p.entry != want {
		t.Fatalf("parse(%q)\n= %+v\nwant %+v", line, p.entry, want)
	}
}

// seeds are lines of our own and of the source document's, and everything that a line can be broken by.
var seeds = []string{
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","message":"AI model call successful","request_id":"A1","model":"gemini-flash-latest","prompt_length":12,"response_length":32,"tokens":{"prompt":12,"completion":45},"duration":1.234567891}`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","message":"Request completed","request_id":"A1","method":"POST","endpoint":"/chat","status":200,"duration":0.000000001}`,
	`{"timestamp":"2026-11-23T11:55:56.000001Z","level":"ERROR","message":"AI model call failed","model":"m","error":"quota: \"it\" is \u00fcber\n","error_type":"quota","duration":2e-05}`,
	`{"timestamp": "2026-11-23T11:55:55.123456", "level": "ERROR", "message": "Request failed: \u8acb\u6c42", "module": "app", "line": 7}`,
	`{"timestamp":"2026-11-23T11:55:55+02:00","level":"CRITICAL","message":"請求","tokens":{"prompt":9.1,"completion":15.600000000000001}}`,
	`{"message":"m","level":"INFO","timestamp":"2026-11-23T11:55:55Z","tokens":{"prompt":1},"tokens":{"completion":2},"duration":1,"duration":"x"}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55Z","level":"INFO","system":{"memory":{"percent":1.5,"list":[1,[],{},null,true,false]}},"duration":null}`,
	`{"timestamp":"2026-11-23T11:55:55Z","\u006cevel":"INFO","Message":"case matters","status":"200"}`,
	`{"message":"m","timestamp":"2026-02-30T11:55:55.123456Z","level":"INFO"}`,
	`{"message":"m","timestamp":"2026-11-23T24:00:00.123456Z","level":"INFO"}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"NOTICE","duration":-1,"status":-20}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"","duration":1e999}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","duration":123456789012345678901234567890,"status":2e2}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","duration":0123}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","duration":1.}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO",}`,
	`{"message":"m","timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO"} x`,
	`{"timestamp":"2026-11-23T11:55:55.123456Z","level":"INFO","message":"torn`,
	"{\"timestamp\":\"2026-11-23T11:55:55.123456Z\",\"level\":\"INFO\",\"message\":\"a\tb\"}",
	"{\"timestamp\":\"2026-11-23T11:55:55.123456Z\",\"level\":\"INFO\",\"message\":\"\xff\x7f\"}\r",
	`{"timestamp":"2026-01-31 12:00:00,123","level":"INFO","message":"Python's asctime"}`,
	`{"timestamp":"2026-01-31 12:00:00.123456","level":"Warning","message":"str(datetime)"}`,
	`{"timestamp":"2026-01-31 12:00:00.5+02:00","level":"err","message":"m"}`,
	`{"timestamp":"2026-01-31 12:00:00Z","level":"critical","message":"m"}`,
	`{"timestamp":"2026-01-31T12:00:00,5+0200","level":"WARNING ","message":"padded"}`,
	`{"timestamp":"2026-01-31 25:00:00,123","level":"INFO","message":"m"}`,
	`{"timestamp":"yesterday","level":"trace","message":"m"}`,
	`{"timestamp":"2026-01-31T12:00:00Z","level":" ","message":"m"}`,
	`{"timestamp":"2026-01-31T12:00:00Z","level":30,"message":"m"}`,
	`{"timestamp":"2026-01-31T12:00:00Z","level":"info","message":"Request completed","url":"/x"}`,
	`{"timestamp":"2026-01-31T12:00:00Z","level":"info","message":"a request","endpoint":"/x"}`,
	`{"timestamp":"2026-01-31T12:00:00Z","level":"info","message":"AI model call failed","duration":1}`,
	klog, nginx,
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

func TestLevelsInAnySpelling(t *testing.T) {
	p := newParser()
	for want, names := range map[slog.Level]string{
		slog.LevelDebug: "DEBUG debug Trace dbg fine",
		slog.LevelInfo:  "INFO info Information notice NOTICE verbose I",
		slog.LevelWarn:  "WARNING WARN Warning warn wrn",
		slog.LevelError: "ERROR Error err ERR critical CRIT Fatal panic alert emerg EMERGENCY SEVERE",
	} {
		for name := range strings.FieldsSeq(names) {
			line := `{"timestamp":"2026-11-23T12:00:00Z","level":"` + name + `","message":"m"}`
			if whose := p.parse([]byte(line)); whose != own || p.entry.Level != want {
				t.Errorf("%s is %v of %v, want %v", name, p.entry.Level, whose, want)
			}
		}
	}
}

func TestTimesInPythonsFormats(t *testing.T) {
	p := newParser()
	want := time.Date(2026, 1, 31, 12, 0, 0, 123000000, time.UTC)
	for _, text := range []string{
		"2026-01-31 12:00:00,123", "2026-01-31 12:00:00.123", "2026-01-31T12:00:00.123", "2026-01-31 12:00:00.123000+00:00",
		"2026-01-31 14:00:00,123+0200", "2026-01-31T14:00:00.123+0200", "2026-01-31T14:00:00,123+02:00", "2026-01-31 12:00:00.123Z",
		"2026-01-31T12:00:00.123000Z",
	} {
		line := `{"timestamp":"` + text + `","level":"INFO","message":"m"}`
		if whose := p.parse([]byte(line)); whose != own || !p.entry.Time.Equal(want) {
			t.Errorf("%s is %v of %v", text, p.entry.Time, whose)
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
