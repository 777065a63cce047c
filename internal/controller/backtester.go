package controller

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// backtester keeps a backtest of every threshold that has a rule: one is made soon after its spec has changed, and at a
// slow interval. It is a controller of its own, one request at a time, so that no reconciliation waits for it.
type backtester struct {
	prometheus *promapi.Client
	// step is the evaluation interval of thresholds' rules.
	step             func() time.Duration
	window, interval time.Duration
	events           events.EventRecorder
	// due are the thresholds to be backtested, changed those to be reconciled.
	due, changed *pending

	mu       sync.Mutex
	subjects map[types.NamespacedName]tested
}

// tested is one generation of a threshold, and the last backtest of it or of an earlier one.
type tested struct {
	uid        types.UID
	generation int64
	plan       *rules.Plan
	result     hindsight
	// next is when to make the next one, and failures how often Prometheus has not answered since the last.
	next     time.Time
	failures int
	// refusal is why the last one could not be made; empty when it could.
	refusal string
	// begun is one that Prometheus has answered in part; nil when there is none.
	begun *begun
}

// hindsight is a backtest and what follows from it, in the words of the status.
type hindsight struct {
	backtest        *v1alpha1.Backtest
	recommendations []v1alpha1.Recommendation
}

// begun is a backtest that is being made.
type begun struct {
	replay *backtest.Replay
	survey *backtest.Sweep
	left   promapi.Range
}

func newBacktester(prometheus *promapi.Client, o PrometheusOptions, observer *observer, events events.EventRecorder, changed *pending) *backtester {
	return &backtester{
		prometheus: prometheus,
		step:       func() time.Duration { return cmp.Or(observer.evaluationInterval(), o.BacktestStep) },
		window:     o.BacktestWindow,
		interval:   o.BacktestInterval,
		events:     events,
		due:        &pending{name: "backtests due"},
		changed:    changed,
		subjects:   map[types.NamespacedName]tested{},
	}
}

// register makes mgr run the backtester.
func (b *backtester) register(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("backtest").
		WatchesRawSource(b.due.source()).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: 1,
			SkipNameValidation:      ptr.To(true), // as for the controller of AlertThresholds
		}).
		Complete(b)
	if err != nil {
		return fmt.Errorf("build the backtest controller: %w", err)
	}
	return nil
}

// look gives the last backtest of the threshold, whose rule, of that plan, is in the cluster, and sees to it that there is
// going to be one.
func (b *backtester) look(t *v1alpha1.AlertThreshold, plan *rules.Plan) hindsight {
	key := client.ObjectKeyFromObject(t)
	s, known := b.get(key)
	if known && s.uid == t.UID && s.generation == t.Generation {
		return s.result
	}
	// What the status says is taken as it is until the next backtest is due: a controller that starts anew writes nothing.
	s = tested{uid: t.UID, generation: t.Generation, plan: plan, result: recordedHindsight(t)}
	if was := s.result.backtest; was != nil && was.Generation == t.Generation {
		s.next = was.EvaluatedAt.Add(b.interval)
	}
	b.set(key, s)
	b.due.add(key)
	return s.result
}

// last gives the last backtest of a threshold whose rule is of an earlier generation; what it has itself when that is not
// known.
func (b *backtester) last(t *v1alpha1.AlertThreshold) hindsight {
	if s, known := b.get(client.ObjectKeyFromObject(t)); known && s.uid == t.UID {
		return s.result
	}
	return recordedHindsight(t)
}

// recordedHindsight is what the status says.
func recordedHindsight(t *v1alpha1.AlertThreshold) hindsight {
	return hindsight{t.Status.Backtest, t.Status.Recommendations}
}

func (b *backtester) get(key types.NamespacedName) (tested, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, known := b.subjects[key]
	return s, known
}

func (b *backtester) set(key types.NamespacedName, s tested) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subjects[key] = s
}

// update replaces what was read, unless another generation has come meanwhile.
func (b *backtester) update(key types.NamespacedName, s tested) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if is := b.subjects[key]; is.uid == s.uid && is.generation == s.generation {
		b.subjects[key] = s
	}
}

// forget is for a threshold that has no rule, or is gone.
func (b *backtester) forget(key types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.subjects, key)
}
