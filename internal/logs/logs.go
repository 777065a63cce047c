// Package logs sets up structured logging: one JSON object a line with timestamp, level, message and request_id, then
// trace_id, span_id and the other fields. Prompts, answers and keys are never logged.
package logs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Names of the fields that every line may have.
const (
	TimestampKey = "timestamp"
	LevelKey     = "level"
	MessageKey   = "message"
	RequestIDKey = "request_id"
	// TraceIDKey and SpanIDKey are those of the context's span; a line outside a trace has neither.
	TraceIDKey = "trace_id"
	SpanIDKey  = "span_id"
)

// TimestampLayout is ISO 8601 in UTC with microseconds and the zone.
const TimestampLayout = "2006-01-02T15:04:05.000000Z07:00"

// New returns a logger that writes JSON lines at or above level to w. Durations are numbers of seconds.
func New(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(&requestHandler{root: slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       level,
		ReplaceAttr: replaceAttr,
	})})
}

// ParseLevel reads the name of a level: debug, info, warning (or warn), error, in any case.
func ParseLevel(name string) (slog.Level, error) {
	switch strings.ToLower(name) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warning", "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	default:
		return 0, fmt.Errorf("unknown log level %q: must be debug, info, warning or error", name)
	}
}

// replaceAttr turns slog's own fields into ours.
func replaceAttr(groups []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key, a.Value.Duration().Seconds())
	}
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		if a.Value.Kind() == slog.KindTime {
			return slog.String(TimestampKey, Timestamp(a.Value.Time()))
		}
	case slog.LevelKey:
		if level, ok := a.Value.Any().(slog.Level); ok {
			return slog.String(LevelKey, LevelName(level))
		}
	case slog.MessageKey:
		a.Key = MessageKey
	}
	return a
}

// LevelName returns the name of a level, as in Python.
func LevelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "DEBUG"
	case l < slog.LevelWarn:
		return "INFO"
	case l < slog.LevelError:
		return "WARNING"
	default:
		return "ERROR"
	}
}

// Timestamp returns t in TimestampLayout.
func Timestamp(t time.Time) string { return t.UTC().Format(TimestampLayout) }

type requestIDKey struct{}

// RequestIDContextKey is the key of the request id, a string, in contexts that WithRequestID does not make.
var RequestIDContextKey any = requestIDKey{}

// WithRequestID returns a context whose log lines carry id as request_id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the request id of a context; empty outside a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
