package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type backtestOptions struct {
	loader
	window windowOptions
	output output
	// maxFires is negative for no limit.
	maxFires int
	// compare takes two files or folders instead of names.
	compare bool
}

func (c *cli) backtestCommand() *cobra.Command {
	o := backtestOptions{loader: loader{cli: c, withRules: true}, window: newWindowOptions(), output: newOutput("table", "json", "yaml", "markdown", "svg", "png")}
	cmd := &cobra.Command{
		Use:   "backtest (-f FILENAME | NAME... | -l SELECTOR | --all | -A | --rule [NAMESPACE/]NAME | --compare OLD NEW) --prometheus-url URL",
		Short: "Show how often levels would have fired over a past window",
		Long: `Show how often each level of AlertThresholds would have fired over a past window, for how long, and for which series. "for"
and "keepFiringFor" are replayed as Prometheus evaluates them. With -f and a URL no cluster is needed.

Any alerting rule can be backtested too: those of a PrometheusRule, in a file or with --rule in the cluster, and of rule files
of Prometheus, Thanos and Mimir. A record that Prometheus lacks is replaced by its expression, if the file has it; where that is
not the same, and wherever else Prometheus could do otherwise, the output says so.

--compare takes two files or folders, one of which may be - for standard input, and shows what each alert that differs would
have done before and after. An alert is the same in both when its place and severity are, or its name and labels where only its
group was renamed. Alerts that are the same are not replayed, and --max-fires is for those of NEW that differ.

-o svg and -o png draw one AlertThreshold or alert; -o markdown is for --compare.`,
		Example: `  # Before it is applied: how often would it have fired?
  kubectl plimsoll backtest -f slow-response.yaml -n ai --prometheus-url http://localhost:9090

  # One of the cluster, over 30 days
  kubectl plimsoll backtest slow-response -n ai --prometheus-url http://localhost:9090 --window 30d

  # Any alerting rule: those of a rule file, or one alert of a PrometheusRule of the cluster
  kubectl plimsoll backtest -f rules.yaml --prometheus-url http://localhost:9090
  kubectl plimsoll backtest --rule monitoring/node-exporter --alert NodeClockSkew --prometheus-url http://localhost:9090

  # In CI: fail when a level would have fired more than 3 times a week
  kubectl plimsoll backtest -f thresholds/ -R --prometheus-url "$PROMETHEUS" --max-fires 3

  # A picture for a chat: the value, the levels, and when they would have fired
  kubectl plimsoll backtest slow-response -n ai --prometheus-url http://localhost:9090 -o png > slow-response.png

  # For a pull request: what would the alerts that it changes have done?
  git show main:rules.yaml | kubectl plimsoll backtest --compare - rules.yaml --prometheus-url "$PROMETHEUS" -o markdown`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.addFileFlags(cmd)
	o.addRuleFlags(cmd)
	o.selection.addFlags(cmd)
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().BoolVar(&o.compare, "compare", false, "compare the alerts of two files or folders, OLD and NEW, before and after")
	cmd.Flags().IntVar(&o.maxFires, "max-fires", -1, "exit with 1 when a level would have fired more often in the window; -1 for no limit")
	return cmd
}

// backtested is the backtest of a threshold, as -o json prints it.
type backtested struct {
	Namespace string             `json:"namespace"`
	Name      string             `json:"name"`
	Backtest  *v1alpha1.Backtest `json:"backtest"`
	// Notes say what the buckets of the histogram, if the value is a quantile of one, cannot show, and whether they changed.
	Notes []string `json:"notes,omitempty"`

	target target
	result *backtest.Result
	signal worstSeries
}

func (o *backtestOptions) run(ctx context.Context, names []string) error {
	client, r, err := o.window.connect(ctx)
	if err != nil {
		return err
	}
	switch {
	case o.compare && o.draws():
		return usageErrorf("-o %s draws one AlertThreshold or alert: remove --compare, or use -o markdown", o.output.format)
	case o.compare:
		return o.runCompare(ctx, client, r, names)
	case o.output.format == "markdown":
		return usageErrorf("-o markdown is for --compare")
	case o.output.format == "png" && isTerminal(o.Out):
		return usageErrorf("-o png is not for a terminal: add > backtest.png")
	}
	targets, set, err := o.loadAll(ctx, names)
	if err != nil {
		return err
	}
	if o.draws() {
		if err := o.checkDrawable(targets, set); err != nil {
			return err
		}
	}
	all := make([]backtested, len(targets))
	for i, t := range targets {
		if all[i], err = o.backtest(ctx, client, t, r); err != nil {
			return fmt.Errorf("backtesting %s: %w", t, err)
		}
	}
	ofRules, refused := o.backtestRules(ctx, client, r, set)
	if refused != nil && !errors.Is(refused, errCheckFailed) {
		return refused
	}
	if err := o.print(all, ofRules); err != nil {
		return err
	}
	return cmp.Or(o.checkFires(all, ofRules), refused)
}

func (o *backtestOptions) backtest(ctx context.Context, client *promapi.Client, t target, r backtest.Window) (backtested, error) {
	b := backtested{Namespace: t.resource.Namespace, Name: t.resource.Name, target: t, signal: newWorstSeries(t.plan.Levels[0], r)}
	replayed, err := replay.New(r, t.plan, t.plan.Levels, b.signal.add)
	if err != nil {
		return backtested{}, err
	}
	if b.Notes, _, err = readBuckets(ctx, client, t.plan, r); err != nil {
		return backtested{}, err
	}
	if err := o.ingest(ctx, client, t.plan, r, replayed.Ingest); err != nil {
		return backtested{}, err
	}
	b.result = replayed.Result()
	b.Backtest = b.result.Status(t.resource.Generation)
	b.Notes = append(b.Notes, replayed.Notes()...)
	if replayed.HasNothing() {
		b.Notes = append(b.Notes, client.Outside(ctx, t.plan, r.End)...)
	}
	return b, nil
}

// readBuckets returns what is to be known of the buckets that the plan's value is made of, and their bounds, ascending.
func readBuckets(ctx context.Context, client *promapi.Client, plan *rules.Plan, r backtest.Window) (notes []string, bounds []float64, err error) {
	buckets, err := client.Buckets(ctx, plan.Value.Expr, r)
	switch {
	case promapi.IsRefused(err):
		return []string{fmt.Sprintf("the buckets could not be read: %v", err)}, nil, nil
	case err != nil || buckets == nil:
		return nil, nil, err
	}
	return slices.Concat(plan.BucketWarnings(*buckets), buckets.Notes()), buckets.Bounds, nil
}

func (o *backtestOptions) print(all []backtested, ofRules []backtestedRule) error {
	if o.draws() {
		return o.printPicture(all, ofRules)
	}
	if o.output.format != "table" {
		content := map[string]any{"thresholds": all}
		if len(ofRules) > 0 {
			content["rules"] = ofRules
		}
		return printAs(o.output.format, o.Out, content)
	}
	for i, b := range all {
		if i > 0 {
			fmt.Fprintln(o.Out)
		}
		if err := b.print(o.Out, width(o.Out)); err != nil {
			return err
		}
	}
	if len(ofRules) == 0 {
		return nil
	}
	if len(all) > 0 {
		fmt.Fprintln(o.Out)
	}
	return printRules(o.Out, ofRules)
}

// exceeds reports, and prints, whether what is named would have fired too often. maxFires is negative for no limit.
func (c *cli) exceeds(maxFires int, what string, fires int64) bool {
	if maxFires < 0 || fires <= int64(maxFires) {
		return false
	}
	fmt.Fprintf(c.ErrOut, "%s would have fired %s, more than --max-fires %d\n", what, manifest.Count(int(fires), "time"), maxFires)
	return true
}

// checkFires fails for levels that would have fired too often, and for rules that Prometheus fails to evaluate. A signal that never
// had a value cannot be checked.
func (o *backtestOptions) checkFires(all []backtested, ofRules []backtestedRule) (failed error) {
	for _, b := range all {
		switch {
		case b.result.Failed > 0:
			fmt.Fprintf(o.ErrOut, "%s: Prometheus would fail to evaluate its rules: %v\n", b.target, b.result.Failure)
			if o.maxFires >= 0 {
				failed = errCheckFailed
			}
		case b.result.Coverage > 0:
		case b.target.plan.Value.EmptyWhenHealthy:
			fmt.Fprintf(o.ErrOut, "%s: the expression had no value in the window, as while all is well; if it never has, is the URL that of its Prometheus?\n", b.target)
		default:
			fmt.Fprintf(o.ErrOut, "%s: the signal had no value in the window: is the URL that of its Prometheus, and %s its namespace?\n", b.target, b.Namespace)
			if o.maxFires >= 0 {
				return fmt.Errorf("checking --max-fires: %s has no value in the window", b.target)
			}
		}
		for _, level := range b.Backtest.Levels {
			if o.exceeds(o.maxFires, fmt.Sprintf("%s: %s", b.target, level.Severity), level.Fires) {
				failed = errCheckFailed
			}
		}
	}
	for _, b := range ofRules {
		if o.exceeds(o.maxFires, b.rule.String(), b.Backtest.Levels[0].Fires) {
			failed = errCheckFailed
		}
	}
	return failed
}
