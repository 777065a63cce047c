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

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// requestIDHeader carries a request's id, in the canonical form of net/http.
const requestIDHeader = "X-Request-Id"

// validID is what a client may choose as the id of a request or of a session.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// newID returns an id that cannot be guessed.
func newID() string { return rand.Text() }

// observe gives every request an id, and counts, times and logs it. It must wrap the mux itself: the mux sets the route
// in the very request that it is given.
func (a *API) instrument(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := newRecorder(w, r)
		a.startSpan(rec, r)
		instrumented := r.WithContext(&rec.ctx)
		defer a.finishRequest(instrumented, rec)
		defer a.recoverPanic(rec, instrumented)
		next.ServeHTTP(rec, instrumented)
	})
}

// recoverPanic answers a handler's panic with an internal error. If the answer has begun, it breaks the connection
// instead, and counts that: half an answer must not look whole.
func (a *API) recoverPanic(rec *responseRecorder, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	a.logger.ErrorContext(r.Context(), "Handler panicked", "panic", panicText(v), "stack", string(debug.Stack()))
	if rec.sent != 0 {
		rec.status = recordError(r, errInternal).status
		panic(http.ErrAbortHandler)
	}
	a.writeError(rec, r, errInternal)
}

// panicText returns what may be logged of a panic's value: the text of an error of the Go runtime, of anything else its
// type. A library may panic with the user's text.
func panicText(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// finishRequest counts, times and logs a request that has been answered.
func (a *API) finishRequest(r *http.Request, rec *responseRecorder) {
	event := logs.Request{
		Method: r.Method, Endpoint: endpoint(r), Status: rec.finalStatus(), Duration: time.Since(rec.started),
		Client: rec.client.Name,
	}
	ctx, level := r.Context(), slog.LevelInfo
	switch {
	case rec.err != nil:
		a.recorder.Error(rec.kind, event.Endpoint)
		event.ErrorType, event.Error = string(rec.kind), rec.err.Error()
		level = errorLevel(event.Status)
	case isProbe(event.Endpoint): // without an exemplar, since there is no log line for one to lead to
		ctx, level = context.Background(), slog.LevelDebug
	}
	a.recorder.Request(ctx, telemetry.Request{
		Method: event.Method, Endpoint: event.Endpoint, Status: event.Status, Elapsed: event.Duration,
	})
	event.Log(r.Context(), a.logger, level)
	endSpan(r, rec, event.Endpoint)
}

// isProbe reports whether machines ask an endpoint every few seconds: their success is not worth a log line.
func isProbe(endpoint string) bool {
	return endpoint == metricsPath || endpoint == statsPath || strings.HasPrefix(endpoint, healthPath)
}

func errorLevel(status int) slog.Level {
	if status >= 500 {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// writeJSON writes v. It returns nil, for handlers to return: a client that disconnected is no error of the request.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
	return nil
}
