package stats

import (
	"context"
	"log/slog"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// MinLevel is the lowest level that is counted, whatever level is logged. DEBUG lines are about probes and scrapes, not
// users.
const MinLevel = slog.LevelInfo

// CountInto returns a logger that logs as logger does, and counts events and errors in w.
func CountInto(logger *slog.Logger, w *Window) *slog.Logger {
	return slog.New(&handler{next: logger.Handler(), window: w})
}

type handler struct {
	next   slog.Handler
	window *Window
	fields Fields // of the logger's own attributes
	nested bool   // in a group: its attributes are not fields of the line
}

var _ slog.Handler = (*handler)(nil)

// Enabled reports whether a line of that level is counted or logged.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= MinLevel || h.next.Enabled(ctx, level)
}

// Handle counts one line and passes it on.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= MinLevel {
		e := Entry{Time: r.Time.Truncate(time.Microsecond), Level: r.Level, Message: r.Message, Fields: h.fields}
		e.RequestID = logs.RequestID(ctx)
		if !h.nested {
			r.Attrs(func(a slog.Attr) bool {
				e.set(a)
				return true
			})
		}
		h.window.Add(&e)
	}
	if !h.next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs returns a handler whose lines carry attrs.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.next = h.next.WithAttrs(attrs)
	if !h.nested {
		for _, a := range attrs {
			with.fields.setError(a)
		}
	}
	return &with
}

// WithGroup returns a handler that puts what follows under name.
func (h *handler) WithGroup(name string) slog.Handler {
	with := *h
	with.next = h.next.WithGroup(name)
	with.nested = h.nested || name != ""
	return &with
}

// set takes the values of an event, or the error of any other line.
func (e *Entry) set(a slog.Attr) {
	if a.Value.Kind() != slog.KindLogValuer {
		e.setError(a)
		return
	}
	switch event := a.Value.LogValuer().(type) {
	case logs.Request:
		e.Kind, e.Method, e.Endpoint, e.Status = RequestEnded, event.Method, event.Endpoint, event.Status
		e.ErrorType, e.Error = event.ErrorType, event.Error
		e.SetDuration(event.Duration)
	case logs.Call:
		e.Kind, e.Model = CallSucceeded, event.Model
		if event.ErrorType != "" {
			e.Kind = CallFailed
		}
		e.PromptTokens, e.CompletionTokens = float64(event.PromptTokens), float64(event.CompletionTokens)
		e.ErrorType, e.Error = event.ErrorType, event.Error
		e.SetDuration(event.Duration)
	}
}

func (f *Fields) setError(a slog.Attr) {
	if a.Value.Kind() != slog.KindString {
		return
	}
	switch a.Key {
	case logs.ErrorTypeKey:
		f.ErrorType = a.Value.String()
	case logs.ErrorKey:
		f.Error = a.Value.String()
	}
}
