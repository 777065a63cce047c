// Package server is a stand-in for Gemini's REST API with scripted latency, tokens, errors and endings. It speaks
// :generateContent and :streamGenerateContent (as a JSON array, or server-sent events with alt=sse), and keeps a ledger of
// what it did at /ledger. Scenes script what happens to particular calls, such as a tenth of them that break off.
package server

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// Config is what a Server is made of.
type Config struct {
	Behaviour Behaviour
	// Seed decides every random draw: the nth call with one behaviour always meets the same fate.
	Seed uint64
	// APIKey is the only key accepted; any is if empty, but there must be one.
	APIKey string
	// Models are the models known; every one is if empty.
	Models []string
	// Ended is told of every call when it is over, for tests; it may be nil.
	Ended func(Call)
}

// Server is an http.Handler, safe for concurrent use.
type Server struct {
	config Config
	mux    *http.ServeMux
	calls  callLog

	behaviour atomic.Pointer[Behaviour]
}

// New returns a server. It fails on behaviour that is out of range.
func New(c Config) (*Server, error) {
	s := &Server{config: c, mux: http.NewServeMux()}
	if err := s.SetBehaviour(c.Behaviour); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("POST /v1beta/models/{call}", s.generate)
	s.mux.HandleFunc("GET /v1beta/models/{model}", s.model)
	s.mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.Ledger())
	})
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
	})
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Ledger is what the server has done so far.
func (s *Server) Ledger() Ledger { return s.calls.copy() }

// Behaviour is how the server answers now.
func (s *Server) Behaviour() Behaviour { return *s.behaviour.Load() }

// SetBehaviour changes how the server answers from the next call on. It fails on behaviour that is out of range.
func (s *Server) SetBehaviour(b Behaviour) error {
	if err := b.validate(); err != nil {
		return err
	}
	s.behaviour.Store(&b)
	return nil
}

// random is the nth call's own source, so that concurrent calls do not share their draws.
func (s *Server) random(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.config.Seed, n))
}

// sleep waits for d, or until the client gives up; it reports whether the client is still there.
func sleep(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return r.Context().Err() == nil
	case <-r.Context().Done():
		return false
	}
}

// writeJSON writes v; a client that is gone does not get it, which is nobody's error.
func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}
