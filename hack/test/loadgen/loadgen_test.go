package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPercentilesAreCloseWhateverTheNumber(t *testing.T) {
	var l latencies
	for i := 1; i <= 1000; i++ {
		l.add(time.Duration(i) * time.Millisecond)
	}
	for p, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.95: 950 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := l.percentile(p); got < want || float64(got) > 1.02*float64(want) {
			t.Errorf("p%g = %v, want %v and at most 2%% more", 100*p, got, want)
		}
	}
	if got := (&latencies{}).percentile(0.5); got != 0 {
		t.Errorf("percentile of nothing = %v", got)
	}
	var wide latencies
	wide.add(time.Microsecond)
	wide.add(24 * time.Hour)
	if got := wide.percentile(0.5); got != smallest {
		t.Errorf("p50 = %v, want the smallest bucket", got)
	}
	if got := wide.max; got != 24*time.Hour {
		t.Errorf("max = %v", got)
	}
}

func TestTheRateIsSteadyAndBounded(t *testing.T) {
	for _, tt := range []struct {
		name          string
		answerIn      time.Duration
		sent, skipped int
	}{
		{"fast assistant", time.Millisecond, 100, 0},
		{"slow assistant", 950 * time.Millisecond, 20, 80},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var inFlight, most atomic.Int32
				ask := func(context.Context, int) outcome {
					most.Store(max(most.Load(), inFlight.Add(1)))
					defer inFlight.Add(-1)
					time.Sleep(tt.answerIn)
					return outcome{status: 200, elapsed: tt.answerIn}
				}
				o := options{rate: 10, duration: 10*time.Second - time.Millisecond, concurrency: 2}
				r, _ := drive(t.Context(), o, ask, io.Discard)
				if r.all.n != tt.sent || r.skipped != tt.skipped {
					t.Errorf("sent %d, skipped %d; want %d, %d", r.all.n, r.skipped, tt.sent, tt.skipped)
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
	for _, want := range []string{"p50", " 200 ", " 429 ", " all "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestARunWithoutSuccessFails(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--url", srv.URL, "--rate=100", "--duration=50ms"}, &out); err == nil {
		t.Error("run succeeded without an assistant")
	}
	if !strings.Contains(out.String(), "no answer") {
		t.Errorf("the table lacks the requests without answer:\n%s", out.String())
	}
}

func TestBadFlags(t *testing.T) {
	for _, bad := range []string{"--url=localhost", "--rate=0", "--rate=NaN", "--rate=1e9", "--concurrency=0", "--sessions=0", "--duration=-1s", "--timeout=0s", "more"} {
		if _, err := parse([]string{bad}, io.Discard); err == nil {
			t.Errorf("parse %s succeeded", bad)
		}
	}
}
