// Package upstream is what the clients of all vendors share: requests that carry the current key, report every attempt,
// end when the vendor falls silent, and keep what the error of a call needs.
package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/tracing"
)

// idleConnections are kept open to the API: enough that a busy assistant does not dial again.
const idleConnections = 64

// Config configures a Client.
type Config struct {
	// Authorize adds the current key to a request's header.
	Authorize func(http.Header)
	// Silence is how long the vendor may send nothing, before its answer and within it.
	Silence time.Duration
	// OnAttempt is called for every HTTP request of a call, with its status, or 0 if it got no response. It runs in the goroutine and with the context of the call, and may be nil.
	OnAttempt func(ctx context.Context, model string, status int)
	// Body replaces the body of a successful response to a call; optional.
	Body func(call *Call, body io.ReadCloser) io.ReadCloser
}

// Client makes calls to one vendor.
type Client struct {
	config Config
	http   *http.Client
}

// New returns a client. It follows no redirect: that would send the key elsewhere.
func New(c Config) *Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = idleConnections
	if c.OnAttempt == nil {
		c.OnAttempt = func(context.Context, string, int) {}
	}
	return &Client{config: c, http: &http.Client{
		Transport: &transport{config: c, base: base},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// HTTP returns the client for a vendor's library to use.
func (c *Client) HTTP() *http.Client { return c.http }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Begin begins a call of a model; with an empty name, a question that costs nothing and is not counted. The context is for
// its one request; the call must be ended.
func (c *Client) Begin(ctx context.Context, model string) (context.Context, *Call) {
	ctx, cancel := context.WithCancelCause(ctx)
	call := &Call{model: model, silence: c.config.Silence, cancel: cancel}
	call.timer = time.AfterFunc(call.silence, func() { cancel(errSilent) })
	call.timer.Stop()
	return context.WithValue(ctx, callKey{}, call), call
}

// errSilent ends a call whose vendor sends nothing.
var errSilent = errors.New("the model sent nothing in time")

var errSentAlready = errors.New("a call is sent once")

type callKey struct{}

// maxErrorBody is how much is kept of an error's body, in bytes: Google's longest known are a tenth of that.
const maxErrorBody = 64 << 10

// Call is one call of a model. It is not safe for concurrent use.
type Call struct {
	// Path is that of the request's URL.
	Path string
	// Status and Header are those of the response; 0 and nil without one.
	Status int
	Header http.Header
	// ErrorBody is the body of a response that is an error, or the error within a successful one.
	ErrorBody []byte
	// Started says that a part of a successful body was read, Unreadable that it made no sense to Config.Body.
	Started, Unreadable bool

	model   string
	silence time.Duration
	sent    bool
	timer   *time.Timer
	cancel  context.CancelCauseFunc
	readErr error
}

// End releases what the call holds.
func (c *Call) End() {
	c.timer.Stop()
	c.cancel(nil)
}

// transport is the http.RoundTripper of all calls.
type transport struct {
	config Config
	base   *http.Transport
}

// RoundTrip sends a copy of r: a RoundTripper must not change the request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	t.config.Authorize(r.Header)
	tracing.Inject(r.Context(), r.Header)
	call, ok := r.Context().Value(callKey{}).(*Call)
	if !ok {
		return t.base.RoundTrip(r)
	}
	if call.sent { // a library tries again by itself: that is for the client to decide, who pays
		return nil, errSentAlready
	}
	call.sent, call.Path = true, r.URL.Path
	call.timer.Reset(call.silence)
	resp, err := t.base.RoundTrip(r)
	call.timer.Stop()
	if err != nil {
		t.attempt(r.Context(), call, 0)
		return nil, err
	}
	t.attempt(r.Context(), call, resp.StatusCode)
	call.Status, call.Header = resp.StatusCode, resp.Header
	body := &watchedBody{resp.Body, call}
	if resp.StatusCode/100 != http.StatusOK/100 {
		// What cannot be read of it is missed by nobody: the status is known.
		call.ErrorBody, _ = io.ReadAll(io.LimitReader(body, maxErrorBody))
		_ = resp.Body.Close()
		resp.Body = http.NoBody
		return resp, nil
	}
	resp.Body = body
	if t.config.Body != nil {
		resp.Body = t.config.Body(call, body)
	}
	return resp, nil
}

// attempt tells of a request for a model.
func (t *transport) attempt(ctx context.Context, call *Call, status int) {
	if call.model != "" {
		t.config.OnAttempt(ctx, call.model, status)
	}
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// watchedBody ends a call whose body brings nothing in time, and keeps the error of reading it.
type watchedBody struct {
	io.ReadCloser
	call *Call
}

// Read reads from the vendor.
func (b *watchedBody) Read(p []byte) (n int, err error) {
	b.call.timer.Reset(b.call.silence)
	n, err = b.ReadCloser.Read(p)
	b.call.timer.Stop()
	b.call.Started = b.call.Started || n > 0
	if err != nil && !errors.Is(err, io.EOF) {
		b.call.readErr = err
	}
	return n, err
}
