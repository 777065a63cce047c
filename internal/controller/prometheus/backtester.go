package prometheus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/controller/requeue"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// retryDelay is after how long a backtest is tried again that Prometheus did not answer, or for which it has no buckets; it
	// doubles with each failure.
	retryDelay = time.Minute
	// maxShare is the part of the time in which Prometheus answers backtests, at most: it has other work. maxThrottle is the
	// longest pause for that.
	maxShare    = 0.1
	maxThrottle = time.Minute
	// jitter is by how large a part an interval is prolonged at random, so that backtests spread.
	jitter = 0.2
)

// backtester backtests every threshold that has a rule, one at a time: soon after its spec has changed, and at an interval.
type backtester struct {
	client *promapi.Client
	// step returns the evaluation interval of thresholds' rules.
	step             func() time.Duration
	window, interval time.Duration
	events           events.EventRecorder
	changed          *requeue.Requeuer
	// wake is signalled when a threshold is due at once.
	wake chan struct{}

	mu         sync.Mutex
	thresholds map[types.NamespacedName]backtestedThreshold
}

// backtestedThreshold is one generation of a threshold, and the last backtest of it or of an earlier one.
type backtestedThreshold struct {
	BacktestState
	uid        types.UID
	generation int64
	plan       *rules.Plan
	// due is when the next backtest is; zero for at once. failures is how often Prometheus has not answered since the last, or had
	// no buckets.
	due      time.Time
	failures int
	// reason is why the last one could not be made; empty when it could.
	reason string
}

func newBacktester(o Options, step func() time.Duration, recorder events.EventRecorder, changed *requeue.Requeuer) (*backtester, error) {
	asked, err := promapi.New(o.Options)
	if err != nil {
		return nil, err
	}
	return &backtester{
		client:     asked,
		step:       func() time.Duration { return cmp.Or(step(), o.BacktestStep) },
		window:     o.BacktestWindow,
		interval:   o.BacktestInterval,
		events:     recorder,
		changed:    changed,
		wake:       make(chan struct{}, 1),
		thresholds: map[types.NamespacedName]backtestedThreshold{},
	}, nil
}

// NeedLeaderElection says that only the leader backtests.
func (b *backtester) NeedLeaderElection() bool { return true }

// Start backtests what is due until ctx ends.
func (b *backtester) Start(ctx context.Context) error {
	for ctx.Err() == nil {
		key, threshold, left := b.next(time.Now())
		if left > 0 {
			select {
			case <-ctx.Done():
			case <-b.wake:
			case <-time.After(left):
			}
			continue
		}
		began := time.Now()
		b.backtest(ctx, key, threshold)
		select {
		case <-ctx.Done():
		case <-time.After(throttle(time.Since(began))):
		}
	}
	return nil
}

// throttle returns how long no backtest is made after one that took that long.
func throttle(took time.Duration) time.Duration {
	return min(time.Duration(float64(took)*(1/maxShare-1)), maxThrottle)
}

// next returns the threshold that is due first, and the time left until then. Without any that is an interval.
func (b *backtester) next(now time.Time) (key types.NamespacedName, first backtestedThreshold, left time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left = b.interval
	for k, threshold := range b.thresholds {
		if until := threshold.due.Sub(now); until < left {
			key, first, left = k, threshold, until
		}
	}
	return key, first, left
}

// backtest makes the backtest of one threshold and stores it, unless another generation has come meanwhile.
func (b *backtester) backtest(ctx context.Context, key types.NamespacedName, t backtestedThreshold) {
	state, err := b.run(ctx, t)
	isNew := state.Backtest != t.Backtest || state.Measurable != t.Measurable
	interval := b.interval
	switch {
	case ctx.Err() != nil:
		return
	case err == nil && !state.lacksBuckets():
		t.failures, t.reason = 0, ""
	case err == nil: // the program may have been deployed together with its threshold
		interval, t.reason = t.retryAfter(interval), ""
	case promapi.IsRefused(err), errors.Is(err, backtest.ErrReplay):
		if t.reason != err.Error() {
			t.reason = err.Error()
			b.recordFailure(key, t)
		}
	default: // the condition Loaded tells of a Prometheus that is away
		ctrl.LoggerFrom(ctx).V(1).Info("backtest postponed", "error", err.Error())
		interval = t.retryAfter(interval)
	}
	t.BacktestState = state
	t.due = time.Now().Add(wait.Jitter(interval, jitter))

	b.mu.Lock()
	is := b.thresholds[key]
	isSame := is.uid == t.uid && is.generation == t.generation
	if isSame {
		b.thresholds[key] = t
	}
	b.mu.Unlock()
	if isSame && isNew {
		b.changed.Add(key)
	}
}

// retryAfter counts a failure, and returns when to try again: at the latest after so long.
func (t *backtestedThreshold) retryAfter(longest time.Duration) time.Duration {
	delay := min(retryDelay<<t.failures, longest)
	t.failures = min(t.failures+1, 10)
	return delay
}

// run reads the buckets and replays the plan over the window that ends now. With an error, and while there only are no buckets
// again, the state has what was known before.
func (b *backtester) run(ctx context.Context, t backtestedThreshold) (state BacktestState, err error) {
	state = t.BacktestState
	window := backtest.WindowUntil(time.Now(), b.window, b.step())
	buckets, err := b.client.Buckets(ctx, t.plan.Value.Expr, window)
	state.Measurable = t.measurable(buckets, err)
	if err != nil && !promapi.IsRefused(err) {
		return state, err
	}
	last := t.Backtest
	isCurrent := last != nil && last.Generation == t.generation && window.End.Sub(last.EvaluatedAt.Time) < b.interval
	if isCurrent && state.lacksBuckets() && state.Measurable == t.Measurable {
		return state, err
	}
	sweep, err := backtest.NewSweep(window, t.plan)
	if err != nil {
		return state, err
	}
	replayed, err := replay.New(window, t.plan, t.plan.Levels, sweep.Ingest)
	if err != nil {
		return state, err
	}
	if err := b.client.Ingest(ctx, t.plan.Value.Expr, window, replayed.Ingest); err != nil {
		return state, err
	}
	state.Backtest, state.Recommendations = replayed.Result().Status(t.generation), nil
	state.Backtest.Notes = replayed.Notes()
	if replayed.HasNothing() {
		state.Backtest.Notes = append(state.Backtest.Notes, b.client.Outside(ctx, t.plan, window.End)...)
	}
	if !replayed.SharesAlerts() {
		state.Recommendations = backtest.RecommendationStatus(sweep.Recommend(backtest.OnceAWeek))
	}
	return state, nil
}

// measurable is the condition Measurable after the buckets were read, nil when there are none to read, and the same one when it
// has not changed. After an error, what was known of the generation holds.
func (t backtestedThreshold) measurable(buckets *bucket.Histogram, err error) *metav1.Condition {
	var is observe.Condition
	switch {
	case err == nil && buckets == nil:
		return nil
	case err == nil:
		is = observe.Measurable(t.plan, *buckets)
	case t.Measurable != nil && t.Measurable.ObservedGeneration == t.generation:
		return t.Measurable
	default:
		is = observe.Condition{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonBucketsUnknown,
			Message: observe.Truncate(fmt.Sprintf("the buckets could not be read, tried again: %v", err), observe.MaxText)}
	}
	if was := t.Measurable; was != nil && was.ObservedGeneration == t.generation && is == (observe.Condition{Status: was.Status, Reason: was.Reason, Message: was.Message}) {
		return was
	}
	return &metav1.Condition{
		Type: v1alpha1.ConditionMeasurable, ObservedGeneration: t.generation, Status: is.Status, Reason: is.Reason, Message: is.Message,
	}
}

// recordFailure says in an event why there is no backtest. The threshold may still work: rules are evaluated one time at once.
func (b *backtester) recordFailure(key types.NamespacedName, s backtestedThreshold) {
	t := &v1alpha1.AlertThreshold{}
	t.Namespace, t.Name, t.UID = key.Namespace, key.Name, s.uid
	b.events.Eventf(t, nil, corev1.EventTypeWarning, v1alpha1.ReasonBacktestFailed, "Backtest", "%s",
		observe.Truncate(fmt.Sprintf("there is no backtest of this generation: %s", s.reason), observe.MaxText))
}

// track returns the last backtest of the threshold, whose rule, of that plan, is in the cluster, and makes more from now on.
func (b *backtester) track(t *v1alpha1.AlertThreshold, plan *rules.Plan) BacktestState {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := client.ObjectKeyFromObject(t)
	s, known := b.thresholds[key]
	if known && s.uid == t.UID && s.generation == t.Generation {
		return s.BacktestState
	}
	// What the status says holds until the next backtest is due: a controller that starts writes nothing.
	s = backtestedThreshold{BacktestState: backtestStateOf(t), uid: t.UID, generation: t.Generation, plan: plan}
	if s.Backtest != nil && s.Backtest.Generation == t.Generation {
		s.due = s.Backtest.EvaluatedAt.Add(b.interval)
	}
	b.thresholds[key] = s
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return s.BacktestState
}

// lastBacktest returns that of a threshold whose rule is of an earlier generation; that of the status when it is not known.
func (b *backtester) lastBacktest(t *v1alpha1.AlertThreshold) BacktestState {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, known := b.thresholds[client.ObjectKeyFromObject(t)]; known && s.uid == t.UID {
		return s.BacktestState
	}
	return backtestStateOf(t)
}

// backtestStateOf is the state that the threshold's status has.
func backtestStateOf(t *v1alpha1.AlertThreshold) BacktestState {
	measurable := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionMeasurable).DeepCopy() // what it points to changes
	return BacktestState{t.Status.Backtest, t.Status.Recommendations, measurable}
}

func (b *backtester) delete(key types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.thresholds, key)
}
