package gemini

import (
	"net/http"
)

// idleConnections are kept open to the one host there is: enough that a busy assistant does not dial anew.
const idleConnections = 64

// newHTTPClient returns a client that authenticates by header. It follows no redirect: the key would go along.
func newHTTPClient(key string) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = idleConnections
	return &http.Client{
		Transport: &keyTransport{base: base, key: key},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// keyTransport adds the API key to a request.
type keyTransport struct {
	base *http.Transport
	key  string
}

// RoundTrip sends a copy of r: a RoundTripper must leave the request as it is.
func (t *keyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Goog-Api-Key", t.key)
	return t.base.RoundTrip(r)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (t *keyTransport) CloseIdleConnections() { t.base.CloseIdleConnections() }
