package controller

import (
	"fmt"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
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

// known is what is known of one threshold from Prometheus, for its status.
type known struct {
	observation *observe.Observation
	// generation is that of the rule which was observed.
	generation int64
	backtest   hindsight
}

// newInsight makes mgr ask the Prometheus of the options; nil when there is none.
func newInsight(mgr ctrl.Manager, o Options, log logr.Logger) (*insight, error) {
	if o.Prometheus.URL == "" {
		return nil, nil
	}
	prometheus, err := promapi.New(o.Prometheus.Options)
	if err != nil {
		return nil, err
	}
	observing, err := promapi.New(o.Prometheus.Options)
	if err != nil {
		return nil, err
	}
	i := &insight{changed: &pending{name: "insight", priority: handler.LowPriority}}
	i.observer = &observer{
		prometheus: observing,
		selection:  &selectionReader{live: mgr.GetAPIReader(), ruleLabels: (&rules.Plan{}).Rule(o.RuleLabels).Labels, log: log},
		interval:   o.Prometheus.Interval,
		changed:    i.changed,
		log:        log,
		subjects:   map[types.NamespacedName]subject{},
	}
	i.backtester = newBacktester(prometheus, o.Prometheus, i.observer, mgr.GetEventRecorder(eventSource), i.changed)
	if err := mgr.Add(i.observer); err != nil {
		return nil, fmt.Errorf("add the observer: %w", err)
	}
	return i, i.backtester.register(mgr)
}

// source has the changed thresholds reconciled.
func (i *insight) source() source.Source { return i.changed.source() }

// look gives what is known of the threshold, for which d has been decided and done.
func (i *insight) look(t *v1alpha1.AlertThreshold, d decision) *known {
	key := client.ObjectKeyFromObject(t)
	switch {
	case i == nil:
		return nil
	case d.want != nil:
		return &known{i.observer.look(t, d.plan), t.Generation, i.backtester.look(t, d.plan)}
	case d.levelsStay:
		return &known{i.observer.last(key), d.programmed.ObservedGeneration, i.backtester.last(t)}
	default:
		i.forget(key)
		return nil
	}
}

// forget is for a threshold that has no rule, or is gone.
func (i *insight) forget(key types.NamespacedName) {
	if i != nil {
		i.observer.forget(key)
		i.backtester.forget(key)
	}
}

// record writes what is known into the status; nil is for a threshold of which nothing can be known.
func (k *known) record(status *v1alpha1.AlertThresholdStatus) {
	if k == nil {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionLoaded)
		status.Current, status.CurrentLabels, status.Headroom = "", nil, ""
		status.Backtest, status.Recommendations = nil, nil
		return
	}
	status.Backtest, status.Recommendations = k.backtest.backtest, k.backtest.recommendations
	if k.observation != nil {
		k.observation.Record(status, k.generation)
	}
}
