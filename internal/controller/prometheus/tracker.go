// Package prometheus keeps what a Prometheus says of every threshold that has a rule: what it observes now, and what a backtest
// of the past gives. It has a threshold reconciled when that changes.
package prometheus

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/requeue"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Tracker keeps the state of the thresholds that are tracked.
type Tracker struct {
	observer   *observer
	backtester *backtester
	changed    *requeue.Requeuer
}

// State is what Prometheus says of one threshold.
type State struct {
	// Observation is nil while nothing is known; Generation is that of the observed rule.
	Observation *observe.Observation
	Generation  int64
	BacktestState
}

// BacktestState is what Prometheus said when the past was last read.
type BacktestState struct {
	// Backtest is the last one, nil when there is none, and Recommendations follow from it.
	Backtest        *v1alpha1.Backtest
	Recommendations []v1alpha1.Recommendation
	// Measurable is the condition of that name; nil while nothing is known, and for a value that is no quantile.
	Measurable *metav1.Condition
}

// lacksBuckets reports whether the buckets of a quantile are not known.
func (s BacktestState) lacksBuckets() bool {
	return s.Measurable != nil && s.Measurable.Status == metav1.ConditionUnknown
}

// Add makes mgr ask the Prometheus of the options; the Tracker is nil when there is none. ruleLabels are those of every rule,
// and events of backtests are recorded by that source.
func Add(mgr ctrl.Manager, o Options, ruleLabels map[string]string, eventSource string) (*Tracker, error) {
	if o.URL == "" {
		return nil, nil
	}
	changed := requeue.New("what Prometheus says")
	observer, err := newObserver(mgr, o, (&rules.Plan{}).Rule(ruleLabels).Labels, changed)
	if err != nil {
		return nil, err
	}
	backtester, err := newBacktester(o, observer.evaluationInterval, mgr.GetEventRecorder(eventSource), changed)
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(observer); err != nil {
		return nil, fmt.Errorf("adding the observer: %w", err)
	}
	if err := mgr.Add(backtester); err != nil {
		return nil, fmt.Errorf("adding the backtester: %w", err)
	}
	return &Tracker{observer, backtester, changed}, nil
}

// Source has those thresholds reconciled whose state has changed.
func (t *Tracker) Source() source.Source { return t.changed.Source() }

// Track returns what is known of the threshold, whose rule, of that plan, is in the cluster. From now on it is tracked.
func (t *Tracker) Track(threshold *v1alpha1.AlertThreshold, plan *rules.Plan) State {
	return State{t.observer.track(threshold, plan), threshold.Generation, t.backtester.track(threshold, plan)}
}

// Last returns what is known of a threshold whose rule is of an earlier generation.
func (t *Tracker) Last(threshold *v1alpha1.AlertThreshold, generation int64) State {
	return State{t.observer.lastObservation(client.ObjectKeyFromObject(threshold)), generation, t.backtester.lastBacktest(threshold)}
}

// Delete forgets a threshold that is gone or has no rule.
func (t *Tracker) Delete(key types.NamespacedName) {
	t.observer.delete(key)
	t.backtester.delete(key)
}
