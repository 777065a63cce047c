package controller

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// insight is what is found out from Prometheus. It is nil when the controller is not told of one.
type insight struct {
	observer   *observer
	backtester *backtester
	// changed are the thresholds of which something else is known than their status says.
	changed *pending
}

// prometheusState is what Prometheus says of one threshold.
type prometheusState struct {
	Observation *observe.Observation
	// Generation is that of the rule which was observed.
	Generation      int64
	Backtest        *v1alpha1.Backtest
	Recommendations []v1alpha1.Recommendation
}

// newInsight makes mgr ask the Prometheus of the options; nil when there is none.
func newInsight(mgr ctrl.Manager, o PrometheusOptions, ruleLabels map[string]string) (*insight, error) {
	if o.URL == "" {
		return nil, nil
	}
	log := mgr.GetLogger().WithName("prometheus")
	prometheus, err := promapi.New(o.Options)
	if err != nil {
		return nil, err
	}
	observing, err := promapi.New(o.Options)
	if err != nil {
		return nil, err
	}
	i := &insight{changed: &pending{name: "insight", priority: handler.LowPriority}}
	i.observer = &observer{
		prometheus: observing,
		selection:  &selectionReader{live: mgr.GetAPIReader(), ruleLabels: (&rules.Plan{}).Rule(ruleLabels).Labels, log: log},
		interval:   o.Interval,
		changed:    i.changed,
		log:        log,
		subjects:   map[types.NamespacedName]subject{},
	}
	i.backtester = newBacktester(prometheus, o, i.observer, mgr.GetEventRecorder(eventSource), i.changed)
	if err := mgr.Add(i.observer); err != nil {
		return nil, fmt.Errorf("add the observer: %w", err)
	}
	return i, i.backtester.register(mgr)
}

// Source has the changed thresholds reconciled.
func (i *insight) Source() source.Source { return i.changed.source() }

// Track returns what is known of the threshold, whose rule, of that plan, is in the cluster. From now on it is tracked.
func (i *insight) Track(t *v1alpha1.AlertThreshold, plan *rules.Plan) prometheusState {
	past := i.backtester.look(t, plan)
	return prometheusState{i.observer.look(t, plan), t.Generation, past.backtest, past.recommendations}
}

// Last returns what is known of a threshold whose rule is of an earlier generation.
func (i *insight) Last(t *v1alpha1.AlertThreshold, generation int64) prometheusState {
	past := i.backtester.last(t)
	return prometheusState{i.observer.last(client.ObjectKeyFromObject(t)), generation, past.backtest, past.recommendations}
}

// Delete is for a threshold that has no rule, or is gone.
func (i *insight) Delete(key types.NamespacedName) {
	i.observer.forget(key)
	i.backtester.forget(key)
}
