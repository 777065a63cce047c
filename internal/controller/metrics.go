package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// metrics are the controller's own, beside those of controller-runtime and the Kubernetes client.
type metrics struct {
	ruleWrites, errors *prometheus.CounterVec
	tooLarge           prometheus.Counter
}

// newMetrics registers the metrics. Thresholds are counted in the cache of reader once elected is closed, except those that a
// controller other than self answers for.
func newMetrics(registerer prometheus.Registerer, reader client.Reader, elected <-chan struct{}, self string) (*metrics, error) {
	m := &metrics{
		ruleWrites: newCounterVec(metric.RuleWrites),
		errors:     newCounterVec(metric.ReconcileErrors),
		tooLarge:   newCounterVec(metric.RulesTooLarge).WithLabelValues(),
	}
	// Counters that begin at zero, so that a first error is an increase.
	for _, operation := range metric.RuleOperations() {
		for _, outcome := range metric.RuleOutcomes() {
			m.ruleWrites.WithLabelValues(operation, outcome)
		}
	}
	for _, reason := range metric.ReconcileErrorReasons() {
		m.errors.WithLabelValues(reason)
	}
	thresholds := &thresholdCollector{reader: reader, elected: elected, self: self,
		desc: prometheus.NewDesc(metric.Thresholds.Name, metric.Thresholds.Help, metric.Thresholds.Labels, nil)}
	for _, c := range []prometheus.Collector{m.ruleWrites, m.errors, m.tooLarge, thresholds} {
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics: %w", err)
		}
	}
	return m, nil
}

func newCounterVec(m metric.Metric) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// countRuleWrite counts a write of a rule that ended in err.
func (m *metrics) countRuleWrite(operation string, err error) {
	outcome := metric.StatusSuccess
	switch {
	case apierrors.IsConflict(err):
		outcome = metric.OutcomeConflict
	case err != nil:
		outcome = metric.StatusError
	}
	m.ruleWrites.WithLabelValues(operation, outcome).Inc()
}

// countReconcile counts a reconciliation that ended in err.
func (m *metrics) countReconcile(err error) {
	if err != nil {
		m.errors.WithLabelValues(reasonOf(err)).Inc()
	}
}

func reasonOf(err error) string {
	switch {
	case apierrors.IsConflict(err):
		return metric.ReasonConflict
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return metric.ReasonForbidden
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return metric.ReasonRefused
	case apierrors.IsTooManyRequests(err), apierrors.IsServiceUnavailable(err), apierrors.IsServerTimeout(err),
		apierrors.IsTimeout(err), apierrors.IsInternalError(err), errors.Is(err, context.DeadlineExceeded):
		return metric.ReasonUnavailable
	}
	return metric.Other
}

// thresholdCollector reports thresholds by mode, readiness and state at scrape time.
type thresholdCollector struct {
	reader  client.Reader
	elected <-chan struct{}
	self    string
	desc    *prometheus.Desc
}

// Describe sends the metric's description.
func (c *thresholdCollector) Describe(descs chan<- *prometheus.Desc) { descs <- c.desc }

// Collect counts on the leader only, so that a sum over replicas is right.
func (c *thresholdCollector) Collect(out chan<- prometheus.Metric) {
	select {
	case <-c.elected:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var list v1alpha1.AlertThresholdList
	if err := c.reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		out <- prometheus.NewInvalidMetric(c.desc, err)
		return
	}
	counts := map[[4]string]int{}
	for i := range list.Items {
		if by := list.Items[i].Status.Controller; c.self == "" || by == "" || by == c.self {
			counts[labelValues(&list.Items[i])]++
		}
	}
	for labels, n := range counts {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n), labels[:]...)
	}
}

// labelValues are the threshold's values of the labels mode, ready, loaded and state.
func labelValues(t *v1alpha1.AlertThreshold) [4]string {
	condition := func(kind string) string {
		unknown := metav1.Condition{Status: metav1.ConditionUnknown}
		return string(ptr.Deref(meta.FindStatusCondition(t.Status.Conditions, kind), unknown).Status)
	}
	mode := t.Spec.Mode
	if mode == "" {
		mode = v1alpha1.ModeEnforce
	}
	state := t.Status.State
	if state == "" {
		state = v1alpha1.StateUnknown
	}
	return [4]string{string(mode), condition(v1alpha1.ConditionReady), condition(v1alpha1.ConditionLoaded), string(state)}
}
