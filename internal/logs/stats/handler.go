package stats

import (
	"context"
	"log/slog"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// MinLevel is the lowest level that is counted. It is counted whatever level is logged, so that statistics do not
// depend on that; and DEBUG lines are not, for they tell of probes and scrapes, not of users.
const MinLevel = slog.LevelInfo

// Observe returns a logger that logs as logger does, and has its lines counted in w.
func Observe(logger *slog.Logger, w *Window) *slog.Logger {
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
		if id := logs.RequestID(ctx); id != "" {
			e.RequestID = id
		}
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
			with.fields.set(a)
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

// set takes an attribute if it is one of the fields.
func (f *Fields) set(a slog.Attr) {
	v := a.Value.Resolve()
	switch a.Key {
	case StatusKey:
		if v.Kind() == slog.KindInt64 {
			f.Status = int(v.Int64())
		}
	case DurationKey:
		if v.Kind() == slog.KindDuration {
			f.SetDuration(v.Duration())
		}
	case TokensKey:
		if v.Kind() == slog.KindGroup {
			for _, t := range v.Group() {
				f.setTokens(t)
			}
		}
	default:
		if text := f.text(a.Key); text != nil && v.Kind() == slog.KindString {
			*text = v.String()
		}
	}
}

func (f *Fields) setTokens(a slog.Attr) {
	if a.Value.Kind() != slog.KindInt64 {
		return
	}
	switch a.Key {
	case metric.TokenPrompt:
		f.PromptTokens = float64(a.Value.Int64())
	case metric.TokenCompletion:
		f.CompletionTokens = float64(a.Value.Int64())
	}
}
