package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Endpoint is a route whose series start at zero.
type Endpoint struct {
	Method string
	// Path is the route's template.
	Path string
	// Statuses are its HTTP codes, Kinds its errors.
	Statuses []int
	Kinds    []assistant.Kind
}

// InitSeries starts the series of an endpoint at zero.
func (r *Recorder) InitSeries(e Endpoint) {
	r.requestDuration.WithLabelValues(e.Method, e.Path)
	for _, status := range e.Statuses {
		r.requests.WithLabelValues(e.Method, e.Path, statusLabel(status))
	}
	for _, kind := range e.Kinds {
		r.errors.WithLabelValues(string(kind), e.Path)
	}
}

// Request is a request that has been answered.
type Request struct {
	Method string
	// Endpoint is the template of the route, or metric.Other: never a path that a client sent.
	Endpoint string
	Status   int
	Elapsed  time.Duration
}

// Request records a request. Its exemplar is the id of the context's request, if there is one.
func (r *Recorder) Request(ctx context.Context, q Request) {
	method, e := methodLabel(q.Method), exemplar(ctx)
	addValue(e, r.requests.WithLabelValues(method, q.Endpoint, statusLabel(q.Status)), 1)
	recordValue(e, r.requestDuration.WithLabelValues(method, q.Endpoint), q.Elapsed.Seconds())
}

// statusLabels are the label values of HTTP codes, allocated once.
var statusLabels = func() (texts [600]string) {
	for status := range texts {
		texts[status] = strconv.Itoa(status)
	}
	return texts
}()

func statusLabel(status int) string {
	if status < 100 || status >= len(statusLabels) {
		return metric.Other
	}
	return statusLabels[status]
}

// Error counts an error at an endpoint: a route's template, or metric.EndpointModel.
func (r *Recorder) Error(kind assistant.Kind, endpoint string) {
	r.errors.WithLabelValues(string(kind), endpoint).Inc()
}

// methodLabel keeps a standard method and replaces any other, which a client may invent.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	default:
		return metric.Other
	}
}
