package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/chain"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type statusOptions struct {
	prometheus      prometheusOptions
	alertmanagerURL string
	output          output
}

func newStatus(config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := statusOptions{output: newOutput("table", "json", "yaml")}
	cmd := &cobra.Command{
		Use:   "status NAME... --prometheus-url URL",
		Short: "Tell why an alert does not fire, or does not arrive",
		Long: `Follow AlertThresholds of the cluster from the spec to Alertmanager and check every link: OK, FAIL, ? for one that could
not be looked at, and - for one that has nothing to do. The exit code is 1 when a link is broken.`,
		Example: `  # Why does it not fire?
  kubectl plimsoll status slow-response -n ai --prometheus-url http://localhost:9090

  # With an Alertmanager that is reached by another way than Prometheus'
  kubectl plimsoll status slow-response -n ai --prometheus-url http://localhost:9090 --alertmanager-url http://localhost:9093`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd, names, config, streams) },
	}
	o.prometheus.register(cmd)
	o.output.register(cmd)
	cmd.Flags().StringVar(&o.alertmanagerURL, "alertmanager-url", "", "base URL of Alertmanager (default those that Prometheus names)")
	return cmd
}

// report is the chain of one threshold, as -o json prints it.
type report struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	chain.Report
}

func (o *statusOptions) run(cmd *cobra.Command, names []string, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) error {
	if len(names) == 0 {
		return usageError(cmd, errors.New("must say which AlertThresholds: give names"))
	}
	var prometheus *promapi.Client
	if o.prometheus.options.URL != "" {
		var err error
		if prometheus, err = o.prometheus.client(cmd); err != nil {
			return err
		}
	}
	api, namespace, err := connect(config)
	if err != nil {
		return err
	}
	var all []report
	for _, name := range names {
		r, err := o.check(cmd.Context(), api, prometheus, client.ObjectKey{Namespace: namespace, Name: bare(name)})
		if err != nil {
			return err
		}
		all = append(all, report{namespace, bare(name), r})
	}
	if err := o.print(all, streams.Out); err != nil {
		return err
	}
	for _, r := range all {
		if !r.Whole() {
			return errNo
		}
	}
	return nil
}

func (o *statusOptions) check(ctx context.Context, api client.Client, prometheus *promapi.Client, key client.ObjectKey) (chain.Report, error) {
	seen := chain.Seen{Threshold: &v1alpha1.AlertThreshold{}}
	err := api.Get(ctx, key, seen.Threshold)
	if apierrors.IsNotFound(err) {
		return chain.Report{State: v1alpha1.StateUnknown, Links: []chain.Link{{Name: "resource", Result: chain.Fail, Detail: err.Error()}}}, nil
	}
	if err != nil {
		return chain.Report{}, fmt.Errorf("reading AlertThreshold %s: %w", key, err)
	}
	rule := &monitoringv1.PrometheusRule{}
	err = api.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: rules.Name(key.Name)}, rule)
	switch {
	case err == nil:
		seen.Rule = rule
	case !apierrors.IsNotFound(err):
		seen.RuleFault = err
	}
	if prometheus != nil {
		seen.Prometheus = o.ask(ctx, api, prometheus, target{resource: seen.Threshold}, seen.Rule)
	}
	seen.Now = time.Now()
	return chain.Check(seen), nil
}

func (o *statusOptions) print(all []report, stdout io.Writer) error {
	if o.output.format != "table" {
		return printAs(o.output.format, stdout, map[string]any{"thresholds": all})
	}
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintf(stdout, "AlertThreshold %s/%s: %s\n\n", r.Namespace, r.Name, r.State)
		table := printers.GetNewTabWriter(stdout)
		fmt.Fprintln(table, "LINK\tRESULT\tDETAIL")
		for _, link := range r.Links {
			fmt.Fprintf(table, "%s\t%s\t%s\n", link.Name, link.Result, link.Detail)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}
