package informer

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// TestCapRetryAfter lets a client-go client ask API servers that start, are busy, and are well.
func TestCapRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		code       int
		retryAfter string
		want       string // the header that client-go sees
	}{
		"starting":             {http.StatusServiceUnavailable, "5", "1"},
		"unavailable for good": {http.StatusServiceUnavailable, "", ""},
		"busy":                 {http.StatusTooManyRequests, "5", "5"},
		"well":                 {http.StatusOK, "5", "5"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tc.retryAfter != "" {
					w.Header().Set("Retry-After", tc.retryAfter)
				}
				w.WriteHeader(tc.code)
			}))
			defer server.Close()
			cfg := &rest.Config{Host: server.URL, Timeout: time.Minute}
			cfg.Wrap(CapRetryAfter)
			client, err := rest.HTTPClientFor(cfg)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := response.Header.Get("Retry-After"); got != tc.want || response.StatusCode != tc.code {
				t.Errorf("%d, Retry-After %q; want %d, %q", response.StatusCode, got, tc.code, tc.want)
			}
		})
	}
}
