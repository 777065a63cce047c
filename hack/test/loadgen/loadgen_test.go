package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheRateIsSteadyAndBounded(t *testing.T) {
	for _, tt := range []struct {
		name          string
		answerIn      time.Duration
		sent, skipped int64
	}{
		{"fast assistant", time.Millisecond, 100, 0},
		{"slow assistant", 950 * time.Millisecond, 20, 80},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var inFlight, most atomic.Int32
				ask := func(context.Context, int) error {
					most.Store(max(most.Load(), inFlight.Add(1)))
					defer inFlight.Add(-1)
					time.Sleep(tt.answerIn)
					return nil
				}
				o := options{rate: 10, duration: 10*time.Second - time.Millisecond, concurrency: 2}
				c, _ := drive(t.Context(), o, ask, io.Discard)
				if c.answered.Load() != tt.sent || c.skipped.Load() != tt.skipped {
					t.Errorf("sent %d, skipped %d; want %d, %d", c.answered.Load(), c.skipped.Load(), tt.sent, tt.skipped)
				}
				if most.Load() > 2 {
					t.Errorf("%d at once, want at most 2", most.Load())
				}
			})
		})
	}
}

func TestRunAgainstAServer(t *testing.T) {
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			SessionID string `json:"session_id"`
			Message   string `json:"message"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.SessionID == "" || in.Message == "" || r.URL.Path != "/chat" {
			t.Errorf("request %s %+v, %v", r.URL, in, err)
		}
		if calls.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer srv.Close()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--url", srv.URL + "/", "--rate=200", "--duration=200ms"}, &out); err != nil {
		t.Fatal(err)
	}
	failed := calls.Load() / 2
	if want := fmt.Sprintf("%d answered, %d failed, ", calls.Load()-failed, failed); !strings.Contains(out.String(), want) {
		t.Errorf("the summary lacks %q:\n%s", want, out.String())
	}
}

func TestARunWithoutSuccessFails(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--url", srv.URL, "--rate=100", "--duration=50ms"}, &out); err == nil {
		t.Error("run succeeded without an assistant")
	}
	if !strings.Contains(out.String(), " 0 answered, ") {
		t.Errorf("the summary lacks the requests without answer:\n%s", out.String())
	}
}

func TestBadFlags(t *testing.T) {
	for _, bad := range []string{"--url=localhost", "--rate=0", "--rate=NaN", "--rate=1e9", "--concurrency=0", "--sessions=0", "--duration=-1s", "--timeout=0s", "more"} {
		if _, err := parse([]string{bad}, io.Discard); err == nil {
			t.Errorf("parse %s succeeded", bad)
		}
	}
}
