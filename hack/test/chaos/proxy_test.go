package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestProxy(t *testing.T) {
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Got", r.Header.Get("Authorization"))
	}))
	defer api.Close()
	authority := filepath.Join(t.TempDir(), "ca.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := startProxy(api.URL, authority)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	for name, tc := range map[string]struct {
		now        faultSpec
		status     int
		retryAfter string
		atLeast    time.Duration
	}{
		"fair":                {faultSpec{}, http.StatusOK, "", 0},
		"slow":                {faultSpec{latency: 50 * time.Millisecond}, http.StatusOK, "", 50 * time.Millisecond},
		"refusing":            {faultSpec{refuse: true}, http.StatusTooManyRequests, "", 0},
		"refusing for a time": {faultSpec{refuse: true, retryAfter: "1"}, http.StatusTooManyRequests, "1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p.current.Store(&tc.now)
			start := time.Now()
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, p.server.URL+"/api", nil)
			req.Header.Set("Authorization", "Bearer x")
			resp, err := p.server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tc.status || resp.Header.Get("Retry-After") != tc.retryAfter || time.Since(start) < tc.atLeast {
				t.Errorf("%s, Retry-After %q, after %s", resp.Status, resp.Header.Get("Retry-After"), time.Since(start))
			}
			if got := resp.Header.Get("Got"); tc.status == http.StatusOK && got != "Bearer x" {
				t.Errorf("the API server got the token %q", got)
			}
		})
	}
}

// TestDuringEnds: when the fault is over, so is what it did to the API server.
func TestDuringEnds(t *testing.T) {
	r := &harness{local: &local{proxy: &proxy{}}}
	for range 100 {
		if _, _, err := during(time.Millisecond, faultSpec{latency: time.Second})(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if left := *r.local.proxy.current.Load(); left != (faultSpec{}) {
			t.Fatalf("left is %+v", left)
		}
	}
}
