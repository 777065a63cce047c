package promapi

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// standIn answers as a Prometheus does that has nothing, and counts the connections and requests that it gets.
type standIn struct {
	connections, requests atomic.Int64
	// before is called with each request's number, from one on; its answer is given instead if it has one.
	before func(n int64, w http.ResponseWriter, r *http.Request) (answered bool)
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := s.requests.Add(1); s.before != nil && s.before(n, w, r) {
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/rules"):
		// More follows the groups than a reader of JSON takes in by the way.
		fmt.Fprintf(w, `{"status":"success","data":{"groups":[]},"rest":%q}`, strings.Repeat("x", 100_000))
	default:
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}
}

// start starts the stand-in and returns the options of its clients.
func (s *standIn) start(t *testing.T, http2 bool) Options {
	t.Helper()
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	o := Options{}
	if http2 {
		server.EnableHTTP2 = true
		server.StartTLS()
		o.CAFile = filepath.Join(t.TempDir(), "ca")
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(o.CAFile, ca, 0o600); err != nil {
			t.Fatal(err)
		}
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	o.URL = server.URL
	return o
}

func TestOneServer(t *testing.T) {
	elsewhere := httptest.NewServer(&standIn{})
	defer elsewhere.Close()
	closing := func(which func(n int64) bool) func(int64, http.ResponseWriter, *http.Request) bool {
		return func(n int64, w http.ResponseWriter, _ *http.Request) bool {
			if which(n) {
				w.Header().Set("Connection", "close")
			}
			return false
		}
	}
	for name, tc := range map[string]struct {
		before func(int64, http.ResponseWriter, *http.Request) bool
		http2  bool
		// rounds are the tries of two rounds.
		rounds, connections int64
		one                 bool
	}{
		"one connection":        {nil, false, 2, 1, true},
		"HTTP/2":                {nil, true, 2, 1, true},
		"closed within a round": {closing(func(n int64) bool { return n == 2 }), false, 3, 2, true},
		"closed between rounds": {closing(func(n int64) bool { return n == 3 }), false, 2, 2, true},
		"closed each time":      {closing(func(int64) bool { return true }), false, 2 * maxTries, 6 * maxTries, false},
		"a redirect each time": {func(_ int64, w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, elsewhere.URL+r.URL.String(), http.StatusTemporaryRedirect)
			return true
		}, false, 2, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := &standIn{before: tc.before}
			c := newClient(t, server.start(t, tc.http2))
			rounds := int64(0)
			for range 2 {
				one, err := c.OneServer(t.Context(), func(ctx context.Context) error {
					rounds++
					for _, err := range c.Rules(ctx, "") {
						return err
					}
					for range 2 {
						if _, err := c.Query(ctx, "x", time.Time{}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil || one != tc.one {
					t.Fatalf("one server: %t, %v, want %t", one, err, tc.one)
				}
			}
			if got := server.connections.Load(); rounds != tc.rounds || got != tc.connections {
				t.Errorf("%d rounds over %d connections, want %d over %d", rounds, got, tc.rounds, tc.connections)
			}
		})
	}
}

// TestServer: each question of which server it is goes over a connection of its own.
func TestServer(t *testing.T) {
	for name, tc := range map[string]struct {
		status       int
		answer, want string
	}{
		"Prometheus 3": {200, `{"status":"success","data":{"startTime":"2026-11-24T06:00:00.123Z","hostname":"p-0","storageRetention":"15d"}}`, "2026-11-24T06:00:00.123Z p-0"},
		"Prometheus 2": {200, `{"status":"success","data":{"startTime":"2026-11-24T06:00:00.123Z","storageRetention":"15d"}}`, "2026-11-24T06:00:00.123Z "},
		"Thanos Query": {200, `{"status":"success","data":{"startTime":"2026-11-24T06:00:00.123Z"}}`, ""},
		"Mimir":        {404, `404 page not found`, ""},
		"a page":       {200, `<html>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := &standIn{before: func(_ int64, w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/api/v1/status/runtimeinfo" {
					return false
				}
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.answer)
				return true
			}}
			probe := newProbe(t, server.start(t, false))
			for range 3 {
				if got := probe.Server(t.Context()); got != tc.want {
					t.Errorf("server = %q, want %q", got, tc.want)
				}
			}
			if got := server.connections.Load(); got != 3 {
				t.Errorf("%d connections, want 3", got)
			}
		})
	}
}

func newProbe(t *testing.T, o Options) *Probe {
	t.Helper()
	probe, err := NewProbe(o)
	if err != nil {
		t.Fatal(err)
	}
	return probe
}

func newClient(t *testing.T, o Options) *Client {
	t.Helper()
	client, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
