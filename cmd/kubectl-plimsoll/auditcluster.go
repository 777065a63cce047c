package main

import (
	"context"
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/audit"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/snapshot"
)

// unselected returns the cluster's PrometheusRules with alerts of which Prometheus has loaded none. It says so when no cluster answers.
func (o *auditOptions) unselected(ctx context.Context, loaded []alert.Rule) (all []audit.Unselected) {
	ctx, cancel := context.WithTimeout(ctx, clusterTimeout)
	defer cancel()
	api, _, err := o.connect()
	list := &monitoringv1.PrometheusRuleList{}
	if err == nil {
		err = api.List(ctx, list)
	}
	if err != nil {
		fmt.Fprintf(o.ErrOut, "which PrometheusRules are not loaded is not known: listing those of the cluster: %v\n", err)
		return nil
	}
	var selection *observe.Selection // not everybody may read it: then it is not known
	for i := range list.Items {
		object := &list.Items[i]
		set, _ := alert.FromPrometheusRule(object)
		isLoaded := func(r alert.Rule) bool { return audit.IsLoaded(r, loaded) }
		if len(set.Alerts) == 0 || slices.ContainsFunc(set.Alerts, isLoaded) {
			continue
		}
		if all == nil {
			selection, _ = snapshot.ReadSelection(ctx, api, "", nil)
		}
		missing := audit.Unselected{Namespace: object.Namespace, Name: object.Name, Alerts: len(set.Alerts)}
		if selection != nil {
			selection.RuleLabels = object.Labels
			missing.Because = selection.WhyNotSelected(object.Namespace, "label the rule, or the namespace, to match one")
		}
		all = append(all, missing)
	}
	return all
}
