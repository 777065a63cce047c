// Package tuner serves a page on which levels are moved over the past, and answers what they would have done. It asks neither Prometheus
// nor a cluster: how that is done is given to it, and all else is computed from the samples that it holds.
package tuner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

// Options are what a server serves.
type Options struct {
	Target  Target
	Samples *history.Samples
	// Zone is where people sleep, and ZoneName its name of the IANA's database.
	Zone     *time.Location
	ZoneName string
	// Notes are what must be known of the value, each a sentence; Buckets the bounds of the histogram that it is a quantile of.
	Notes   []string
	Buckets []float64
	// ReadNotes are what must be known once all samples are read; nil for nothing.
	ReadNotes func() []string
	// Read reads what is left of the samples and calls progress after each part. It is not called again before it returned.
	Read func(ctx context.Context, s *history.Samples, progress func()) error
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
	// hopeless: reading has failed, and trying again would give the same.
	hopeless bool
	// isByLevel is the target's, of all samples.
	isByLevel bool
	target    Target
	fired     *firedAnswer

	// replayMu guards results, of one replay at a time, which takes all processors.
	replayMu sync.Mutex
	results  map[string]cachedResult

	// curveMu guards curves.
	curveMu sync.Mutex
	curves  map[curveKey]curveAnswer
}

// New returns a server of the options.
func New(o Options) *Server {
	return &Server{
		Options: o, progress: newProgress(), asleep: asleep(o.Samples.Window(), o.Zone), target: o.Target,
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

// startReading reads the samples in the background; false when that is being done, or was, or is of no use.
func (s *Server) startReading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading || s.ready || s.hopeless {
		return false
	}
	s.reading = true
	report := s.reporter()
	report() // so that nobody is told of the failure before
	go s.read(s.context, report)
	return true
}

// reporter returns what tells how far the reading is that begins now.
func (s *Server) reporter() func() {
	from, began := s.Samples.Done(), time.Now()
	return func() {
		done := s.Samples.Done()
		s.progress.set("progress", progressEvent{phaseReading, done, s.Samples.Count(), timeLeft(from, done, time.Since(began))})
	}
}

func (s *Server) read(ctx context.Context, report func()) {
	samples := s.Samples
	err := s.Read(ctx, samples, report)
	if err == nil {
		err = samples.Complete()
	}
	s.mu.Lock()
	s.reading, s.ready, s.hopeless = false, err == nil, errors.Is(err, backtest.ErrReplay)
	if s.ready {
		s.isByLevel = s.target.isByLevel(samples)
	}
	s.mu.Unlock()
	switch {
	case err == nil:
		s.progress.set("ready", readyEvent{samples.Series(), samples.Count(), samples.Coverage()})
	case samples.Done() == 0, errors.Is(err, backtest.ErrReplay):
		s.progress.set("failed", failedEvent{Error: err.Error()})
	default:
		err = fmt.Errorf("%d%% of the window was read, and a retry goes on from there: %w", int(samples.Done()*100), err)
		s.progress.set("failed", failedEvent{err.Error(), true})
	}
}
