package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/suggest"
)

// suggestWindow is long enough for a level that fires once a week to have done so, and shorter than the 15 days that Prometheus
// keeps by default.
const suggestWindow = 14 * 24 * time.Hour

type suggestOptions struct {
	*cli
	window windowOptions
	output output
}

func (c *cli) suggestCommand() *cobra.Command {
	o := suggestOptions{cli: c, window: newWindowOptions(), output: newOutput("yaml", "json", "table")}
	o.window.window = duration(suggestWindow)
	cmd := &cobra.Command{
		Use:   "suggest --prometheus-url URL",
		Short: "Suggest AlertThresholds for what a namespace has",
		Long: `Suggest an AlertThreshold for every signal that has data in the namespace: a warning that would have fired at most once in any
week of the past window and, beyond it, a critical level that would not have fired. Comments say what each level rests on, and
why nothing is suggested for the others. Signals that a threshold of the cluster watches already are left out; without a
cluster that is not known.`,
		Example: `  # What would be quiet enough?
  kubectl plimsoll suggest -n ai --prometheus-url http://localhost:9090 -o table

  # Take all of it
  kubectl plimsoll suggest -n ai --prometheus-url http://localhost:9090 | kubectl apply -f -`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	return cmd
}

func (o *suggestOptions) run(ctx context.Context) error {
	client, w, err := o.window.connect(ctx)
	if err != nil {
		return err
	}
	namespace, _, err := o.namespace()
	if err != nil {
		return err
	}
	existing, unknown := o.existing(ctx, namespace)
	if unknown != nil {
		fmt.Fprintln(o.ErrOut, unknown)
	}
	candidates, err := o.candidates(ctx, client, namespace, w.End, existing)
	if err != nil {
		return err
	}
	var all []suggest.Suggestion
	for _, candidate := range candidates {
		if candidate.Missing != nil {
			continue
		}
		s, err := o.suggest(ctx, client, candidate, w)
		if err != nil {
			return fmt.Errorf("suggesting levels for %s: %w", candidate.Title(), err)
		}
		all = append(all, s)
	}
	return o.print(all, unknown)
}

// suggest asks nothing about a candidate that cannot be watched, or is.
func (o *suggestOptions) suggest(ctx context.Context, client *promapi.Client, candidate suggest.Candidate, w backtest.Window) (suggest.Suggestion, error) {
	s := suggest.Suggestion{Candidate: candidate, Window: w}
	if s.Reason() != "" {
		return s, nil
	}
	history, err := o.history(ctx, client, candidate, w)
	if promapi.IsRefused(err) {
		s.Because = err.Error()
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return candidate.Suggest(history, o.rules)
}

func (o *suggestOptions) print(all []suggest.Suggestion, unknown error) error {
	switch o.output.format {
	case "json":
		return printJSON(o.Out, map[string]any{"suggestions": suggestionRows(all)})
	case "table":
		return o.printTable(all)
	}
	if unknown != nil {
		fmt.Fprint(o.Out, suggest.Comment("", unknown.Error()))
	}
	text, err := suggest.YAML(all)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(o.Out, text)
	return err
}

func (o *suggestOptions) printTable(all []suggest.Suggestion) error {
	table := printers.GetNewTabWriter(o.Out)
	fmt.Fprintln(table, "SIGNAL\tSOURCE\tSEVERITY\tLEVEL\tBECAUSE")
	for _, s := range all {
		source := sourceName(s.Source, s.Prefix)
		if reason := s.Reason(); reason != "" {
			fmt.Fprintf(table, "%s\t%s\t-\t-\t%s\n", s.Name, source, reason)
		}
		for _, level := range s.Levels {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, source, level.Level.Severity, level.Level, s.Evidence(level))
		}
	}
	return table.Flush()
}

// suggestionRow is a suggestion, as -o json prints it.
type suggestionRow struct {
	Signal string        `json:"signal"`
	Source signal.Source `json:"source"`
	Prefix string        `json:"prefix,omitempty"`
	// Threshold is what is suggested, with a text of evidence for each of its levels.
	Threshold *v1alpha1.AlertThreshold `json:"threshold,omitempty"`
	Evidence  map[string]string        `json:"evidence,omitempty"`
	// Because says why nothing is suggested.
	Because string `json:"because,omitempty"`
}

func suggestionRows(all []suggest.Suggestion) []suggestionRow {
	rows := make([]suggestionRow, len(all))
	for i, s := range all {
		rows[i] = suggestionRow{Signal: s.Name, Source: s.Source, Prefix: s.Prefix, Because: s.Reason()}
		if rows[i].Because != "" {
			continue
		}
		rows[i].Threshold, rows[i].Evidence = s.Threshold, map[string]string{}
		for _, level := range s.Levels {
			rows[i].Evidence[level.Level.Severity] = s.Evidence(level)
		}
	}
	return rows
}
