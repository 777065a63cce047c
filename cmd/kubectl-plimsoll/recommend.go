package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type recommendOptions struct {
	loader
	window windowOptions
	output output
	// perWeek is how often a level may fire.
	perWeek int
}

func (c *cli) recommendCommand() *cobra.Command {
	o := recommendOptions{loader: loader{cli: c, withRules: true}, window: newWindowOptions(), output: newOutput("table", "json", "yaml"), perWeek: backtest.OnceAWeek}
	cmd := &cobra.Command{
		Use:   "recommend (-f FILENAME | NAME... | -l SELECTOR | --all | -A | --rule [NAMESPACE/]NAME) --prometheus-url URL",
		Short: "Recommend levels from a past window",
		Long: `Recommend for each level the tightest value that would have fired at most once a week, or --fires-per-week times, and show
how often other values would have fired. Nothing is changed: the kubectl patch that does is printed. -o yaml prints a
manifest for server-side apply instead, which needs --force-conflicts.

Any alerting rule whose expression compares a value with a number has a level too: those of a PrometheusRule, in a file or with
--rule in the cluster, and of rule files. Of these the changed expression is printed, and with -o yaml a rule file with what
changed. The exit code is 1 when a rule has no level.`,
		Example: `  # Which levels would have fired at most once a week?
  kubectl plimsoll recommend slow-response -n ai --prometheus-url http://localhost:9090

  # Apply them
  kubectl plimsoll recommend slow-response -n ai --prometheus-url http://localhost:9090 -o yaml |
    kubectl apply --server-side --force-conflicts -f -

  # Of any alerting rule
  kubectl plimsoll recommend --rule monitoring/node-exporter --alert NodeSystemSaturation --prometheus-url http://localhost:9090`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.addFileFlags(cmd)
	o.addRuleFlags(cmd)
	o.selection.addFlags(cmd)
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().IntVar(&o.perWeek, "fires-per-week", o.perWeek, "how often a level may fire in a week")
	return cmd
}

// recommended is the recommendation for a threshold, as -o json prints it.
type recommended struct {
	Namespace       string                    `json:"namespace"`
	Name            string                    `json:"name"`
	Recommendations []v1alpha1.Recommendation `json:"recommendations"`
	Levels          []levelCurve              `json:"levels"`
	// Notes say at how many evaluations Prometheus fails, and what is not exact.
	Notes []string `json:"notes,omitempty"`

	target target
	// results are those of all levels, and patched tells which differ and are valid together.
	results []backtest.Recommendation
	patched []bool
}

// levelCurve is how often other values of a level would have fired.
type levelCurve struct {
	Severity  string `json:"severity"`
	Threshold string `json:"threshold"`
	// Because is the basis of the recommendation, or why there is none.
	Because string       `json:"because"`
	Curve   []curvePoint `json:"curve"`
}

type curvePoint struct {
	Threshold string `json:"threshold"`
	Fires     int    `json:"fires"`
}

func (o *recommendOptions) run(ctx context.Context, names []string) error {
	if o.perWeek < 0 {
		return usageErrorf("--fires-per-week must not be negative: %d", o.perWeek)
	}
	client, r, err := o.window.connect(ctx)
	if err != nil {
		return err
	}
	targets, set, err := o.loadAll(ctx, names)
	if err != nil {
		return err
	}
	all := make([]recommended, len(targets))
	for i, t := range targets {
		if all[i], err = o.recommend(ctx, client, t, r); err != nil {
			return fmt.Errorf("recommending levels of %s: %w", t, err)
		}
		all[i].selectPatched(o.cli)
	}
	ofRules, failed := o.recommendRules(ctx, client, r, set)
	if failed != nil && !errors.Is(failed, errCheckFailed) {
		return failed
	}
	return cmp.Or(o.print(all, ofRules), failed)
}

func (o *recommendOptions) recommend(ctx context.Context, client *promapi.Client, t target, window backtest.Window) (recommended, error) {
	sweep, err := backtest.NewSweep(window, t.plan)
	if err != nil {
		return recommended{}, err
	}
	replayed, err := replay.New(window, t.plan, t.plan.Levels, sweep.Ingest)
	if err != nil {
		return recommended{}, err
	}
	if err := o.ingest(ctx, client, t.plan, window, replayed.Ingest); err != nil {
		return recommended{}, err
	}
	r := recommended{
		Namespace: t.resource.Namespace, Name: t.resource.Name, Recommendations: []v1alpha1.Recommendation{},
		target: t, results: sweep.Recommend(o.perWeek), Notes: replayed.Notes(),
	}
	if replayed.SharesAlerts() {
		r.Notes = append(r.Notes, "this is not exact: its labels make several series one alert, or another alert of a series, which is not counted")
	}
	for i, recommendation := range r.results {
		r.Levels = append(r.Levels, newLevelCurve(recommendation, t.plan.Levels[i], t.plan.Levels[i].String()))
		if recommendation.Found {
			r.Recommendations = append(r.Recommendations, recommendation.Status())
		}
	}
	return r, nil
}

// newLevelCurve names the present level as it is written.
func newLevelCurve(r backtest.Recommendation, present rules.Level, written string) levelCurve {
	curve := levelCurve{Severity: present.Severity, Threshold: written, Because: r.Because, Curve: []curvePoint{}}
	level := r.Level
	for _, point := range r.Curve {
		text := written
		if level.Value = point.Value; level != present {
			text = level.String()
		}
		curve.Curve = append(curve.Curve, curvePoint{text, point.Fires})
	}
	return curve
}

// differs reports whether there is a recommendation for the level, other than its present value.
func (r *recommended) differs(i int) bool {
	return r.results[i].Found && r.results[i].Level != r.target.plan.Levels[i]
}

// selectPatched selects the recommendations that are valid together: critical must lie beyond warning.
func (r *recommended) selectPatched(c *cli) {
	r.patched = make([]bool, len(r.results))
	for again := true; again; {
		again = false
		for i := range r.results {
			if r.patched[i] || !r.differs(i) {
				continue
			}
			r.patched[i] = true
			_, errs := c.rules.Resolve(r.patchedResource())
			if r.patched[i] = len(errs) == 0; r.patched[i] {
				again = true
			}
		}
	}
	for i, recommendation := range r.results {
		if r.differs(i) && !r.patched[i] {
			fmt.Fprintf(c.ErrOut, "%s: %s %s is left out of the patch: the levels would be out of order\n",
				r.target, recommendation.Level.Severity, recommendation.Level)
		}
	}
}

// patchedResource returns the threshold with the selected recommendations.
func (r *recommended) patchedResource() *v1alpha1.AlertThreshold {
	resource := r.target.resource.DeepCopy()
	for i, recommendation := range r.results {
		if r.patched[i] {
			status, level := recommendation.Status(), &resource.Spec.Levels[i]
			level.Above, level.Below = v1alpha1.Value(status.Above), v1alpha1.Value(status.Below)
		}
	}
	return resource
}

func (o *recommendOptions) print(all []recommended, ofRules []recommendedRule) error {
	switch o.output.format {
	case "json":
		content := map[string]any{"thresholds": all}
		if len(ofRules) > 0 {
			content["rules"] = ofRules
		}
		return printJSON(o.Out, content)
	case "yaml":
		return cmp.Or(printPatches(all, o.Out), printChangedRules(ofRules, o.Out))
	}
	tables := make([]interface{ print(io.Writer) error }, 0, len(all)+len(ofRules))
	for _, r := range all {
		tables = append(tables, r)
	}
	for _, r := range ofRules {
		tables = append(tables, r)
	}
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(o.Out)
		}
		if err := t.print(o.Out); err != nil {
			return err
		}
	}
	return nil
}

// patchCommand returns the kubectl command that applies the selected recommendations; empty without any. It fails when the
// levels have changed since.
func (r recommended) patchCommand() string {
	var ops []string
	for i, recommendation := range r.results {
		if !r.patched[i] {
			continue
		}
		level := recommendation.Level
		ops = append(ops,
			fmt.Sprintf(`{"op":"test","path":"/spec/levels/%d/severity","value":%q}`, i, level.Severity),
			fmt.Sprintf(`{"op":"replace","path":"/spec/levels/%d/%s","value":%q}`, i, level.Comparison, level.Unit.Format(level.Value)))
	}
	if len(ops) == 0 {
		return ""
	}
	return fmt.Sprintf("kubectl patch alertthreshold %s -n %s --type=json -p '[%s]'", r.Name, r.Namespace,
		strings.ReplaceAll(strings.Join(ops, ","), "'", `'\''`)) // a severity may have quotes
}
