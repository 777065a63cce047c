package main

import (
	"encoding/json"
	"fmt"
	"io"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

type renderOptions struct {
	files  fileOptions
	output output
	labels map[string]string
}

func newRender(config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := renderOptions{output: newOutput("yaml", "json")}
	cmd := &cobra.Command{
		Use:   "render -f FILENAME",
		Short: "Print the PrometheusRules that AlertThresholds become",
		Long: `Print the PrometheusRules that AlertThresholds become, as the controller would write them, but for the owner. No
cluster is needed. With a mistake in a file nothing is printed but the mistakes. JSON is a List, also of one.`,
		Example: `  # What becomes of one threshold
  kubectl plimsoll render -f slow-response.yaml

  # Rules for a cluster without the controller, with the label that its Prometheus selects rules by
  kubectl plimsoll render -f thresholds/ -R -n ai --rule-labels release=prometheus | kubectl apply -f -`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, config, streams) },
	}
	o.files.register(cmd)
	o.output.register(cmd)
	cmd.Flags().StringToStringVar(&o.labels, "rule-labels", nil, "labels to put on every PrometheusRule, as the controller's flag of that name")
	return cmd
}

func (o *renderOptions) run(cmd *cobra.Command, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) error {
	targets, err := o.files.fromFiles(cmd, config, streams)
	if err != nil {
		return err
	}
	var rules []*monitoringv1.PrometheusRule
	for _, t := range targets {
		if why := ruleless(t, targets); why != "" {
			fmt.Fprintf(streams.ErrOut, "%s has no rule: %s\n", t, why)
			continue
		}
		rules = append(rules, t.plan.Rule(o.labels))
	}
	return o.print(rules, streams.Out)
}

// ruleless says why the controller would write no rule for the threshold, beside the others; empty when it would.
func ruleless(t target, all []target) string {
	if t.plan.Mode == v1alpha1.ModeOff {
		return "its mode is Off"
	}
	if !t.isDefault() {
		return ""
	}
	for _, other := range all {
		if other.resource.Namespace == t.resource.Namespace && other.plan.Alert == t.plan.Alert && !other.isDefault() {
			return fmt.Sprintf("it is a default, and %s has the alert %s too", other, t.plan.Alert)
		}
	}
	return ""
}

// print writes the rules as kubectl would: YAML documents, or one JSON list.
func (o *renderOptions) print(rules []*monitoringv1.PrometheusRule, stdout io.Writer) error {
	if o.output.format == "json" {
		list := metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []runtime.RawExtension{}}
		for _, rule := range rules {
			raw, err := json.Marshal(rule)
			if err != nil {
				return fmt.Errorf("write PrometheusRule %s: %w", rule.Name, err)
			}
			list.Items = append(list.Items, runtime.RawExtension{Raw: raw})
		}
		return printJSON(stdout, list)
	}
	for i, rule := range rules {
		text, err := yaml.Marshal(rule)
		if err != nil {
			return fmt.Errorf("write PrometheusRule %s: %w", rule.Name, err)
		}
		if i > 0 {
			fmt.Fprintln(stdout, "---")
		}
		if _, err := stdout.Write(text); err != nil {
			return err
		}
	}
	return nil
}
