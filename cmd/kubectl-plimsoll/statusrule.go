package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/diagnose"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/snapshot"
)

// diagnoseRules diagnoses the alerts of the PrometheusRule, or the one of --alert.
func (o *statusOptions) diagnoseRules(ctx context.Context, prometheus *promapi.Client, _ []string) ([]report, error) {
	api, key, err := o.ruleKey(o.rule)
	if err != nil {
		return nil, err
	}
	object := &monitoringv1.PrometheusRule{}
	err = api.Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		return []report{{Namespace: key.Namespace, Name: key.Name, Report: diagnose.Missing("rule", err), kind: monitoringv1.PrometheusRuleKind}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading PrometheusRule %s: %w", key, err)
	}
	set, err := alertingRules(object)
	if err != nil {
		return nil, err
	}
	set.Alerts = slices.DeleteFunc(set.Alerts, func(r alert.Rule) bool { return !o.wants(r.Name) })
	if len(set.Alerts) == 0 {
		return nil, fmt.Errorf("PrometheusRule %s has no alert %q", key, o.alert)
	}
	found := o.fetchRules(ctx, api, prometheus, object, set)
	all := make([]report, len(set.Alerts))
	for i, rule := range set.Alerts {
		all[i] = newRuleReport(rule, diagnose.Rule(diagnose.RuleInput{Now: time.Now(), Rule: rule, Object: object, Prometheus: found[i]}))
	}
	return all, nil
}

// diagnoseFiles diagnoses the thresholds and rules of the files as far as Prometheus tells.
func (o *statusOptions) diagnoseFiles(ctx context.Context, prometheus *promapi.Client, _ []string) (all []report, err error) {
	targets, err := o.loadFiles()
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		in := diagnose.Input{Threshold: t.resource, OfFile: true, Rules: o.rules}
		all = append(all, report{
			Namespace: t.resource.Namespace, Name: t.resource.Name, Report: o.diagnoseInput(ctx, nil, prometheus, in), kind: v1alpha1.Kind,
		})
	}
	set := o.alerts // with all records: one of another alert's may be put in
	set.Alerts = slices.DeleteFunc(slices.Clone(set.Alerts), func(r alert.Rule) bool { return !o.wants(r.Name) })
	if o.alert != "" && len(set.Alerts) == 0 {
		return nil, fmt.Errorf("the files have no alert %q", o.alert)
	}
	for i, found := range o.fetchRules(ctx, nil, prometheus, nil, set) {
		rule := set.Alerts[i]
		all = append(all, newRuleReport(rule, diagnose.Rule(diagnose.RuleInput{Now: time.Now(), Rule: rule, Prometheus: found})))
	}
	return all, nil
}

// fetchRules reads what Prometheus, and the Alertmanagers that it sends to, have of the rules, in their order; each nil without a
// Prometheus. The object, and the client that has read it, are nil for rules of files.
func (o *statusOptions) fetchRules(ctx context.Context, api client.Client, prometheus *promapi.Client, object *monitoringv1.PrometheusRule, set alert.Set) []*diagnose.Prometheus {
	found := make([]*diagnose.Prometheus, len(set.Alerts))
	if prometheus == nil || len(found) == 0 {
		return found
	}
	var read []snapshot.Rule
	_, failed := prometheus.OneServer(ctx, func(ctx context.Context) (err error) {
		if object == nil {
			read, err = snapshot.ReadFileRules(ctx, prometheus, set)
		} else {
			read, err = snapshot.ReadRules(ctx, prometheus, object.UID, set.Alerts)
		}
		return err
	})
	for i, rule := range set.Alerts {
		found[i] = &diagnose.Prometheus{Err: failed}
		if failed == nil {
			found[i].Snapshot, found[i].Firing = read[i].Snapshot, read[i].Firing
			o.fetchAround(ctx, api, prometheus, found[i], object, fmt.Sprintf("%s=%q", model.AlertNameLabel, rule.Name))
		}
	}
	return found
}

func newRuleReport(rule alert.Rule, of diagnose.Report) report {
	r := report{Namespace: rule.Namespace, Name: rule.Object, Group: rule.Group, Alert: rule.Name, Report: of, kind: monitoringv1.PrometheusRuleKind}
	if rule.Namespace == "" && rule.Object == "" {
		r.kind = "rule"
	}
	return r
}
