package informer

import "net/http"

// Starting is for rest.Config.Wrap. An API server that starts answers 503 for the kinds that it has not come to yet, and asks
// for five seconds, whatever it will need (k8s.io/apiserver/pkg/util/notfoundhandler); mostly that is one or two. So client-go
// hears one second. What a busy API server asks for, with 429, is not changed.
func Starting(next http.RoundTripper) http.RoundTripper { return starting{next} }

type starting struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s starting) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
		response.Header.Set("Retry-After", "1")
	}
	return response, err
}

// WrappedRoundTripper lets client-go find the transport.
func (s starting) WrappedRoundTripper() http.RoundTripper { return s.next }
