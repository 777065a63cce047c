package logs

import (
	"context"
	"log/slog"
	"slices"
)

// requestHandler puts the context's request id right after the message, at the top level. It applies the logger's own
// attributes and groups after the id.
type requestHandler struct {
	root  slog.Handler
	steps []func(slog.Handler) slog.Handler
}

var _ slog.Handler = (*requestHandler)(nil)

// Enabled reports whether a line of that level is written.
func (h *requestHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.root.Enabled(ctx, level)
}

// Handle writes one line.
func (h *requestHandler) Handle(ctx context.Context, r slog.Record) error {
	out := h.root
	if id := RequestID(ctx); id != "" {
		out = out.WithAttrs([]slog.Attr{slog.String(RequestIDKey, id)})
	}
	for _, step := range h.steps {
		out = step(out)
	}
	return out.Handle(ctx, r)
}

// WithAttrs returns a handler whose lines carry attrs.
func (h *requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func(out slog.Handler) slog.Handler { return out.WithAttrs(attrs) })
}

// WithGroup returns a handler that puts what follows under name.
func (h *requestHandler) WithGroup(name string) slog.Handler {
	return h.with(func(out slog.Handler) slog.Handler { return out.WithGroup(name) })
}

func (h *requestHandler) with(step func(slog.Handler) slog.Handler) slog.Handler {
	return &requestHandler{root: h.root, steps: append(slices.Clip(h.steps), step)}
}
