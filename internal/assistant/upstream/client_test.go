package upstream

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// get makes a call and reads all of its answer.
func get(t *testing.T, c *Client, url string) (*Call, *assistant.Error) {
	t.Helper()
	ctx, call := c.Begin(t.Context(), "m")
	defer call.End()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.HTTP().Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return call, call.Interrupted(ctx, err)
}

// The limit is on silence: an answer may last many times as long.
func TestOnlySilenceEndsACall(t *testing.T) {
	const silence = 200 * time.Millisecond
	for name, tt := range map[string]struct {
		pauses []time.Duration
		kind   assistant.Kind
	}{
		"talks for long":         {[]time.Duration{silence / 4, silence / 4, silence / 4, silence / 4, silence / 4, silence / 4}, ""},
		"never begins":           {[]time.Duration{time.Minute}, assistant.KindTimeout},
		"falls silent amid talk": {[]time.Duration{0, time.Minute}, assistant.KindTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, pause := range tt.pauses {
					select {
					case <-r.Context().Done():
						return
					case <-time.After(pause):
					}
					_, _ = io.WriteString(w, "word ")
					_ = http.NewResponseController(w).Flush()
				}
			}))
			defer srv.Close()
			c := New(Config{Authorize: func(http.Header) {}, Silence: silence})
			defer c.Close()
			_, err := get(t, c, srv.URL)
			if (err == nil) != (tt.kind == "") || err != nil && err.Kind != tt.kind {
				t.Errorf("error = %v, want kind %q", err, tt.kind)
			}
		})
	}
}

func TestACallIsSentOnce(t *testing.T) {
	served, attempts := 0, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer srv.Close()
	c := New(Config{Authorize: func(http.Header) {}, Silence: time.Minute, OnAttempt: func(context.Context, string, int) { attempts++ }})
	defer c.Close()
	ctx, call := c.Begin(t.Context(), "m")
	defer call.End()
	for range 3 { // as a library that tries again by itself
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
		if resp, err := c.HTTP().Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	if served != 1 || attempts != 1 || call.Status != http.StatusServiceUnavailable {
		t.Errorf("%d requests and %d attempts, status %d; want one, and its status", served, attempts, call.Status)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "1.5": 1500 * time.Millisecond, "-3": 0, "soon": 0, "1e300": maxRetryAfter, "NaN": 0,
		"Sun, 29 Nov 2026 12:00:30 GMT": 30 * time.Second, "Sun, 29 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", text, got, want)
		}
	}
}
