package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type recommendOptions struct {
	files  fileOptions
	past   pastOptions
	output output
	// perWeek is how often a level may fire.
	perWeek int
}

func newRecommend(config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := recommendOptions{past: newPast(), output: newOutput("table", "json", "yaml"), perWeek: backtest.OnceAWeek}
	cmd := &cobra.Command{
		Use:   "recommend (-f FILENAME | NAME...) --prometheus-url URL",
		Short: "Find the tightest lines that would have been quiet enough",
		Long: `Find for each level the tightest line that would have fired at most once a week, or as often as --fires-per-week says,
and tell how often other lines would have fired. It ends with a kubectl patch; nothing is changed. -o yaml prints the
lines to be applied on the server's side instead, which needs --force-conflicts.`,
		Example: `  # Which lines would have been quiet enough?
  kubectl plimsoll recommend slow-response -n ai --prometheus-url http://localhost:9090

  # Apply them
  kubectl plimsoll recommend slow-response -n ai --prometheus-url http://localhost:9090 -o yaml |
    kubectl apply --server-side --force-conflicts -f -`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd, names, config, streams) },
	}
	o.files.register(cmd)
	o.past.register(cmd)
	o.output.register(cmd)
	cmd.Flags().IntVar(&o.perWeek, "fires-per-week", o.perWeek, "how often a level may fire in a week")
	return cmd
}

// recommended is what there is to say about a threshold's lines, as -o json prints it.
type recommended struct {
	Namespace       string                    `json:"namespace"`
	Name            string                    `json:"name"`
	Recommendations []v1alpha1.Recommendation `json:"recommendations"`
	Levels          []levelCurve              `json:"levels"`

	target target
	found  []backtest.Recommendation
	// taken are the levels whose recommended lines are other than the present ones, and can be taken together.
	taken []bool
}

// levelCurve is how often lines of a level would have fired.
type levelCurve struct {
	Severity  string `json:"severity"`
	Threshold string `json:"threshold"`
	// Because says what the recommendation rests on, or why there is none.
	Because string       `json:"because"`
	Curve   []curvePoint `json:"curve"`
}

type curvePoint struct {
	Threshold string `json:"threshold"`
	Fires     int    `json:"fires"`
}

func (o *recommendOptions) run(cmd *cobra.Command, names []string, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) error {
	if o.perWeek < 0 {
		return usageError(cmd, fmt.Errorf("--fires-per-week must not be negative: %d", o.perWeek))
	}
	client, err := o.past.prometheus.client(cmd)
	if err != nil {
		return err
	}
	span, err := o.past.span(cmd)
	if err != nil {
		return err
	}
	targets, err := o.files.targets(cmd, names, config, streams)
	if err != nil {
		return err
	}
	all := make([]recommended, len(targets))
	for i, t := range targets {
		if all[i], err = o.recommend(cmd, client, t, span, streams.ErrOut); err != nil {
			return fmt.Errorf("recommend lines of %s: %w", t, err)
		}
		all[i].choose(streams.ErrOut)
	}
	return o.print(all, streams.Out)
}

func (o *recommendOptions) recommend(cmd *cobra.Command, client *promapi.Client, t target, span promapi.Range, stderr io.Writer) (recommended, error) {
	survey, err := backtest.NewSurvey(window(span), t.plan)
	if err != nil {
		return recommended{}, err
	}
	if err := read(cmd.Context(), client, t.plan, span, stderr, survey.Feed); err != nil {
		return recommended{}, err
	}
	r := recommended{
		Namespace: t.resource.Namespace, Name: t.resource.Name, Recommendations: []v1alpha1.Recommendation{},
		target: t, found: survey.Recommend(o.perWeek),
	}
	for i, found := range r.found {
		level := levelCurve{Severity: found.Level.Severity, Threshold: t.plan.Levels[i].String(), Because: found.Because, Curve: []curvePoint{}}
		for _, point := range found.Curve {
			line := found.Level
			line.Value = point.Value
			level.Curve = append(level.Curve, curvePoint{line.String(), point.Fires})
		}
		r.Levels = append(r.Levels, level)
		if found.Found {
			r.Recommendations = append(r.Recommendations, found.Status())
		}
	}
	return r, nil
}

// choose picks the recommended lines that can be taken together: level by level, as long as critical lies beyond warning.
func (r *recommended) choose(stderr io.Writer) {
	r.taken = make([]bool, len(r.found))
	for again := true; again; {
		again = false
		for i, found := range r.found {
			if r.taken[i] || !found.Found || found.Level == r.target.plan.Levels[i] {
				continue
			}
			r.taken[i] = true
			if r.taken[i] = len(rules.Validate(r.changed())) == 0; r.taken[i] {
				again = true
			}
		}
	}
	for i, found := range r.found {
		if found.Found && !r.taken[i] && found.Level != r.target.plan.Levels[i] {
			fmt.Fprintf(stderr, "%s: %s %s is left out of the patch: the lines of the levels would be out of order\n",
				r.target, found.Level.Severity, found.Level)
		}
	}
}

// changed is the threshold with the lines that are taken.
func (r *recommended) changed() *v1alpha1.AlertThreshold {
	changed := r.target.resource.DeepCopy()
	for i, found := range r.found {
		if r.taken[i] {
			line := found.Status()
			level := &changed.Spec.Levels[i]
			level.Above, level.Below = v1alpha1.Value(line.Above), v1alpha1.Value(line.Below)
		}
	}
	return changed
}

func (o *recommendOptions) print(all []recommended, stdout io.Writer) error {
	switch o.output.format {
	case "json":
		return printJSON(stdout, map[string]any{"thresholds": all})
	case "yaml":
		return printPatches(all, stdout)
	}
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if err := r.print(stdout); err != nil {
			return err
		}
	}
	return nil
}

// command is the kubectl command that takes the recommended lines; empty when there are none to take. The patch holds only
// where the levels are as they were.
func (r recommended) command() string {
	var ops []string
	for i, found := range r.found {
		if !r.taken[i] {
			continue
		}
		ops = append(ops,
			fmt.Sprintf(`{"op":"test","path":"/spec/levels/%d/severity","value":%q}`, i, found.Level.Severity),
			fmt.Sprintf(`{"op":"replace","path":"/spec/levels/%d/%s","value":%q}`, i, found.Level.Comparison, found.Level.Unit.Format(found.Level.Value)))
	}
	if len(ops) == 0 {
		return ""
	}
	return fmt.Sprintf("kubectl patch alertthreshold %s -n %s --type=json -p '[%s]'", r.Name, r.Namespace, strings.Join(ops, ","))
}
