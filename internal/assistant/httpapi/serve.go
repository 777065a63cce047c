package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Timeouts of a client. A request may only be slow where the model is: each write has its time, the whole answer has not.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = time.Minute
	writeTimeout  = 15 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10 // bytes
)

// Serving configures how an API is served.
type Serving struct {
	// Public listens for users, Telemetry for operators; if Telemetry is nil, Public is for both.
	Public, Telemetry net.Listener
	// ShutdownDelay is how long requests are accepted after readiness fails, until load balancers notice.
	ShutdownDelay time.Duration
	// ShutdownTimeout bounds the delay and the drain together.
	ShutdownTimeout time.Duration
}

type listeningServer struct {
	server   *http.Server
	listener net.Listener
}

// Serve serves until ctx ends and then drains: readiness fails, the delay passes, and requests in flight finish. Those
// that do not finish in time are cancelled, which is an error. It closes the listeners.
func (a *API) Serve(ctx context.Context, s Serving) error {
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	servers := []listeningServer{{a.server(requests, a.Handler()), s.Public}}
	if s.Telemetry != nil {
		// Telemetry is drained last, so that the drain itself is visible.
		servers = []listeningServer{
			{a.server(requests, a.PublicHandler()), s.Public},
			{a.server(requests, a.TelemetryHandler()), s.Telemetry},
		}
	}
	failed := make(chan error, len(servers))
	var running sync.WaitGroup
	defer running.Wait() // until then a listener may be open
	for _, l := range servers {
		running.Go(func() { failed <- fmt.Errorf("serving on %s: %w", l.listener.Addr(), l.server.Serve(l.listener)) })
	}
	select {
	case err := <-failed:
		for _, l := range servers {
			err = errors.Join(err, l.server.Close())
		}
		return err
	case <-ctx.Done():
		return a.drain(context.WithoutCancel(ctx), servers, s, cancelRequests)
	}
}

func (a *API) drain(ctx context.Context, servers []listeningServer, s Serving, cancelRequests func()) error {
	ctx, cancel := context.WithTimeout(ctx, s.ShutdownTimeout)
	defer cancel()
	a.draining.Store(true)
	a.logger.InfoContext(ctx, "Draining", "delay", s.ShutdownDelay, "timeout", s.ShutdownTimeout)
	select {
	case <-time.After(s.ShutdownDelay):
	case <-ctx.Done():
	}
	var errs []error
	for _, l := range servers {
		if err := l.server.Shutdown(ctx); err != nil {
			cancelRequests()
			errs = append(errs, fmt.Errorf("draining %s: %w", l.listener.Addr(), err), l.server.Close())
		}
	}
	return errors.Join(errs...)
}

func (a *API) server(requests context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(a.logger.Handler(), slog.LevelWarn),
	}
}
