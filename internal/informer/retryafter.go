package informer

import "net/http"

// CapRetryAfter is for rest.Config.Wrap: it caps at one second what a starting API server asks for with 503, which is five
// whatever it needs (k8s.io/apiserver/pkg/util/notfoundhandler). What a busy one asks for with 429 is not changed.
func CapRetryAfter(next http.RoundTripper) http.RoundTripper { return retryAfterCap{next} }

type retryAfterCap struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (c retryAfterCap) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
		response.Header.Set("Retry-After", "1")
	}
	return response, err
}

// WrappedRoundTripper lets client-go find the transport.
func (c retryAfterCap) WrappedRoundTripper() http.RoundTripper { return c.next }
