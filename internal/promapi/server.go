package promapi

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/config"
)

const (
	// serverTimeout bounds how long a server may take to say which it is.
	serverTimeout = 3 * time.Second
	// maxTries is how often questions are asked again for an answer of one server.
	maxTries = 3
	// maxServerAnswer is how much is read of what a server says of itself, in bytes.
	maxServerAnswer = 64 << 10
)

// OneServer runs ask again until one connection has answered all its requests. Behind a Service each connection may lead to
// another server, whose answers do not go together. After a few tries it leaves it at the last answers, with one false: a
// proxy may close every connection, before a single server too.
//
// A proxy that shares out the requests of one connection is not found out by this.
func (c *Client) OneServer(ctx context.Context, ask func(context.Context) error) (one bool, err error) {
	for range maxTries {
		var used connections
		if err := ask(context.WithValue(ctx, connectionsKey{}, &used)); err != nil {
			return false, err
		}
		if used.one() {
			return true, nil
		}
	}
	return false, nil
}

type connectionsKey struct{}

// connections are those that answered the requests of one context.
type connections struct {
	mu   sync.Mutex
	seen map[net.Conn]bool
}

func (c *connections) add(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[net.Conn]bool{}
	}
	c.seen[conn] = true
}

func (c *connections) one() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen) <= 1
}

// traced notes the connection that answers each request. One that was found closed, and was replaced, does not count, nor
// does one that only redirects.
type traced struct{ http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	used, ok := req.Context().Value(connectionsKey{}).(*connections)
	if !ok {
		return t.RoundTripper.RoundTrip(req)
	}
	var last net.Conn
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { last = info.Conn },
	})
	resp, err := t.RoundTripper.RoundTrip(req.WithContext(ctx))
	if err == nil && resp.StatusCode/100 != 3 {
		used.add(last)
	}
	return resp, err
}

// Probe asks which server answers at a URL, each time over a new connection.
type Probe struct {
	http *http.Client
	url  string
}

// NewProbe returns a probe of the options' URL.
func NewProbe(o Options) (*Probe, error) {
	httpClient, base, err := o.httpClient("Prometheus", config.WithKeepAlivesDisabled())
	if err != nil {
		return nil, err
	}
	return &Probe{httpClient, strings.TrimRight(base, "/") + "/api/v1/status/runtimeinfo"}, nil
}

// Server tells which Prometheus process answers; empty when the server does not say. Thanos, Mimir and others do not, or only
// which querier it is, which is of no interest.
func (p *Probe) Server(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return ""
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var answer struct{ Data runtimeInfo }
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, maxServerAnswer)).Decode(&answer) != nil {
		return ""
	}
	return answer.Data.identity()
}

// runtimeInfo is what tells one process from another.
type runtimeInfo struct {
	StartTime string `json:"startTime"`
	// Hostname is empty before Prometheus 3.
	Hostname string `json:"hostname"`
	// StorageRetention is empty where nothing is stored, as in Thanos Query.
	StorageRetention string `json:"storageRetention"`
}

func (r runtimeInfo) identity() string {
	if r.StartTime == "" || r.StorageRetention == "" {
		return ""
	}
	return r.StartTime + " " + r.Hostname
}
