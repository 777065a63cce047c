package main

import (
	"context"
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/model/labels"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/chain"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// ask reads from Prometheus, and from the Alertmanagers that it sends to, all that concerns the threshold.
func (o *statusOptions) ask(ctx context.Context, api client.Client, from *promapi.Client, t target, rule *monitoringv1.PrometheusRule) *chain.Prometheus {
	p := &chain.Prometheus{}
	_, p.Fault = from.OneServer(ctx, func(ctx context.Context) error {
		*p = chain.Prometheus{Snapshot: observe.NewSnapshot(time.Now())}
		return readPrometheus(ctx, from, t, p)
	})
	if p.Fault != nil {
		return p
	}
	if rule != nil {
		p.Snapshot.Selection = readSelection(ctx, api, rule)
	}
	addresses := []string{o.alertmanagerURL}
	if o.alertmanagerURL == "" {
		if addresses, p.AlertmanagersFault = from.Alertmanagers(ctx); p.AlertmanagersFault != nil {
			return p
		}
	}
	for _, address := range addresses {
		p.Alertmanagers = append(p.Alertmanagers, askAlertmanager(ctx, address, t))
	}
	return p
}

func readPrometheus(ctx context.Context, from *promapi.Client, t target, p *chain.Prometheus) error {
	named := labels.MustNewMatcher(labels.MatchEqual, rules.ThresholdLabel, t.resource.Name).String()
	within := labels.MustNewMatcher(labels.MatchEqual, rules.NamespaceLabel, t.resource.Namespace).String()
	for group, err := range from.Rules(ctx, "{"+named+"}") {
		if err != nil {
			return err
		}
		key, ok := rules.GroupThreshold(group.Name)
		if ok && key == client.ObjectKeyFromObject(t.resource) {
			p.Group = &group
			p.Snapshot.AddGroup(group)
		}
	}
	var err error
	if p.Signal, err = from.Query(ctx, fmt.Sprintf("%s{%s,%s}", rules.SignalMetric, within, named), p.Snapshot.ValuesAt()); err != nil {
		return err
	}
	p.Snapshot.AddSignals(p.Signal)
	lines, err := from.Query(ctx, fmt.Sprintf("%s{%s,%s}", rules.ThresholdMetric, within, named), p.Snapshot.ValuesAt())
	if err != nil {
		return err
	}
	p.Snapshot.AddThresholds(lines)
	return nil
}

// readSelection reads which rules the Prometheus and ThanosRuler objects of the cluster select; nil when they cannot be read,
// which not everybody may. A cluster may have no ThanosRulers at all.
func readSelection(ctx context.Context, api client.Client, rule *monitoringv1.PrometheusRule) *observe.Selection {
	var list monitoringv1.PrometheusList
	var rulers monitoringv1.ThanosRulerList
	namespace := &corev1.Namespace{}
	if api.List(ctx, &list) != nil || api.Get(ctx, client.ObjectKey{Name: rule.Namespace}, namespace) != nil {
		return nil
	}
	if err := api.List(ctx, &rulers); err != nil && !meta.IsNoMatchError(err) {
		return nil
	}
	selection := &observe.Selection{
		Namespaces: map[string]map[string]string{rule.Namespace: namespace.Labels},
		RuleLabels: rule.Labels,
	}
	for i := range list.Items {
		selection.Prometheuses = append(selection.Prometheuses, &list.Items[i])
	}
	for i := range rulers.Items {
		selection.ThanosRulers = append(selection.ThanosRulers, &rulers.Items[i])
	}
	return selection
}
