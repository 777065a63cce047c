package controller

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// askTimeout is how long one round of questions may take.
	askTimeout = 15 * time.Second
	// toleratedFailures is how many rounds may fail before thresholds are said to be unknown: a Prometheus may be restarted.
	toleratedFailures = 2
	// selectionAge is after how long the selection is read again though no rule is missing.
	selectionAge = 10 * time.Minute
)

// observer asks Prometheus at every interval what holds for all thresholds at once, by as many questions whether there is
// one or there are thousands. It keeps the answer, and has those thresholds reconciled whose status would read differently.
type observer struct {
	// prometheus is the observer's alone, so that its requests follow each other on one connection, and so to one server.
	prometheus *promapi.Client
	selection  *selectionReader
	interval   time.Duration
	// changed are the thresholds to be reconciled.
	changed *pending
	log     logr.Logger

	// mixed: the last round's answers came over several connections, which was logged.
	mixed bool
	// probes say whether the URL leads to several servers, as servers has it, which was logged. selected is the last selection
	// that could be read, and selectedAt when that was tried.
	probes     observe.Probes
	servers    observe.Servers
	selected   *observe.Selection
	selectedAt time.Time

	mu sync.Mutex
	// snapshot is the last answer; nil before the first, and while the first rounds fail.
	snapshot *observe.Snapshot
	failures int
	subjects map[types.NamespacedName]subject
}

// subject is one generation of a threshold.
type subject struct {
	*observe.TrackedThreshold
	uid        types.UID
	generation int64
}

// NeedLeaderElection says that only the leader asks.
func (o *observer) NeedLeaderElection() bool { return true }

// Start asks until ctx ends.
func (o *observer) Start(ctx context.Context) error {
	ticker := time.NewTicker(o.interval)
	defer ticker.Stop()
	for {
		o.round(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (o *observer) round(ctx context.Context) {
	snap, err := o.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	o.changed.add(o.take(ctx, snap, err)...)
}

// ask puts the three questions to one server, and finds out whether another one answers a new connection.
func (o *observer) ask(ctx context.Context) (snap *observe.Snapshot, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	one, err := o.prometheus.OneServer(ctx, func(ctx context.Context) error {
		snap = observe.NewSnapshot(time.Now())
		return o.fill(ctx, snap)
	})
	if err != nil {
		return nil, err
	}
	if !one && !o.mixed {
		o.log.Info("no connection to Prometheus stays open for one round of questions, so different servers may have answered: " +
			"let the proxy before it keep connections, or use the URL of one server")
	}
	o.mixed = !one
	o.probes.Add(o.prometheus.Server(ctx))
	snap.Servers = o.probes.Servers()
	if snap.Servers == observe.SeveralServers && o.servers != snap.Servers {
		o.log.Info("the URL of Prometheus leads to several servers, whose values may differ: use that of one, or of a Thanos Query over all")
	}
	o.servers = snap.Servers
	return snap, nil
}

// fill puts the three questions.
func (o *observer) fill(ctx context.Context, snap *observe.Snapshot) error {
	for group, err := range o.prometheus.Rules(ctx, observe.RuleSelector) {
		if err != nil {
			return err
		}
		snap.AddGroup(group)
	}
	signals, err := o.prometheus.Query(ctx, rules.SignalMetric, snap.ValuesAt())
	if err != nil {
		return err
	}
	snap.AddSignals(signals)
	lines, err := o.prometheus.Query(ctx, rules.ThresholdMetric, snap.ValuesAt())
	if err != nil {
		return err
	}
	snap.AddThresholds(lines)
	return nil
}

// take keeps the answer, or that there is none, and returns the thresholds of which people see something else now.
func (o *observer) take(ctx context.Context, snap *observe.Snapshot, err error) []types.NamespacedName {
	if err == nil {
		snap.Selection = o.selects(ctx, snap)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		if snap = o.failed(err); snap == nil {
			return nil
		}
	} else if o.failures > 0 {
		o.log.Info("Prometheus answers again", "failures", o.failures)
		o.failures = 0
	}
	o.snapshot = snap
	var changed []types.NamespacedName
	for key, s := range o.subjects {
		if s.Observe(snap) {
			changed = append(changed, key)
		}
	}
	return changed
}

// failed counts a failure; with one too many there is a snapshot that says so. Its words stay those of the first such
// failure, for ports and the like in them change.
func (o *observer) failed(err error) *observe.Snapshot {
	o.failures++
	if o.failures <= toleratedFailures+1 {
		o.log.Error(err, "Prometheus was not to be observed", "failures", o.failures)
	}
	if o.failures <= toleratedFailures {
		return nil
	}
	snap := observe.NewSnapshot(time.Now())
	snap.Failure = err.Error()
	if o.snapshot != nil && o.snapshot.Failure != "" {
		snap.Failure = o.snapshot.Failure
	}
	return snap
}

// selects is what the Prometheuses select, as last read: in this round when a threshold has nothing in Prometheus.
func (o *observer) selects(ctx context.Context, snap *observe.Snapshot) *observe.Selection {
	if o.misses(snap) || snap.At.Sub(o.selectedAt) >= selectionAge {
		o.selectedAt = snap.At
		if selection := o.selection.read(ctx); selection != nil {
			o.selected = selection
		}
	}
	return o.selected
}

// misses reports whether a threshold has nothing in Prometheus, so that it is of interest why.
func (o *observer) misses(snap *observe.Snapshot) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key := range o.subjects {
		if !snap.Holds(key) {
			return true
		}
	}
	return false
}

// look gives what people are to see of the threshold, whose rule, of that plan, is in the cluster; nil while that is not
// known. From now on the threshold is observed.
func (o *observer) look(t *v1alpha1.AlertThreshold, plan *rules.Plan) *observe.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := client.ObjectKeyFromObject(t)
	s, known := o.subjects[key]
	if !known || s.uid != t.UID || s.generation != t.Generation {
		s = subject{TrackedThreshold: observe.NewTrackedThreshold(plan), uid: t.UID, generation: t.Generation}
		s.Resume(&t.Status, t.Generation, time.Now())
		if o.snapshot != nil {
			s.Observe(o.snapshot)
		}
		o.subjects[key] = s
	}
	return s.Published()
}

// last gives what people are to see of a threshold whose rule is of an earlier generation; nil when that is not known.
func (o *observer) last(key types.NamespacedName) *observe.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s, known := o.subjects[key]; known {
		return s.Published()
	}
	return nil
}

// forget is for a threshold that has no rule, or is gone.
func (o *observer) forget(key types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.subjects, key)
}

// evaluationInterval is that of thresholds' rules in Prometheus; zero when it is not known.
func (o *observer) evaluationInterval() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.snapshot == nil {
		return 0
	}
	return o.snapshot.Interval
}
