package main

import (
	"context"
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/model/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/diagnose"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/snapshot"
)

// fetch reads what Prometheus, and the Alertmanagers that it sends to, have of the threshold. Of one of a file the values are asked for: what
// is recorded may be another's.
func (o *statusOptions) fetch(ctx context.Context, api client.Client, prometheus *promapi.Client, in diagnose.Input, plan *rules.Plan) *diagnose.Prometheus {
	p, key := &diagnose.Prometheus{}, client.ObjectKeyFromObject(in.Threshold)
	_, p.Err = prometheus.OneServer(ctx, func(ctx context.Context) (err error) {
		if p.Snapshot, err = snapshot.Read(ctx, prometheus, &key); err != nil {
			return err
		}
		if in.OfFile && plan != nil {
			values, err := prometheus.Query(ctx, plan.Value.Expr, p.Snapshot.ValuesAt())
			if err != nil {
				return err
			}
			p.Snapshot.AddValues(key, values)
		}
		p.Firing, err = prometheus.Query(ctx, fmt.Sprintf(`ALERTS{alertstate="firing",%s}`, matchers(key)), p.Snapshot.ValuesAt())
		return err
	})
	if p.Err != nil {
		return p
	}
	o.fetchAround(ctx, api, prometheus, p, in.Rule,
		fmt.Sprintf("%s=%q", rules.NamespaceLabel, key.Namespace), fmt.Sprintf("%s=%q", rules.ThresholdLabel, key.Name))
	return p
}

// fetchAround reads what selects the rule, and the alerts that match the filters from the Alertmanagers.
func (o *statusOptions) fetchAround(ctx context.Context, api client.Client, prometheus *promapi.Client, p *diagnose.Prometheus, rule *monitoringv1.PrometheusRule, filters ...string) {
	if rule != nil {
		// Not everybody may read it: then it is not known.
		p.Snapshot.Selection, _ = snapshot.ReadSelection(ctx, api, rule.Namespace, rule.Labels)
	}
	var alertmanagers []promapi.Options
	alertmanagers, p.AlertmanagersErr = o.alertmanagers.find(ctx, o.prometheus, prometheus)
	for _, options := range alertmanagers {
		p.Alertmanagers = append(p.Alertmanagers, fetchAlerts(ctx, options, filters...))
	}
}

// fetchOfPlan reads where series are that the plan does not find, and the present buckets, if the value is a quantile.
func (o *statusOptions) fetchOfPlan(ctx context.Context, prometheus *promapi.Client, p *diagnose.Prometheus, plan *rules.Plan) {
	p.NoNamespace = prometheus.Holds(ctx, plan.Value.NoNamespace)
	p.Outside = prometheus.Outside(ctx, plan, time.Time{})
	p.Buckets, p.BucketsErr = prometheus.Buckets(ctx, plan.Value.Expr, backtest.WindowUntil(time.Now(), 0, time.Second))
}

// fetchAlerts reads the alerts that match the filters from one Alertmanager.
func fetchAlerts(ctx context.Context, options promapi.Options, filters ...string) diagnose.Alertmanager {
	found := diagnose.Alertmanager{URL: options.URL}
	alertmanager, err := promapi.NewAlertmanager(options)
	if err != nil {
		found.Err = err
		return found
	}
	found.Alerts, found.Err = alertmanager.Alerts(ctx, filters...)
	return found
}

// matchers returns PromQL matchers of the threshold's series.
func matchers(key client.ObjectKey) string {
	return labels.MustNewMatcher(labels.MatchEqual, rules.NamespaceLabel, key.Namespace).String() + "," +
		labels.MustNewMatcher(labels.MatchEqual, rules.ThresholdLabel, key.Name).String()
}
