package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// exchange is one request and its answer, for metrics and the log: the context of its handlers, the writer that
// remembers what was sent, and what the handlers leave for the log line. It is all of that in one allocation, because
// every request pays for it.
type exchange struct {
	http.ResponseWriter
	parent context.Context
	began  time.Time
	id     [1]string // the request's id, in the shape of a header's value
	sent   int       // the status that was sent; 0 until the header is

	kind   assistant.Kind
	err    error
	status int    // how an answer really ended that had begun with another status; 0 if it did not
	client string // the name of the client's key; empty without keys
}

type exchangeKey struct{}

// newExchange begins an exchange and names its id in the answer's header.
func newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	e := &exchange{ResponseWriter: w, parent: r.Context(), began: time.Now()}
	e.id[0] = r.Header.Get(requestIDHeader)
	if !validID.MatchString(e.id[0]) {
		e.id[0] = newID()
	}
	w.Header()[requestIDHeader] = e.id[:]
	return e
}

func noteFailure(ctx context.Context, kind assistant.Kind, err error) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.kind, e.err = kind, err
	}
}

// noteStatus corrects the status of an answer that began well and did not end so.
func noteStatus(ctx context.Context, status int) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.status = status
	}
}

func noteClient(ctx context.Context, name string) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.client = name
	}
}

// Deadline, Done and Err are those of the request.
func (e *exchange) Deadline() (time.Time, bool) { return e.parent.Deadline() }

// Done is closed when the client goes away or the server gives up.
func (e *exchange) Done() <-chan struct{} { return e.parent.Done() }

// Err tells why Done is closed.
func (e *exchange) Err() error { return e.parent.Err() }

// Value is the request's id, the exchange itself, or what the request's own context holds.
func (e *exchange) Value(key any) any {
	switch key {
	case exchangeKey{}:
		return e
	case logs.RequestIDContextKey:
		return e.id[0]
	default:
		return e.parent.Value(key)
	}
}

// WriteHeader sends the header.
func (e *exchange) WriteHeader(status int) {
	if e.sent == 0 {
		e.sent = status
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body, and the header before it.
func (e *exchange) Write(b []byte) (int, error) {
	if e.sent == 0 {
		e.sent = http.StatusOK
	}
	return e.ResponseWriter.Write(b)
}

// Flush sends what has been written so far, the header at least.
func (e *exchange) Flush() { _ = e.FlushError() }

// FlushError is what http.ResponseController calls.
func (e *exchange) FlushError() error {
	if e.sent == 0 {
		e.sent = http.StatusOK
	}
	return http.NewResponseController(e.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// code is the status of the answer: a handler that sends nothing sends 200.
func (e *exchange) code() int {
	switch {
	case e.status != 0:
		return e.status
	case e.sent != 0:
		return e.sent
	default:
		return http.StatusOK
	}
}
