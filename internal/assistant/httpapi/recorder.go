package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// responseRecorder records what a request is answered with, for metrics and the log.
type responseRecorder struct {
	http.ResponseWriter
	ctx       requestContext // a field, so that a request costs one allocation for both
	started   time.Time
	requestID [1]string // in the shape of a header's value
	sent      int       // status that was sent; 0 until the header is

	kind   assistant.Kind
	err    error
	status int // how an answer ended that had begun with another status; 0 if none did
	client clientkeys.Client
}

// requestContext is the request's context with its recorder and its id.
type requestContext struct {
	context.Context
	recorder *responseRecorder
}

type recorderKey struct{}

// newRecorder starts recording a request and sets its id in the response header.
func newRecorder(w http.ResponseWriter, r *http.Request) *responseRecorder {
	rec := &responseRecorder{ResponseWriter: w, started: time.Now()}
	rec.ctx = requestContext{r.Context(), rec}
	rec.requestID[0] = r.Header.Get(requestIDHeader)
	if !idPattern.MatchString(rec.requestID[0]) {
		rec.requestID[0] = newID()
	}
	w.Header()[requestIDHeader] = rec.requestID[:]
	return rec
}

// recorderOf returns the recorder of the request whose context ctx is.
func recorderOf(ctx context.Context) *responseRecorder {
	return ctx.Value(recorderKey{}).(*responseRecorder)
}

// Value returns the recorder, the request's id, its client, or what the context before it holds.
func (c *requestContext) Value(key any) any {
	switch key {
	case recorderKey{}:
		return c.recorder
	case logs.RequestIDContextKey:
		return c.recorder.requestID[0]
	case clientkeys.ContextKey:
		return &c.recorder.client
	default:
		return c.Context.Value(key)
	}
}

// WriteHeader sends the header.
func (rec *responseRecorder) WriteHeader(status int) {
	rec.setSent(status)
	rec.extendDeadline()
	rec.ResponseWriter.WriteHeader(status)
}

// writeSize is how many bytes of an answer a client must take within writeTimeout.
const writeSize = 64 << 10

// Write sends a part of the body, and the header before it.
func (rec *responseRecorder) Write(b []byte) (n int, err error) {
	rec.setSent(http.StatusOK)
	for first := true; first || len(b) > 0; first = false {
		rec.extendDeadline()
		written, err := rec.ResponseWriter.Write(b[:min(len(b), writeSize)])
		n, b = n+written, b[written:]
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// extendDeadline gives the client time for the next write. Only tests have writers without deadlines.
func (rec *responseRecorder) extendDeadline() {
	_ = http.NewResponseController(rec.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout))
}

// FlushError sends what has been written so far, at least the header. http.ResponseController calls it.
func (rec *responseRecorder) FlushError() error {
	rec.setSent(http.StatusOK)
	return http.NewResponseController(rec.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *responseRecorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

func (rec *responseRecorder) setSent(status int) {
	if rec.sent == 0 {
		rec.sent = status
	}
}

// finalStatus is the status that counts: 200 if the handler sent none.
func (rec *responseRecorder) finalStatus() int {
	switch {
	case rec.status != 0:
		return rec.status
	case rec.sent != 0:
		return rec.sent
	default:
		return http.StatusOK
	}
}
