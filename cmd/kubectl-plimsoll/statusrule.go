package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
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
	wanted := slices.DeleteFunc(set.Alerts, func(r alert.Rule) bool { return !o.wants(r.Name) })
	if len(wanted) == 0 {
		return nil, fmt.Errorf("PrometheusRule %s has no alert %q", key, o.alert)
	}
	found := make([]*diagnose.Prometheus, len(wanted))
	if prometheus != nil {
		var read []snapshot.Rule
		_, failed := prometheus.OneServer(ctx, func(ctx context.Context) (err error) {
			read, err = snapshot.ReadRules(ctx, prometheus, object.UID, wanted)
			return err
		})
		for i, rule := range wanted {
			found[i] = &diagnose.Prometheus{Err: failed}
			if failed == nil {
				found[i].Snapshot, found[i].Firing = read[i].Snapshot, read[i].Firing
				o.fetchAround(ctx, api, prometheus, found[i], object, fmt.Sprintf("%s=%q", model.AlertNameLabel, rule.Name))
			}
		}
	}
	all := make([]report, len(wanted))
	for i, rule := range wanted {
		in := diagnose.RuleInput{Now: time.Now(), Rule: rule, Object: object, Prometheus: found[i]}
		all[i] = report{
			Namespace: key.Namespace, Name: key.Name, Group: rule.Group, Alert: rule.Name, Report: diagnose.Rule(in),
			kind: monitoringv1.PrometheusRuleKind,
		}
	}
	return all, nil
}
