package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/suggest"
)

// signalsStep is the interval between two values of which the range is made: enough for a range, and a tenth of the load of a
// rule's interval.
const signalsStep = 5 * time.Minute

type signalsOptions struct {
	*cli
	window windowOptions
	output output
	// all shows what has no data, too.
	all bool
}

func (c *cli) signalsCommand() *cobra.Command {
	o := signalsOptions{cli: c, window: newWindowOptions(), output: newOutput("table", "json", "yaml")}
	o.window.step = duration(signalsStep)
	cmd := &cobra.Command{
		Use:   "signals --prometheus-url URL",
		Short: "List the signals that a namespace has",
		Long: `List every signal that has data in the namespace at the end of a past window, by source, with its worst value then and its range
over the window. A source is known by metrics that no other program has; names that several have are not guessed. No cluster
is needed.`,
		Example: `  # What can I watch here?
  kubectl plimsoll signals -n ai --prometheus-url http://localhost:9090

  # And what not, and why?
  kubectl plimsoll signals -n ai --prometheus-url http://localhost:9090 --all`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "list the signals without data too, and why")
	return cmd
}

// signalRow is a signal, as -o json prints it.
type signalRow struct {
	Signal string        `json:"signal"`
	Source signal.Source `json:"source"`
	Prefix string        `json:"prefix,omitempty"`
	// By are the labels by which the series are told apart.
	By      []string `json:"by,omitempty"`
	Current string   `json:"current,omitempty"`
	Min     string   `json:"min,omitempty"`
	Median  string   `json:"median,omitempty"`
	Max     string   `json:"max,omitempty"`
	Series  int      `json:"series"`
	// Missing says why there is no data.
	Missing string `json:"missing,omitempty"`
}

func (o *signalsOptions) run(ctx context.Context) error {
	client, w, err := o.window.connect(ctx)
	if err != nil {
		return err
	}
	namespace, _, err := o.namespace()
	if err != nil {
		return err
	}
	candidates, err := o.candidates(ctx, client, namespace, w.End, nil)
	if err != nil {
		return err
	}
	rows := []signalRow{}
	for _, candidate := range candidates {
		row := signalRow{Signal: candidate.Name, Source: candidate.Source, Prefix: candidate.Prefix, Missing: candidate.Because}
		if candidate.Because == "" {
			history, err := o.history(ctx, client, candidate, w)
			switch {
			case promapi.IsRefused(err):
				row.Missing = err.Error()
			case err != nil:
				return fmt.Errorf("reading %s: %w", candidate.Title(), err)
			default:
				row.fill(candidate, history.Summarise(candidate.Falls))
			}
		}
		if row.Missing == "" || o.all {
			rows = append(rows, row)
		}
	}
	return o.print(rows)
}

// fill sets the range, or that there is none: series may be there without a value, as a quantile of nothing has none.
func (r *signalRow) fill(candidate suggest.Candidate, values backtest.Summary) {
	if values.Series == 0 {
		r.Missing = "its metrics are there, but it had no value in the window"
		return
	}
	r.By, r.Series = candidate.Threshold.Spec.Signal.By, values.Series
	r.Current, r.Min, r.Median, r.Max = candidate.FormatRange(values)
}

func (o *signalsOptions) print(rows []signalRow) error {
	if o.output.format != "table" {
		return printAs(o.output.format, o.Out, map[string]any{"signals": rows})
	}
	table := printers.GetNewTabWriter(o.Out)
	fmt.Fprintln(table, "SIGNAL\tSOURCE\tCURRENT\tMIN\tMEDIAN\tMAX\tSERIES")
	for _, r := range rows {
		if r.Missing == "" {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", r.Signal, sourceName(r.Source, r.Prefix), r.Current, r.Min, r.Median, r.Max, r.Series)
		}
	}
	if o.all {
		fmt.Fprintln(table, "\nSIGNAL\tSOURCE\tMISSING")
	}
	for _, r := range rows {
		if r.Missing != "" {
			fmt.Fprintf(table, "%s\t%s\t%s\n", r.Signal, sourceName(r.Source, r.Prefix), r.Missing)
		}
	}
	return table.Flush()
}

// sourceName is the source, with the prefix of its metrics where they were renamed.
func sourceName(source signal.Source, prefix string) string {
	if prefix == "" {
		return string(source)
	}
	return fmt.Sprintf("%s (%s)", source, prefix)
}
