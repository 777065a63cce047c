// Package tuner serves a page on which levels are moved over the past, and answers what they would have done. It asks neither Prometheus
// nor a cluster: how that is done is given to it, and all else is computed from the samples that it holds.
package tuner

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// Options are what a server serves.
type Options struct {
	Target  Target
	Samples *Samples
	// Zone is where people sleep, and ZoneName its name of the IANA's database.
	Zone     *time.Location
	ZoneName string
	// Notes are what must be known of the value, each a sentence; Buckets the bounds of the histogram that it is a quantile of.
	Notes   []string
	Buckets []float64
	// Read reads what is left of the samples and calls progress after each part. It is not called again before it returned.
	Read func(ctx context.Context, s *Samples, progress func()) error
	// Fired returns what has fired in the window, by what Prometheus remembers.
	Fired func(ctx context.Context) ([]Fired, error)
	// Apply applies a change of the threshold, or only asks what would be said to it; nil where that cannot be, and ApplyAbsent says why.
	Apply       func(ctx context.Context, from *v1alpha1.AlertThreshold, change *Change, dryRun bool) (Applied, error)
	ApplyAbsent string
}

// Fired is that alerts of a severity fired without a break.
type Fired struct {
	Severity string `json:"severity"`
	// Start and End are Unix seconds.
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// Applied is what became of a change.
type Applied struct {
	Resource *v1alpha1.AlertThreshold
	Warnings []string
}

// ErrConflict says that the resource is no longer what the page shows.
var ErrConflict = errors.New("the AlertThreshold has changed since it was read: start kubectl plimsoll tune again")

// Server answers the page.
type Server struct {
	Options
	progress *progress
	asleep   []bool
	// context ends with Serve, and reading with it.
	context context.Context

	// mu guards what follows.
	mu      sync.Mutex
	reading bool
	ready   bool
	// isByLevel is the target's, of all samples.
	isByLevel bool
	target    Target
	results   map[string]cachedResult
	fired     *firedAnswer

	// curveMu guards curves, which take longer.
	curveMu sync.Mutex
	curves  map[curveKey]curveAnswer
}

// New returns a server of the options.
func New(o Options) *Server {
	return &Server{
		Options: o, progress: newProgress(), asleep: asleep(o.Samples.window, o.Zone), target: o.Target,
		results: map[string]cachedResult{}, curves: map[curveKey]curveAnswer{},
	}
}

// Serve reads the samples and answers below the token at the listener's address, until the context ends.
func (s *Server) Serve(ctx context.Context, l net.Listener, token string) error {
	s.context = ctx
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	hosts := []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("localhost", port)}
	server := &http.Server{Handler: guarded(token, hosts, s.routes()), ReadHeaderTimeout: 10 * time.Second}
	s.startReading()
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// startReading reads the samples in the background; false when that is being done, or was.
func (s *Server) startReading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading || s.ready {
		return false
	}
	s.reading = true
	go s.read(s.context)
	return true
}

func (s *Server) read(ctx context.Context) {
	samples, from, began := s.Samples, s.Samples.Done(), time.Now()
	report := func() {
		s.progress.set("progress", progressEvent{phaseReading, samples.Done(), samples.count, timeLeft(from, samples.Done(), time.Since(began))})
	}
	report()
	err := s.Read(ctx, samples, report)
	if err == nil && samples.next < samples.window.Evaluations() {
		err = errors.New("reading the samples: they end before the window does")
	}
	s.mu.Lock()
	s.reading, s.ready = false, err == nil
	if s.ready {
		setNames(samples.series)
		s.isByLevel = s.target.isByLevel(samples)
	}
	s.mu.Unlock()
	if err != nil {
		s.progress.set("failed", failedEvent{strings.TrimSpace(err.Error()), samples.next > 0})
		return
	}
	s.progress.set("ready", readyEvent{len(samples.series), samples.count, samples.coverage()})
}
