package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/diagnose"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type statusOptions struct {
	*cli
	prometheus    prometheusOptions
	alertmanagers alertmanagerOptions
	output        output
	selection     selection
}

func (c *cli) statusCommand() *cobra.Command {
	o := statusOptions{cli: c, output: newOutput("table", "json", "yaml")}
	cmd := &cobra.Command{
		Use:   "status (NAME... | -l SELECTOR | --all | -A) --prometheus-url URL",
		Short: "Tell why an alert does not fire, or does not arrive",
		Long: `Check each step from the AlertThreshold in the cluster to the receiver in Alertmanager. The results are OK, FAIL, ? when
something could not be read, and - when there is nothing to check. The exit code is 1 when a check fails.`,
		Example: `  # Why does it not fire?
  kubectl plimsoll status slow-response -n ai --prometheus-url http://localhost:9090

  # When Alertmanager is reached at another URL than the one Prometheus uses
  kubectl plimsoll status slow-response -n ai --prometheus-url http://localhost:9090 --alertmanager-url http://localhost:9093`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.prometheus.addFlags(cmd)
	o.alertmanagers.addFlag(cmd)
	o.output.addFlag(cmd)
	o.selection.addFlags(cmd)
	return cmd
}

// report is the diagnosis of one threshold, as -o json prints it.
type report struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	diagnose.Report
}

func (o *statusOptions) run(ctx context.Context, names []string) error {
	if len(names) == 0 && !o.selection.isSet() {
		return usageErrorf("must say which AlertThresholds: give names, -l SELECTOR, --all or -A")
	}
	var prometheus *promapi.Client
	if o.prometheus.URL != "" {
		var err error
		if prometheus, err = o.prometheus.client(); err != nil {
			return err
		}
	}
	api, keys, err := o.keys(ctx, names, o.selection)
	if err != nil {
		return err
	}
	all := make([]report, len(keys))
	for i, key := range keys {
		r, err := o.diagnose(ctx, api, prometheus, key)
		if err != nil {
			return err
		}
		all[i] = report{key.Namespace, key.Name, r}
	}
	if err := o.print(all); err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(r report) bool { return !r.Healthy() }) {
		return errCheckFailed
	}
	return nil
}

func (o *statusOptions) diagnose(ctx context.Context, api client.Client, prometheus *promapi.Client, key client.ObjectKey) (diagnose.Report, error) {
	in := diagnose.Input{Threshold: &v1alpha1.AlertThreshold{}, Rules: o.rules}
	err := api.Get(ctx, key, in.Threshold)
	if apierrors.IsNotFound(err) {
		return diagnose.Report{State: v1alpha1.StateUnknown, Checks: []diagnose.Check{{Name: "resource", Result: diagnose.Fail, Detail: err.Error()}}}, nil
	}
	if err != nil {
		return diagnose.Report{}, fmt.Errorf("reading AlertThreshold %s: %w", key, err)
	}
	rule := &monitoringv1.PrometheusRule{}
	err = api.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: rules.Name(key.Name)}, rule)
	switch {
	case err == nil:
		in.Rule = rule
	case !apierrors.IsNotFound(err):
		in.RuleErr = fmt.Errorf("reading the PrometheusRule: %w", err)
	}
	if prometheus != nil {
		in.Prometheus = o.fetch(ctx, api, prometheus, key, in.Rule)
		if plan, _ := o.rules.Resolve(in.Threshold); plan != nil {
			in.Prometheus.NoNamespace = prometheus.Holds(ctx, plan.Value.NoNamespace)
		}
		o.fetchBuckets(ctx, prometheus, in)
	}
	in.Now = time.Now()
	return diagnose.Threshold(in), nil
}

func (o *statusOptions) print(all []report) error {
	if o.output.format != "table" {
		return printAs(o.output.format, o.Out, map[string]any{"thresholds": all})
	}
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(o.Out)
		}
		fmt.Fprintf(o.Out, "AlertThreshold %s/%s: %s\n\n", r.Namespace, r.Name, r.State)
		table := printers.GetNewTabWriter(o.Out)
		fmt.Fprintln(table, "CHECK\tRESULT\tDETAIL")
		for _, check := range r.Checks {
			fmt.Fprintf(table, "%s\t%s\t%s\n", check.Name, check.Result, check.Detail)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}
