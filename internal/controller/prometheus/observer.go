package prometheus

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/requeue"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/snapshot"
)

const (
	// observeTimeout is how long one observation may take.
	observeTimeout = 15 * time.Second
	// toleratedFailures is how many observations may fail before states are unknown: a Prometheus may be restarted.
	toleratedFailures = 2
	// maxSelectionAge is after how long the selection is read again though no rule is missing.
	maxSelectionAge = 10 * time.Minute
)

// observer takes a snapshot of Prometheus at every interval, by as many requests for thousands of thresholds as for one, and
// has those reconciled whose status would change.
type observer struct {
	// client is the observer's alone, so that its requests follow each other on one connection, and so to one server.
	client *promapi.Client
	// probe tells whether the URL leads to several servers.
	probe      *promapi.Probe
	api        client.Reader
	ruleLabels map[string]string
	interval   time.Duration
	changed    *requeue.Requeuer
	log        logr.Logger

	// isMixed: the last snapshot came over several connections, which was logged; servers was logged too.
	isMixed bool
	probes  observe.Probes
	servers observe.Servers
	// selection is the last that could be read, and selectionReadAt when that was last tried.
	selection       *observe.Selection
	selectionReadAt time.Time

	mu sync.Mutex
	// snapshot is the last one; nil before the first, and while the first observations fail.
	snapshot   *observe.Snapshot
	failures   int
	thresholds map[types.NamespacedName]observedThreshold
}

// observedThreshold is one generation of a threshold.
type observedThreshold struct {
	*observe.TrackedThreshold
	uid        types.UID
	generation int64
}

func newObserver(mgr ctrl.Manager, o Options, ruleLabels map[string]string, changed *requeue.Requeuer) (*observer, error) {
	asked, err := promapi.New(o.Options)
	if err != nil {
		return nil, err
	}
	probe, err := promapi.NewProbe(o.Options)
	if err != nil {
		return nil, err
	}
	return &observer{
		client: asked, probe: probe, api: mgr.GetAPIReader(), ruleLabels: ruleLabels, interval: o.Interval, changed: changed,
		log:        mgr.GetLogger().WithName("prometheus"),
		thresholds: map[types.NamespacedName]observedThreshold{},
	}, nil
}

// NeedLeaderElection says that only the leader observes.
func (o *observer) NeedLeaderElection() bool { return true }

// Start observes until ctx ends.
func (o *observer) Start(ctx context.Context) error {
	ticker := time.NewTicker(o.interval)
	defer ticker.Stop()
	for {
		snap, err := o.observe(ctx)
		if ctx.Err() == nil {
			o.changed.Add(o.take(ctx, snap, err)...)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// observe reads a snapshot from one server, and probes whether another one answers a new connection.
func (o *observer) observe(ctx context.Context) (snap *observe.Snapshot, err error) {
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	isOne, err := o.client.OneServer(ctx, func(ctx context.Context) (err error) {
		snap, err = snapshot.Read(ctx, o.client, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !isOne && !o.isMixed {
		o.log.Info("no connection to Prometheus stays open for one observation, so different servers may have answered: " +
			"let the proxy before it keep connections, or use the URL of one server")
	}
	o.isMixed = !isOne
	o.probes.Add(o.probe.Server(ctx))
	snap.Servers = o.probes.Servers()
	if snap.Servers == observe.SeveralServers && o.servers != snap.Servers {
		o.log.Info("the URL of Prometheus leads to several servers, whose values may differ: use that of one, or of a Thanos Query over all")
	}
	o.servers = snap.Servers
	return snap, nil
}

// take stores the snapshot, or that there is none, and returns the thresholds whose published state changed.
func (o *observer) take(ctx context.Context, snap *observe.Snapshot, err error) []types.NamespacedName {
	if err == nil {
		snap.Selection = o.currentSelection(ctx, snap)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		if snap = o.failedSnapshot(err); snap == nil {
			return nil
		}
	} else if o.failures > 0 {
		o.log.Info("Prometheus answers again", "failures", o.failures)
		o.failures = 0
	}
	o.snapshot = snap
	var changed []types.NamespacedName
	for key, threshold := range o.thresholds {
		if threshold.Observe(snap) {
			changed = append(changed, key)
		}
	}
	return changed
}

// failedSnapshot counts a failure and returns a snapshot that says so, once there are too many. It keeps the text of the first
// such failure, for ports and the like in it change.
func (o *observer) failedSnapshot(err error) *observe.Snapshot {
	o.failures++
	if o.failures <= toleratedFailures+1 {
		o.log.Error(err, "querying Prometheus failed", "failures", o.failures)
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

// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheuses;thanosrulers,verbs=list
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list

// currentSelection returns what the Prometheuses select, read now when a threshold has no rules in Prometheus, else as last read.
func (o *observer) currentSelection(ctx context.Context, snap *observe.Snapshot) *observe.Selection {
	if !o.lacksRules(snap) && snap.At.Sub(o.selectionReadAt) < maxSelectionAge {
		return o.selection
	}
	o.selectionReadAt = snap.At
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	selection, err := snapshot.ReadSelection(ctx, o.api, "", o.ruleLabels)
	if err != nil {
		o.log.V(1).Info("what the Prometheuses select is not known", "error", err.Error())
		return o.selection
	}
	o.selection = selection
	return selection
}

// lacksRules reports whether a threshold has no rules in Prometheus.
func (o *observer) lacksRules(snap *observe.Snapshot) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key := range o.thresholds {
		if !snap.Holds(key) {
			return true
		}
	}
	return false
}

// track returns what to publish of the threshold, nil while that is not known, and observes it from now on.
func (o *observer) track(t *v1alpha1.AlertThreshold, plan *rules.Plan) *observe.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := client.ObjectKeyFromObject(t)
	threshold, known := o.thresholds[key]
	if !known || threshold.uid != t.UID || threshold.generation != t.Generation {
		threshold = observedThreshold{TrackedThreshold: observe.NewTrackedThreshold(plan), uid: t.UID, generation: t.Generation}
		threshold.Resume(&t.Status, t.Generation, time.Now())
		if o.snapshot != nil {
			threshold.Observe(o.snapshot)
		}
		o.thresholds[key] = threshold
	}
	return threshold.Published()
}

// lastObservation returns what to publish of a threshold whose rule is of an earlier generation; nil when that is not known.
func (o *observer) lastObservation(key types.NamespacedName) *observe.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	if threshold, known := o.thresholds[key]; known {
		return threshold.Published()
	}
	return nil
}

func (o *observer) delete(key types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.thresholds, key)
}

// evaluationInterval returns that of thresholds' rules in Prometheus; zero when it is not known.
func (o *observer) evaluationInterval() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.snapshot == nil {
		return 0
	}
	return o.snapshot.Interval
}
