package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// backtestRetry is when a backtest is tried again that Prometheus did not answer.
	backtestRetry = time.Minute
	// backtestShare is the part of the time in which Prometheus has a backtest's queries to answer, at most: it has other
	// work. A minute is the longest pause.
	backtestShare     = 0.1
	backtestPauseMost = time.Minute
	// backtestSpread is by how large a part an interval is prolonged at random, so that backtests do not come in flocks.
	backtestSpread = 0.2
)

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
	began := time.Now()
	result, err := b.run(ctx, &s)
	afterwards := recess(time.Since(began))
	defer func() { pause(ctx, afterwards) }()
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
		b.changed.add(key)
	}
	return later(time.Until(s.next)), nil
}

// recess is how long no backtest is made after one that took that long.
func recess(took time.Duration) time.Duration {
	return min(time.Duration(float64(took)*(1/backtestShare-1)), backtestPauseMost)
}

func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

// later has a backtest refreshed: behind those of changed specs.
func later(after time.Duration) ctrl.Result {
	return ctrl.Result{RequeueAfter: max(after, time.Millisecond), Priority: ptr.To(handler.LowPriority)}
}

// errReplay is of answers that cannot be replayed.
var errReplay = errors.New("replay the signal")

// run makes the backtest, or goes on with one that was begun.
func (b *backtester) run(ctx context.Context, s *tested) (hindsight, error) {
	if s.begun == nil {
		var err error
		if s.begun, err = b.begin(s.plan); err != nil {
			return hindsight{}, fmt.Errorf("%w: %w", errReplay, err)
		}
	}
	for chunk, err := range b.prometheus.QueryRange(ctx, s.plan.Value.Expr, s.begun.left) {
		if err != nil {
			return hindsight{}, err
		}
		if err := errors.Join(s.begun.replay.Ingest(chunk.Series, chunk.End), s.begun.survey.Ingest(chunk.Series, chunk.End)); err != nil {
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
func (b *backtester) begin(plan *rules.Plan) (*begun, error) {
	step := b.step()
	end := time.Now().Truncate(step)
	window := promapi.Range{Start: end.Add(-b.window), End: end, Step: step}
	replay, err := backtest.NewReplay(backtest.Window(window), plan.Levels)
	if err != nil {
		return nil, err
	}
	survey, err := backtest.NewSweep(backtest.Window(window), plan)
	return &begun{replay: replay, survey: survey, left: window}, err
}

// tell says in an event, once, why there is no backtest. The threshold may still work: rules are evaluated one time at once.
func (b *backtester) tell(key types.NamespacedName, s *tested, refusal string) {
	if s.refusal == refusal {
		return
	}
	s.refusal = refusal
	t := &v1alpha1.AlertThreshold{}
	t.Namespace, t.Name, t.UID = key.Namespace, key.Name, s.uid
	b.events.Eventf(t, nil, corev1.EventTypeWarning, v1alpha1.ReasonBacktestFailed, "Backtest", "%s",
		truncate("there is no backtest of this generation: "+refusal, maxNote))
}
