package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

// faultSpec is how the API server looks to those who reach it through the proxy.
type faultSpec struct {
	// latency comes before every answer.
	latency time.Duration
	// refuse answers 429 in the API server's place, with that Retry-After unless it is empty.
	refuse     bool
	retryAfter string
}

// proxy stands between the local controllers and the API server. It adds no rights: each client brings a token, which a
// Kubernetes client sends over TLS only.
type proxy struct {
	server  *httptest.Server
	forward *httputil.ReverseProxy
	current atomic.Pointer[faultSpec]
	refused atomic.Int64
}

// startProxy starts one for the API server at apiURL, whose certificate is signed by the authority in the file.
func startProxy(apiURL, authority string) (*proxy, error) {
	target, err := url.Parse(apiURL)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	// What breaks here is meant to.
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	p := &proxy{forward: &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval: -1, // watches
		ErrorLog:      quiet,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}}
	p.current.Store(&faultSpec{})
	p.server = httptest.NewUnstartedServer(p)
	p.server.EnableHTTP2 = true
	p.server.Config.ErrorLog = quiet
	p.server.StartTLS()
	return p, nil
}

// caPEM is the certificate by which clients know the proxy, valid for decades.
func (p *proxy) caPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
}

// ServeHTTP applies the current fault to the request. Watches that are open already go on.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := p.current.Load()
	time.Sleep(now.latency)
	if !now.refuse {
		p.forward.ServeHTTP(w, r)
		return
	}
	p.refused.Add(1)
	if now.retryAfter != "" {
		w.Header().Set("Retry-After", now.retryAfter)
	}
	http.Error(w, "too many requests, please try again later", http.StatusTooManyRequests)
}

// stop ends it, open watches included.
func (p *proxy) stop() {
	p.server.CloseClientConnections()
	p.server.Close()
}
