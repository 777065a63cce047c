package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	loader
	prometheus    prometheusOptions
	alertmanagers alertmanagerOptions
	output        output
}

func (c *cli) statusCommand() *cobra.Command {
	o := statusOptions{loader: loader{cli: c, withRules: true}, output: newOutput("table", "json", "yaml")}
	cmd := &cobra.Command{
		Use:   "status (-f FILENAME | NAME... | -l SELECTOR | --all | -A | --rule [NAMESPACE/]NAME) --prometheus-url URL",
		Short: "Tell why an alert does not fire, or does not arrive",
		Long: `Check each step from the AlertThreshold in the cluster to the receiver in Alertmanager. The results are OK, FAIL, ? when
something could not be read, and - when there is nothing to check. The exit code is 1 when a check fails.

With --rule the same is done for the alerts of any PrometheusRule. With -f it is done without a cluster, for AlertThresholds,
PrometheusRules and rule files: whether Prometheus has loaded what is in the file, and the value now, even if it has not.`,
		Example: `  # Why does it not fire?
  kubectl plimsoll status slow-response -n ai --prometheus-url http://localhost:9090

  # When Alertmanager is reached at another URL than the one Prometheus uses
  kubectl plimsoll status slow-response -n ai --prometheus-url http://localhost:9090 --alertmanager-url http://localhost:9093

  # Of any alerting rule
  kubectl plimsoll status --rule monitoring/node-exporter --alert NodeClockSkew --prometheus-url http://localhost:9090

  # Is what is in the file what is loaded?
  kubectl plimsoll status -f rules.yaml --prometheus-url http://localhost:9090`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.addFileFlags(cmd)
	o.prometheus.addFlags(cmd)
	o.alertmanagers.addFlag(cmd)
	o.output.addFlag(cmd)
	o.selection.addFlags(cmd)
	o.addRuleFlags(cmd)
	return cmd
}

// report is the diagnosis of one threshold, or of one alerting rule, as -o json prints it.
type report struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Group and Alert are of an alerting rule.
	Group string `json:"group,omitempty"`
	Alert string `json:"alert,omitempty"`
	diagnose.Report

	kind string
}

// String names what was diagnosed.
func (r report) String() string {
	text := r.kind
	if object := strings.Trim(r.Namespace+"/"+r.Name, "/"); object != "" {
		text += " " + object
	}
	if r.Alert != "" {
		text += " " + r.Group + "/" + r.Alert
	}
	return text
}

func (o *statusOptions) run(ctx context.Context, names []string) error {
	switch chosen := len(names) > 0 || o.selection.isSet(); {
	case len(o.paths) > 0 && (chosen || o.rule != ""):
		return usageErrorf("must be either names or files: remove -f, or the names, --all, -A, -l and --rule")
	case chosen && o.rule != "":
		return usageErrorf("must be either --rule or AlertThresholds: remove the others")
	case !chosen && o.rule == "" && len(o.paths) == 0:
		return usageErrorf("must say which AlertThresholds: give names, -l SELECTOR, --all or -A; or use --rule [NAMESPACE/]NAME or -f FILE")
	}
	var prometheus *promapi.Client
	if o.prometheus.URL != "" {
		var err error
		if prometheus, err = o.prometheus.client(); err != nil {
			return err
		}
	}
	diagnosed := o.diagnoseThresholds
	switch {
	case o.rule != "":
		diagnosed = o.diagnoseRules
	case len(o.paths) > 0:
		diagnosed = o.diagnoseFiles
	}
	all, err := diagnosed(ctx, prometheus, names)
	if err != nil {
		return err
	}
	if err := o.print(all); err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(r report) bool { return !r.Healthy() }) {
		return errCheckFailed
	}
	return nil
}

func (o *statusOptions) diagnoseThresholds(ctx context.Context, prometheus *promapi.Client, names []string) ([]report, error) {
	api, keys, err := o.keys(ctx, names, o.selection)
	if err != nil {
		return nil, err
	}
	all := make([]report, len(keys))
	for i, key := range keys {
		r, err := o.diagnose(ctx, api, prometheus, key)
		if err != nil {
			return nil, err
		}
		all[i] = report{Namespace: key.Namespace, Name: key.Name, Report: r, kind: v1alpha1.Kind}
	}
	return all, nil
}

func (o *statusOptions) diagnose(ctx context.Context, api client.Client, prometheus *promapi.Client, key client.ObjectKey) (diagnose.Report, error) {
	in := diagnose.Input{Threshold: &v1alpha1.AlertThreshold{}, Rules: o.rules}
	err := api.Get(ctx, key, in.Threshold)
	if apierrors.IsNotFound(err) {
		return diagnose.Missing("resource", err), nil
	}
	if err != nil {
		return diagnose.Report{}, fmt.Errorf("reading AlertThreshold %s: %w", key, err)
	}
	rule := &monitoringv1.PrometheusRule{}
	err = api.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: rules.Name(key.Name)}, rule)
	switch {
	case err == nil:
		if in.Rule = rule; rule.Annotations[v1alpha1.UnconfinedAnnotation] != "" {
			in.Rules = in.Rules.Unconfining(key.Namespace) // so it is for the controller, which this command is not told
		}
	case !apierrors.IsNotFound(err):
		in.RuleErr = fmt.Errorf("reading the PrometheusRule: %w", err)
	}
	return o.diagnoseInput(ctx, api, prometheus, in), nil
}

// diagnoseInput asks Prometheus about the threshold, unless it is nil.
func (o *statusOptions) diagnoseInput(ctx context.Context, api client.Client, prometheus *promapi.Client, in diagnose.Input) diagnose.Report {
	if plan, _ := in.Rules.Resolve(in.Threshold); prometheus != nil { // one with mistakes has no plan
		in.Prometheus = o.fetch(ctx, api, prometheus, in, plan)
		if plan != nil && in.Prometheus.Err == nil {
			o.fetchOfPlan(ctx, prometheus, in.Prometheus, plan)
		}
	}
	in.Now = time.Now()
	return diagnose.Threshold(in)
}

func (o *statusOptions) print(all []report) error {
	if o.output.format != "table" {
		thresholds, ofRules := []report{}, []report{}
		for _, r := range all {
			if r.kind == v1alpha1.Kind {
				thresholds = append(thresholds, r)
			} else {
				ofRules = append(ofRules, r)
			}
		}
		content := map[string]any{}
		if o.rule == "" {
			content["thresholds"] = thresholds
		}
		if o.rule != "" || len(ofRules) > 0 {
			content["rules"] = ofRules
		}
		return printAs(o.output.format, o.Out, content)
	}
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(o.Out)
		}
		fmt.Fprintf(o.Out, "%s: %s\n\n", r, r.State)
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
