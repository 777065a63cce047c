package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/importer"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

type importOptions struct {
	loader
	window windowOptions
	output output
	// rule names a PrometheusRule of the cluster, alert the only alert that is imported.
	rule, alert string
	strict      bool
}

func (c *cli) importCommand() *cobra.Command {
	o := importOptions{loader: loader{cli: c, withRules: true}, window: newWindowOptions(), output: newOutput("yaml", "values")}
	cmd := &cobra.Command{
		Use:   "import (-f FILENAME | --rule [NAMESPACE/]NAME) [--prometheus-url URL]",
		Short: "Make AlertThresholds of alerting rules",
		Long: `Make AlertThresholds of the alerting rules of PrometheusRules and rule files, for the namespace of -n, in a form for kubectl apply.
Comments say what could not be taken over as it is, and why the other rules are left. Rules that differ in severity, level and
times alone become the levels of one threshold. What a rule reads of records in the same input is put into its expression.
Annotations stay; a rule without summary or description gets Plimsoll's. Until the rule itself is switched off, both fire.

With --prometheus-url every threshold is proven, or else left: over a past window the alerts that it would have had and those
of the rule begin, fire and end at the same evaluations, with the same labels but for what a threshold sets itself (namespace,
alertthreshold, and a severity where there is none). Both are evaluated when the rule's group is. A threshold watches its
own namespace: the rule's alerts of other namespaces do not count. A rule whose alerts have no namespace, because it counts
those of all, is compared with itself confined to the namespace, and the output says so. Nothing is proven of an alert that
did not fire in the window.

-o values prints the Helm values that switch the imported alerts off in kube-prometheus-stack.`,
		Example: `  # All rules of the cluster, for the namespace ai
  kubectl get prometheusrules -A -o yaml | kubectl plimsoll import -f - -n ai --prometheus-url http://localhost:9090 > thresholds.yaml

  # One alert of a PrometheusRule
  kubectl plimsoll import --rule monitoring/kps-kubernetes-apps --alert KubePodCrashLooping -n ai --prometheus-url http://localhost:9090

  # The values that switch the imported alerts off
  kubectl plimsoll import --rule monitoring/kps-kubernetes-apps -n ai --prometheus-url http://localhost:9090 -o values`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.addFileFlags(cmd)
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().StringVar(&o.rule, "rule", "", "PrometheusRule of the cluster whose alerts are imported, as [NAMESPACE/]NAME")
	cmd.Flags().StringVar(&o.alert, "alert", "", "import only the alert of this name")
	cmd.Flags().BoolVar(&o.strict, "strict", false, "exit with 1 when a rule is left or not proven")
	return cmd
}

func (o *importOptions) run(ctx context.Context) error {
	set, err := o.loadRules(ctx)
	if err != nil {
		return err
	}
	namespace, _, err := o.namespace()
	if err != nil {
		return err
	}
	var replay importer.Replay
	if o.window.prometheus.URL != "" {
		if set, replay, err = o.backtester(ctx, set); err != nil {
			return err
		}
	}
	all := importer.FromRules(set, namespace, o.rules, time.Duration(o.window.step))
	if o.alert != "" {
		all = slices.DeleteFunc(all, func(i importer.Import) bool { return i.Rules[0].Name != o.alert })
	}
	if len(all) == 0 {
		return fmt.Errorf("importing: there is no alerting rule %s: give PrometheusRules or rule files", o.alert)
	}
	if err := prove(all, replay); err != nil {
		return err
	}
	return o.print(all)
}

func (o *importOptions) loadRules(ctx context.Context) (alert.Set, error) {
	if o.rule != "" && len(o.paths) > 0 {
		return alert.Set{}, usageErrorf("must be either --rule or files: remove one of the two")
	}
	if o.rule != "" {
		return o.fetchRule(ctx, o.rule)
	}
	_, err := o.loadFiles()
	return o.alerts, err
}

// backtester returns how to replay rules, and the set with the times at which Prometheus evaluates them.
func (o *importOptions) backtester(ctx context.Context, set alert.Set) (alert.Set, importer.Replay, error) {
	client, w, err := o.window.connect(ctx)
	if err != nil {
		return alert.Set{}, nil, err
	}
	b := client.NewRuleBacktester(ctx, w, set)
	return b.Set, func(r alert.Rule) (*backtest.Result, error) {
		result, _, err := b.Backtest(ctx, r)
		return result, err
	}, nil
}

// prove replays the imports, if they can be. What Prometheus refuses to evaluate is left.
func prove(all []importer.Import, replay importer.Replay) error {
	if replay == nil {
		return nil
	}
	for i := range all {
		err := all[i].Prove(replay)
		if promapi.IsRefused(err) {
			all[i].Leave(err.Error())
			continue
		}
		if err != nil {
			return fmt.Errorf("importing %s: %w", all[i].Rules[0].Ref, err)
		}
	}
	return nil
}

func (o *importOptions) print(all []importer.Import) error {
	format := importYAML
	if o.output.format == "values" {
		format = importValues
	}
	text, err := format(all)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(o.Out, text); err != nil {
		return err
	}
	rules, thresholds, imported, proven := 0, 0, 0, 0
	for _, i := range all {
		rules += len(i.Rules)
		if i.Threshold == nil {
			continue
		}
		thresholds++
		imported += len(i.Rules)
		if i.IsProven() {
			proven += len(i.Rules)
		}
	}
	fmt.Fprintf(o.ErrOut, "%s: %d imported as %s, %d of them proven; %d left\n", manifest.Count(rules, "alerting rule"), imported,
		manifest.Count(thresholds, "threshold"), proven, rules-imported)
	if o.strict && proven < rules {
		return errCheckFailed
	}
	return nil
}
