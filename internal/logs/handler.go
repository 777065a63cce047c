package logs

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// requestHandler puts the context's request id, and the ids of its span, right after the message, at the top level. It
// applies the logger's own attributes and groups after the ids.
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
	if ids := contextIDs(ctx); len(ids) > 0 {
		out = out.WithAttrs(ids)
	}
	for _, step := range h.steps {
		out = step(out)
	}
	return out.Handle(ctx, r)
}

// contextIDs returns the fields of the context's request and span.
func contextIDs(ctx context.Context) []slog.Attr {
	id, span := RequestID(ctx), trace.SpanContextFromContext(ctx)
	var ids []slog.Attr
	switch {
	case span.IsValid():
		ids = make([]slog.Attr, 0, 3)
	case id != "":
		ids = make([]slog.Attr, 0, 1)
	}
	if id != "" {
		ids = append(ids, slog.String(RequestIDKey, id))
	}
	if span.IsValid() {
		ids = append(ids, slog.String(TraceIDKey, span.TraceID().String()), slog.String(SpanIDKey, span.SpanID().String()))
	}
	return ids
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
