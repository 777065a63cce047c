package tracing

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/go-logr/logr"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// logInterval is the minimum time between two log lines about failures: a collector may be away for days.
	logInterval = 5 * time.Minute
	// maxErrorLength bounds what is logged of an error, in bytes: it may quote the collector's answer.
	maxErrorLength = 500
)

// loggingExporter logs failed exports. It returns no error: the SDK could only log it again.
type loggingExporter struct {
	sdktrace.SpanExporter
	failures *failureLog
}

// ExportSpans exports a batch.
func (e *loggingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.failures.add(err, len(spans))
	}
	return nil
}

// failureLog logs the first failure at once, and later ones together. It is safe for concurrent use.
type failureLog struct {
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	logged time.Time // of the last line
	lost   int       // spans since then
}

// add counts the spans that a failure lost.
func (f *failureLog) add(err error, spans int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost += spans
	if now := f.now(); f.logged.IsZero() || now.Sub(f.logged) >= logInterval {
		text := err.Error()
		f.logger.Warn("Exporting traces failed", "error", text[:min(len(text), maxErrorLength)], "spans_lost", f.lost)
		f.logged, f.lost = now, 0
	}
}

// settingErrors is the SDK's own log, as far as it says that a variable is invalid. It leaves out the values: headers and
// addresses hold credentials.
type settingErrors struct{ failures *failureLog }

var _ logr.LogSink = settingErrors{}

// Init does nothing.
func (settingErrors) Init(logr.RuntimeInfo) {}

// Enabled returns false: only errors count.
func (settingErrors) Enabled(int) bool { return false }

// Info does nothing.
func (settingErrors) Info(int, string, ...any) {}

// Error logs what failed, such as "parse headers".
func (s settingErrors) Error(_ error, message string, _ ...any) {
	s.failures.add(errors.New("reading the OTEL_ environment: "+message), 0)
}

// WithValues returns the same log.
func (s settingErrors) WithValues(...any) logr.LogSink { return s }

// WithName returns the same log.
func (s settingErrors) WithName(string) logr.LogSink { return s }
