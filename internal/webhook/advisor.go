package webhook

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// adviceTimeout bounds how long admission waits for the backtest, and for what it must know of the series before.
	adviceTimeout = 2 * time.Second
	// maxConcurrent is how many backtests run at once. Further thresholds get no advice, so that the many that a machine writes
	// do not wait for each other.
	maxConcurrent = 2
	// coverageSamples is at how many times of the window a value is looked for. Fires are found exactly; reading every sample to
	// know the coverage as well takes several times as long.
	coverageSamples = 200
)

// BacktestOptions say where proposed levels are backtested: a Prometheus, none when its URL is empty, how far back, and the
// evaluation interval.
type BacktestOptions struct {
	promapi.Options
	Window, Step time.Duration
}

// backtestAdvisor says what the levels of a proposed threshold would have done over a past window.
type backtestAdvisor struct {
	client       *promapi.Client
	window, step time.Duration
	now          func() time.Time
	timeout      time.Duration
	slots        chan struct{}
	outcomes     *prometheus.CounterVec
	// compare is the method of that name.
	compare func(ctx context.Context, present, proposed *rules.Plan) ([]string, error)
}

func newBacktestAdvisor(client *promapi.Client, o BacktestOptions) *backtestAdvisor {
	a := &backtestAdvisor{
		client: client, window: o.Window, step: o.Step, now: time.Now,
		timeout: adviceTimeout,
		slots:   make(chan struct{}, maxConcurrent),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: metric.Forecasts.Name, Help: metric.Forecasts.Help},
			metric.Forecasts.Labels),
	}
	a.compare = a.compareLevels
	for _, outcome := range metric.ForecastOutcomes() {
		a.outcomes.WithLabelValues(outcome)
	}
	return a
}

// advise returns sentences about the proposed plan: what buckets cannot show of its levels, and what those would have done, unless
// that is not known in time. A nil advisor knows only the buckets that a source is known to have.
func (a *backtestAdvisor) advise(ctx context.Context, present, proposed *rules.Plan) []string {
	if a == nil || proposed.Mode == v1alpha1.ModeOff || len(changedLevels(present, proposed)) == 0 {
		return proposed.KnownBucketWarnings
	}
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	default:
		a.outcomes.WithLabelValues(metric.OutcomeBusy).Inc()
		return proposed.KnownBucketWarnings
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	var buckets []string
	var reading sync.WaitGroup
	reading.Go(func() { buckets = a.bucketWarnings(ctx, proposed) })
	sentences, err := a.compare(ctx, present, proposed)
	reading.Wait()
	if err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("no backtest of the applied threshold", "error", err.Error())
		a.outcomes.WithLabelValues(metric.StatusError).Inc()
		return buckets
	}
	a.outcomes.WithLabelValues(metric.StatusSuccess).Inc()
	return slices.Concat(buckets, sentences)
}

// bucketWarnings says what the buckets in Prometheus cannot show of the levels; if they cannot be read, what those cannot that
// the source is known to have.
func (a *backtestAdvisor) bucketWarnings(ctx context.Context, plan *rules.Plan) []string {
	buckets, err := a.client.Buckets(ctx, plan.Value.Expr, backtest.WindowUntil(a.now(), a.window, a.step))
	if err != nil || buckets == nil || !buckets.IsRead() {
		return plan.KnownBucketWarnings
	}
	return slices.Concat(plan.BucketWarnings(*buckets), buckets.Notes())
}

// lacksNamespace reports whether Prometheus has series of the plan's source and none that says its namespace. When that is not
// known in time, as to a nil advisor, it is not so.
func (a *backtestAdvisor) lacksNamespace(ctx context.Context, plan *rules.Plan) bool {
	if a == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	return a.client.Holds(ctx, plan.Value.NoNamespace)
}

// changedLevels returns the proposed levels that are not in force already; present is nil when there is none.
func changedLevels(present, proposed *rules.Plan) []rules.Level {
	if present == nil || present.Value.Expr != proposed.Value.Expr {
		return proposed.Levels
	}
	return slices.DeleteFunc(slices.Clone(proposed.Levels), func(level rules.Level) bool { return slices.Contains(present.Levels, level) })
}

// compareLevels backtests the changed levels beside the present ones.
func (a *backtestAdvisor) compareLevels(ctx context.Context, present, proposed *rules.Plan) ([]string, error) {
	window, levels := backtest.WindowUntil(a.now(), a.window, a.step), changedLevels(present, proposed)
	// All at once: the person who applies the threshold waits for the answer.
	g, asked := errgroup.WithContext(ctx)
	var changed, thin *replay.Threshold
	var before []backtest.LevelResult
	g.Go(func() (err error) {
		changed, err = a.replayCrossings(asked, window, proposed, levels)
		return err
	})
	g.Go(func() (err error) {
		thin, err = a.replay(asked, window.Thin(coverageSamples), proposed.Value.Expr, proposed, proposed.Levels)
		return err
	})
	g.Go(func() error {
		if present == nil {
			return nil
		}
		replayed, err := a.replayCrossings(asked, window, present, present.Levels)
		if err == nil {
			before = replayed.Result().Levels
		}
		return err
	})
	err := g.Wait()
	if err == nil && thin.FailsToRecord() { // which depends on samples that cross no level, too
		thin, err = a.replay(ctx, window, proposed.Value.Expr, proposed, levels)
		changed = thin
	}
	if err != nil {
		return nil, err
	}
	result := changed.Result()
	result.Coverage = max(thin.Result().Coverage, result.Coverage) // a signal that exists briefly may lie between the samples
	notes := slices.Concat(thin.RecordNotes(), changed.AlertNotes())
	if result.Coverage == 0 {
		notes = append(notes, thin.ValueNotes()...)
	}
	if result.Coverage == 0 && thin.HasNothing() {
		notes = append(notes, a.client.Outside(ctx, proposed, window.End)...)
	}
	return slices.Concat(notes, sentences(result, before, proposed.Value.EmptyWhenHealthy)), nil
}

// replayCrossings replays the levels on those samples that cross one: fires are exact, the coverage is not.
func (a *backtestAdvisor) replayCrossings(ctx context.Context, window backtest.Window, plan *rules.Plan, levels []rules.Level) (*replay.Threshold, error) {
	crossings, err := backtest.FilterExpr(plan.Value.Expr, levels)
	if err != nil {
		return nil, err
	}
	return a.replay(ctx, window, crossings, plan, levels)
}

func (a *backtestAdvisor) replay(ctx context.Context, window backtest.Window, expr string, plan *rules.Plan, levels []rules.Level) (*replay.Threshold, error) {
	replayed, err := replay.New(window, plan, levels)
	if err != nil {
		return nil, err
	}
	return replayed, a.client.Ingest(ctx, expr, window, replayed.Ingest)
}

// sentences says what the proposed levels would have done, beside the present ones of the same severity. Of an expression that is
// empty when healthy, the coverage says nothing.
func sentences(proposed *backtest.Result, present []backtest.LevelResult, emptyWhenHealthy bool) []string {
	window := backtest.FormatDuration(proposed.Window.Length())
	covered := " (" + backtest.FormatCoverage(proposed.Coverage) + " covered)"
	if emptyWhenHealthy {
		covered = ""
	} else if len(proposed.Levels) > 0 && !(proposed.Coverage > 0) {
		return []string{fmt.Sprintf("no value of the signal was found in the last %s: what the levels would have done is not known", window)}
	}
	all := make([]string, len(proposed.Levels))
	for i, level := range proposed.Levels {
		all[i] = fmt.Sprintf("level %s (%s) would have fired %s in the last %s%s", level.Level.Severity,
			comparison(level.Level), backtest.FormatTimes(level.Fires), window, covered)
		was := slices.IndexFunc(present, func(l backtest.LevelResult) bool { return l.Level.Severity == level.Level.Severity })
		if was >= 0 {
			all[i] += fmt.Sprintf(", the present one (%s) %s", comparison(present[was].Level), backtest.FormatTimes(present[was].Fires))
		}
	}
	return all
}

// comparison is the level as people read it, such as "> 2s for 10m".
func comparison(level rules.Level) string {
	if level.For == 0 {
		return level.String()
	}
	return level.String() + " for " + backtest.FormatDuration(level.For)
}
