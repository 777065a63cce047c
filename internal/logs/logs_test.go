package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
)

func TestLineHasTheContractsShape(t *testing.T) {
	var out bytes.Buffer
	ctx := WithRequestID(context.Background(), "req-1")
	New(&out, slog.LevelInfo).With("component", "test").
		WarnContext(ctx, "AI model call failed", "duration", 1500*time.Millisecond, slog.Group("tokens", "prompt", 7))

	want := `^\{"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","level":"WARNING","message":"AI model call failed",` +
		`"request_id":"req-1","component":"test","duration":1\.5,"tokens":\{"prompt":7\}\}\n$`
	if !regexp.MustCompile(want).MatchString(out.String()) {
		t.Errorf("line = %s\nwant it to match %s", out.String(), want)
	}
}

func TestRequestIDStaysOutsideGroups(t *testing.T) {
	var out bytes.Buffer
	grouped := New(&out, slog.LevelInfo).With("before", 1).WithGroup("g")
	grouped.With("a", 1).InfoContext(WithRequestID(context.Background(), "req-1"), "m")
	grouped.With("b", 2).InfoContext(context.Background(), "m")

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{
		`"message":"m","request_id":"req-1","before":1,"g":{"a":1}}`,
		`"message":"m","before":1,"g":{"b":2}}`,
	} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d = %s, want it to end in %s", i, lines[i], want)
		}
	}
}

func TestSpansIDsFollowTheRequests(t *testing.T) {
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	const ids = `"trace_id":"01000000000000000000000000000000","span_id":"0200000000000000"`
	for name, tt := range map[string]struct {
		id   string
		span trace.SpanContext
		want string
	}{
		"both":    {"req-1", span, `"message":"m","request_id":"req-1",` + ids + `,"g":{"a":1}}`},
		"a span":  {"", span, `"message":"m",` + ids + `,"g":{"a":1}}`},
		"invalid": {"req-1", trace.SpanContext{}, `"message":"m","request_id":"req-1","g":{"a":1}}`},
	} {
		var out bytes.Buffer
		ctx := trace.ContextWithSpanContext(WithRequestID(context.Background(), tt.id), tt.span)
		New(&out, slog.LevelInfo).WithGroup("g").InfoContext(ctx, "m", "a", 1)
		if !strings.HasSuffix(strings.TrimSpace(out.String()), tt.want) {
			t.Errorf("%s: line = %s, want it to end in %s", name, out.String(), tt.want)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, tt := range []struct{ name, logged string }{
		{"debug", "DEBUG"}, {"INFO", "INFO"}, {"warn", "WARNING"}, {"Warning", "WARNING"}, {"error", "ERROR"},
	} {
		level, err := ParseLevel(tt.name)
		if err != nil {
			t.Errorf("ParseLevel(%q): %v", tt.name, err)
			continue
		}
		var out bytes.Buffer
		logger := New(&out, level)
		logger.Log(context.Background(), level-1, "below")
		logger.Log(context.Background(), level, "at")
		var line map[string]string
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Errorf("at level %s: want one line, got %q", tt.name, out.String())
			continue
		}
		if line[LevelKey] != tt.logged || line[MessageKey] != "at" {
			t.Errorf("at level %s: line = %v, want level %s", tt.name, line, tt.logged)
		}
	}
	if _, err := ParseLevel("loud"); err == nil {
		t.Error(`ParseLevel("loud") succeeded`)
	}
}

func TestContextFieldsNamedLikeSlogsOwnAreKept(t *testing.T) {
	var out bytes.Buffer
	New(&out, slog.LevelInfo).Info("m", slog.Group("nested", "level", "high", "time", 3, "msg", "text"))
	if want := `"nested":{"level":"high","time":3,"msg":"text"}`; !strings.Contains(out.String(), want) {
		t.Errorf("line = %s, want %s in it", out.String(), want)
	}
}
