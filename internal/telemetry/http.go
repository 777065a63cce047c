package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Endpoint is a route whose series begin at zero.
type Endpoint struct {
	Method string
	// Path is the route's template.
	Path string
	// Statuses are the HTTP codes it answers with, Kinds the errors behind them.
	Statuses []int
	Kinds    []assistant.Kind
}

// Expect begins the series of an endpoint at zero.
func (r *Recorder) Expect(e Endpoint) {
	r.requestDuration.WithLabelValues(e.Method, e.Path)
	for _, status := range e.Statuses {
		r.requests.WithLabelValues(e.Method, e.Path, strconv.Itoa(status))
	}
	for _, kind := range e.Kinds {
		r.errors.WithLabelValues(string(kind), e.Path)
	}
}

// Request records a request that has been answered. endpoint is the template of the route that answered, or
// metric.Other: never a path as the client wrote it.
func (r *Recorder) Request(method, endpoint string, status int, elapsed time.Duration) {
	method = methodLabel(method)
	r.requests.WithLabelValues(method, endpoint, strconv.Itoa(status)).Inc()
	r.requestDuration.WithLabelValues(method, endpoint).Observe(elapsed.Seconds())
}

// Error records an error at an endpoint: a route's template, or metric.EndpointModel.
func (r *Recorder) Error(kind assistant.Kind, endpoint string) {
	r.errors.WithLabelValues(string(kind), endpoint).Inc()
}

// methodLabel keeps a method of the standard and replaces any other, which a client may make up.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	default:
		return metric.Other
	}
}
