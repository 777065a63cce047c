package gemini

import (
	"context"
	"io"
	"net/http"

	"github.com/plimsoll-dev/plimsoll/internal/tracing"
)

// idleConnections are kept open to the API: enough that a busy assistant does not dial again.
const idleConnections = 64

// newHTTPClient returns a client that authenticates by header and calls onAttempt, unless nil, for every request. It
// follows no redirect: that would send the key.
func newHTTPClient(key func() string, onAttempt func(ctx context.Context, status int)) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = idleConnections
	if onAttempt == nil {
		onAttempt = func(context.Context, int) {}
	}
	return &http.Client{
		Transport: &transport{base: base, key: key, onAttempt: onAttempt},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// transport adds the API key to a request, reports every attempt, also those of retries above it, and keeps the tail of
// the response for a context that wants it.
type transport struct {
	base      *http.Transport
	key       func() string
	onAttempt func(ctx context.Context, status int)
}

// RoundTrip sends a copy of r: a RoundTripper must not change the request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Goog-Api-Key", t.key())
	tracing.Inject(r.Context(), r.Header)
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		t.onAttempt(r.Context(), 0)
		return nil, err
	}
	t.onAttempt(r.Context(), resp.StatusCode)
	if bodyTail, ok := r.Context().Value(tailKey{}).(*tail); ok {
		resp.Body = &tailReader{ReadCloser: resp.Body, tail: bodyTail}
	}
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// tailReader is a body that copies what is read of it to a tail.
type tailReader struct {
	io.ReadCloser
	tail *tail
}

func (r *tailReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.tail.add(p[:n])
	return n, err
}
