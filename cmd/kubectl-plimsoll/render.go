package main

import (
	"encoding/json"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

type renderOptions struct {
	loader
	output output
	labels map[string]string
}

func (c *cli) renderCommand() *cobra.Command {
	o := renderOptions{loader: loader{cli: c}, output: newOutput("yaml", "json")}
	cmd := &cobra.Command{
		Use:   "render -f FILENAME",
		Short: "Print the PrometheusRules of AlertThresholds",
		Long: `Print the PrometheusRules of AlertThresholds as the controller writes them, without the owner reference. No cluster is
needed. When a file is invalid, only its errors are printed. JSON is always a List.`,
		Example: `  # The rule of one threshold
  kubectl plimsoll render -f slow-response.yaml

  # Rules for a cluster without the controller, with the label that its Prometheus selects rules by
  kubectl plimsoll render -f thresholds/ -R -n ai --rule-labels release=prometheus | kubectl apply -f -`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return o.run() },
	}
	o.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().StringToStringVar(&o.labels, "rule-labels", nil, "labels of every PrometheusRule, as for the controller's flag of that name")
	return cmd
}

func (o *renderOptions) run() error {
	targets, err := o.loadFiles()
	if err != nil {
		return err
	}
	var rules []*monitoringv1.PrometheusRule
	for _, t := range targets {
		if reason := inactiveReason(t, targets); reason != "" {
			fmt.Fprintf(o.ErrOut, "%s has no rule: %s\n", t, reason)
			continue
		}
		rules = append(rules, t.plan.Rule(o.labels))
	}
	return o.print(rules)
}

// inactiveReason tells why the controller would write no rule for the threshold, given the others; empty when it would.
func inactiveReason(t target, all []target) string {
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

// print writes the rules as kubectl does: YAML documents, or one JSON list.
func (o *renderOptions) print(rules []*monitoringv1.PrometheusRule) error {
	if o.output.format == "json" {
		list := metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []runtime.RawExtension{}}
		for _, rule := range rules {
			raw, err := json.Marshal(rule)
			if err != nil {
				return fmt.Errorf("encoding PrometheusRule %s: %w", rule.Name, err)
			}
			list.Items = append(list.Items, runtime.RawExtension{Raw: raw})
		}
		return printJSON(o.Out, list)
	}
	for i, rule := range rules {
		text, err := yaml.Marshal(rule)
		if err != nil {
			return fmt.Errorf("encoding PrometheusRule %s: %w", rule.Name, err)
		}
		if i > 0 {
			fmt.Fprintln(o.Out, "---")
		}
		if _, err := o.Out.Write(text); err != nil {
			return err
		}
	}
	return nil
}
