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
	"runtime/debug"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// requestIDHeader carries a request's id in and out.
const requestIDHeader = "X-Request-ID"

// validID is what a client may choose as an id, of a request or of a session.
var validID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// newID returns an id that cannot be guessed.
func newID() string { return rand.Text() }

// outcome is what a handler leaves for the request's log line.
type outcome struct {
	kind   assistant.Kind
	err    error
	status int    // how an answer really ended that had begun with another status; 0 if it did not
	client string // the name of the client's key; empty without keys
}

type outcomeKey struct{}

func noteFailure(ctx context.Context, kind assistant.Kind, err error) {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		o.kind, o.err = kind, err
	}
}

// noteStatus corrects the status of an answer that began well and did not end so.
func noteStatus(ctx context.Context, status int) {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		o.status = status
	}
}

func noteClient(ctx context.Context, name string) {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		o.client = name
	}
}

// observe gives every request an id, and counts, times and logs it. It must wrap the mux itself: the mux notes the
// route in the very request it is given.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := r.Header.Get(requestIDHeader)
		if !validID.MatchString(id) {
			id = newID()
		}
		w.Header().Set(requestIDHeader, id)
		o := &outcome{}
		r = r.WithContext(logs.WithRequestID(context.WithValue(r.Context(), outcomeKey{}, o), id))
		recorded := &statusWriter{ResponseWriter: w}
		defer func() { a.finish(r, recorded.code(), o, time.Since(start)) }()
		defer a.rescue(recorded, r)
		next.ServeHTTP(recorded, r)
	})
}

// rescue turns a handler's panic into an internal error, or, if the answer has begun, into a broken connection that
// is counted as one: half an answer must not look whole.
func (a *API) rescue(w *statusWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	a.logger.ErrorContext(r.Context(), "Handler panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if w.status != 0 {
		noteStatus(r.Context(), a.note(r, errInternal).status)
		panic(http.ErrAbortHandler)
	}
	a.fail(w, r, errInternal)
}

func (a *API) finish(r *http.Request, status int, o *outcome, elapsed time.Duration) {
	if o.status != 0 {
		status = o.status
	}
	a.recorder.Request(r.Method, endpoint(r), status, elapsed)
	attrs := []slog.Attr{
		slog.String("method", r.Method),
		slog.String("endpoint", endpoint(r)),
		slog.Int("status", status),
		slog.Duration("duration", elapsed),
	}
	if o.client != "" {
		attrs = append(attrs, slog.String("client", o.client))
	}
	if o.err != nil {
		attrs = append(attrs, slog.String("error_type", string(o.kind)), slog.String("error", o.err.Error()))
		a.logger.LogAttrs(r.Context(), failureLevel(status), "Request failed", attrs...)
		return
	}
	level := slog.LevelInfo
	if routine(endpoint(r)) {
		level = slog.LevelDebug
	}
	a.logger.LogAttrs(r.Context(), level, "Request completed", attrs...)
}

// routine reports whether an endpoint is asked every few seconds by machines, whose success is not worth a line.
func routine(endpoint string) bool {
	return endpoint == metricsPath || strings.HasPrefix(endpoint, healthPath)
}

func failureLevel(status int) slog.Level {
	if status >= 500 {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int // 0 until the header is sent
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// code is the status the client gets: a handler that sends nothing sends 200.
func (w *statusWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Flush sends what has been written so far, the header at least.
func (w *statusWriter) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController calls.
func (w *statusWriter) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// writeJSON writes v. A client that has left does not get it, which is nobody's error.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
