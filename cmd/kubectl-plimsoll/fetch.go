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

	"github.com/plimsoll-dev/plimsoll/internal/diagnose"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// fetch reads what Prometheus, and the Alertmanagers that it sends to, have of the threshold.
func (o *statusOptions) fetch(ctx context.Context, api client.Client, prometheus *promapi.Client, key client.ObjectKey, rule *monitoringv1.PrometheusRule) *diagnose.Prometheus {
	p := &diagnose.Prometheus{}
	_, p.Err = prometheus.OneServer(ctx, func(ctx context.Context) (err error) {
		p.Snapshot = observe.NewSnapshot(time.Now())
		if err := readPrometheus(ctx, prometheus, key, p.Snapshot); err != nil {
			return err
		}
		p.Firing, err = prometheus.Query(ctx, fmt.Sprintf(`ALERTS{alertstate="firing",%s}`, matchers(key)), p.Snapshot.ValuesAt())
		return err
	})
	if p.Err != nil {
		return p
	}
	if rule != nil {
		p.Snapshot.Selection = readSelection(ctx, api, rule)
	}
	if o.alertmanagerURL != "" {
		options := promapi.Options{URL: o.alertmanagerURL, TokenFile: o.prometheus.TokenFile, CAFile: o.prometheus.CAFile}
		p.Alertmanagers = []diagnose.Alertmanager{fetchAlerts(ctx, options, key)}
		return p
	}
	var urls []string
	urls, p.AlertmanagersErr = prometheus.Alertmanagers(ctx)
	for _, url := range urls {
		// No token: Prometheus' answer must not decide who gets it.
		p.Alertmanagers = append(p.Alertmanagers, fetchAlerts(ctx, promapi.Options{URL: url, CAFile: o.prometheus.CAFile}, key))
	}
	return p
}

// fetchAlerts reads the threshold's alerts from one Alertmanager.
func fetchAlerts(ctx context.Context, options promapi.Options, key client.ObjectKey) diagnose.Alertmanager {
	alerts, err := promapi.ReceivedAlerts(ctx, options,
		fmt.Sprintf("%s=%q", rules.NamespaceLabel, key.Namespace), fmt.Sprintf("%s=%q", rules.ThresholdLabel, key.Name))
	return diagnose.Alertmanager{URL: promapi.AlertmanagerBase(options.URL), Alerts: alerts, Err: err}
}

// matchers returns PromQL matchers of the threshold's series.
func matchers(key client.ObjectKey) string {
	return labels.MustNewMatcher(labels.MatchEqual, rules.NamespaceLabel, key.Namespace).String() + "," +
		labels.MustNewMatcher(labels.MatchEqual, rules.ThresholdLabel, key.Name).String()
}

func readPrometheus(ctx context.Context, from *promapi.Client, threshold client.ObjectKey, snapshot *observe.Snapshot) error {
	named := labels.MustNewMatcher(labels.MatchEqual, rules.ThresholdLabel, threshold.Name).String()
	within := labels.MustNewMatcher(labels.MatchEqual, rules.NamespaceLabel, threshold.Namespace).String()
	for group, err := range from.Rules(ctx, "{"+named+"}") {
		if err != nil {
			return err
		}
		key, ok := rules.GroupThreshold(group.Name)
		if ok && key == threshold {
			snapshot.AddGroup(group)
		}
	}
	signals, err := from.Query(ctx, fmt.Sprintf("%s{%s,%s}", rules.SignalMetric, within, named), snapshot.ValuesAt())
	if err != nil {
		return err
	}
	snapshot.AddSignals(signals)
	levels, err := from.Query(ctx, fmt.Sprintf("%s{%s,%s}", rules.ThresholdMetric, within, named), snapshot.ValuesAt())
	if err != nil {
		return err
	}
	snapshot.AddThresholds(levels)
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
