package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// requestIDHeader carries a request's id in and out, in the canonical form of net/http.
const requestIDHeader = "X-Request-Id"

// validID is what a client may choose as an id, of a request or of a session.
var validID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// newID returns an id that cannot be guessed.
func newID() string { return rand.Text() }

// observe gives every request an id, and counts, times and logs it. It must wrap the mux itself: the mux notes the
// route in the very request it is given.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := newExchange(w, r)
		observed := r.WithContext(e)
		defer a.finish(observed, e)
		defer a.rescue(e, observed)
		next.ServeHTTP(e, observed)
	})
}

// rescue turns a handler's panic into an internal error, or, if the answer has begun, into a broken connection that
// is counted as one: half an answer must not look whole.
func (a *API) rescue(e *exchange, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	a.logger.ErrorContext(r.Context(), "Handler panicked", "panic", panicText(v), "stack", string(debug.Stack()))
	if e.sent != 0 {
		noteStatus(r.Context(), a.note(r, errInternal).status)
		panic(http.ErrAbortHandler)
	}
	a.fail(e, r, errInternal)
}

// panicText is what the log may tell of a panic's value: an error of the Go runtime in its own words, and of anything
// else its type, for a library may panic with the text that it stumbled over.
func panicText(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

func (a *API) finish(r *http.Request, e *exchange) {
	status, elapsed := e.code(), time.Since(e.began)
	level := slog.LevelInfo
	var told context.Context = e // for an exemplar, which leads to the log line
	switch {
	case e.err != nil:
		level = failureLevel(status)
	case routine(endpoint(r)):
		level, told = slog.LevelDebug, context.Background()
	}
	a.recorder.Request(told, telemetry.Request{Method: r.Method, Endpoint: endpoint(r), Status: status, Elapsed: elapsed})
	if !a.logger.Enabled(e, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method),
		slog.String("endpoint", endpoint(r)),
		slog.Int("status", status),
		slog.Duration("duration", elapsed),
	}
	if e.client != "" {
		attrs = append(attrs, slog.String("client", e.client))
	}
	if e.err != nil {
		attrs = append(attrs, slog.String("error_type", string(e.kind)), slog.String("error", e.err.Error()))
		a.logger.LogAttrs(e, level, "Request failed", attrs...)
		return
	}
	a.logger.LogAttrs(e, level, "Request completed", attrs...)
}

// routine reports whether an endpoint is asked every few seconds by machines, whose success is not worth a line.
func routine(endpoint string) bool {
	return endpoint == metricsPath || endpoint == statsPath || strings.HasPrefix(endpoint, healthPath)
}

func failureLevel(status int) slog.Level {
	if status >= 500 {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// writeJSON writes v. A client that has left does not get it, which is nobody's error.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
