package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// backtestRetry is when a backtest is tried again that Prometheus did not answer.
	backtestRetry = time.Minute
	// backtestSpread is by how large a part an interval is prolonged at random, so that backtests do not come in flocks.
	backtestSpread = 0.2
	// backtestQueries is how many range queries there are in a second at most.
	backtestQueries = 5
	// refreshPriority is that of a backtest that is only refreshed: behind those of changed specs.
	refreshPriority = -1
)

// backtester keeps a backtest of every threshold that has a rule: one is made soon after its spec has changed, and at a
// slow interval. It is a controller of its own, one request at a time, so that no reconciliation waits for it.
type backtester struct {
	prometheus *promapi.Client
	// step is the evaluation interval of a threshold's rules.
	step             func(types.NamespacedName) time.Duration
	window, interval time.Duration
	events           events.EventRecorder
	// due are the thresholds to be backtested, changed those to be reconciled.
	due, changed chan event.GenericEvent

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
	survey *backtest.Survey
	left   promapi.Range
}

func newBacktester(prometheus *promapi.Client, o PrometheusOptions, observer *observer, events events.EventRecorder, changed chan event.GenericEvent) *backtester {
	return &backtester{
		prometheus: prometheus,
		step: func(key types.NamespacedName) time.Duration {
			return cmp.Or(observer.evaluationInterval(key), o.BacktestStep)
		},
		window:   o.BacktestWindow,
		interval: o.BacktestInterval,
		events:   events,
		due:      make(chan event.GenericEvent),
		changed:  changed,
		subjects: map[types.NamespacedName]tested{},
	}
}

// register makes mgr run the backtester.
func (b *backtester) register(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("backtest").
		WatchesRawSource(channelSource("backtests due", b.due)).
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
func (b *backtester) look(ctx context.Context, t *v1alpha1.AlertThreshold, plan *rules.Plan) hindsight {
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
	send(ctx, b.due, key)
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

// Reconcile makes the backtest of one threshold, if it is due, and says when to come back.
func (b *backtester) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	key := req.NamespacedName
	s, known := b.get(key)
	if !known {
		return ctrl.Result{}, nil
	}
	if early := time.Until(s.next); early > 0 {
		return later(early), nil
	}
	result, err := b.run(ctx, key, &s)
	switch {
	case ctx.Err() != nil:
		return ctrl.Result{}, nil
	case err == nil:
		s.result, s.failures, s.refusal = result, 0, ""
		s.next = time.Now().Add(wait.Jitter(b.interval, backtestSpread))
	case promapi.IsRefused(err), errors.Is(err, errReplay):
		s.begun = nil
		s.next = time.Now().Add(wait.Jitter(b.interval, backtestSpread))
		b.tell(key, &s, err.Error())
	default: // the condition Loaded tells of a Prometheus that is away
		ctrl.LoggerFrom(ctx).V(1).Info("backtest put off", "error", err.Error())
		s.next = time.Now().Add(wait.Jitter(min(backtestRetry<<s.failures, b.interval), backtestSpread))
		s.failures = min(s.failures+1, 10)
	}
	b.update(key, s)
	if err == nil {
		send(ctx, b.changed, key)
	}
	return later(time.Until(s.next)), nil
}

func later(after time.Duration) ctrl.Result {
	return ctrl.Result{RequeueAfter: max(after, time.Millisecond), Priority: ptr.To(refreshPriority)}
}

// errReplay is of answers that cannot be replayed.
var errReplay = errors.New("replay the signal")

// run makes the backtest, or goes on with one that was begun.
func (b *backtester) run(ctx context.Context, key types.NamespacedName, s *tested) (hindsight, error) {
	if s.begun == nil {
		var err error
		if s.begun, err = b.begin(s.plan, b.step(key)); err != nil {
			return hindsight{}, fmt.Errorf("%w: %w", errReplay, err)
		}
	}
	for chunk, err := range b.prometheus.QueryRange(ctx, s.plan.Value.Expr, s.begun.left) {
		if err != nil {
			return hindsight{}, err
		}
		if err := errors.Join(s.begun.replay.Feed(chunk.Series, chunk.End), s.begun.survey.Feed(chunk.Series, chunk.End)); err != nil {
			return hindsight{}, fmt.Errorf("%w: %w", errReplay, err)
		}
		s.begun.left.Start = chunk.End.Add(chunk.Step)
	}
	result := hindsight{
		backtest:        s.begun.replay.Result().Status(s.generation),
		recommendations: backtest.RecommendationStatus(s.begun.survey.Recommend(backtest.OnceAWeek)),
	}
	s.begun = nil
	return result, nil
}

// begin is a backtest of the plan over the window that ends now, of which nothing has been asked yet.
func (b *backtester) begin(plan *rules.Plan, step time.Duration) (*begun, error) {
	end := time.Now().Truncate(step)
	window := promapi.Range{Start: end.Add(-b.window), End: end, Step: step}
	replay, err := backtest.NewReplay(backtest.Window(window), plan.Lines)
	if err != nil {
		return nil, err
	}
	survey, err := backtest.NewSurvey(backtest.Window(window), plan)
	return &begun{replay: replay, survey: survey, left: window}, err
}

// tell says in an event, once, why there is no backtest. The threshold may still work: rules are evaluated one time at once.
func (b *backtester) tell(key types.NamespacedName, s *tested, refusal string) {
	if s.refusal == refusal {
		return
	}
	s.refusal = refusal
	t := named(key)
	t.UID = s.uid
	b.events.Eventf(t, nil, corev1.EventTypeWarning, v1alpha1.ReasonBacktestFailed, "Backtest", "%s",
		clip("there is no backtest of this generation: "+refusal, maxNote))
}
