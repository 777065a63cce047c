package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

type backtestOptions struct {
	files  fileOptions
	past   pastOptions
	output output
	// maxFires is negative when there is no limit.
	maxFires int
}

func newBacktest(config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := backtestOptions{past: newPast(), output: newOutput("table", "json", "yaml")}
	cmd := &cobra.Command{
		Use:   "backtest (-f FILENAME | NAME...) --prometheus-url URL",
		Short: "Tell what the lines would have done over a past window",
		Long: `Tell what the lines of AlertThresholds would have done over a past window: how often each would have fired, for how
long, and for which series, "for" and "keepFiringFor" replayed as Prometheus evaluates them. With -f and a URL no
cluster is needed.`,
		Example: `  # Before it is applied: how often would it have paged?
  kubectl plimsoll backtest -f slow-response.yaml -n ai --prometheus-url http://localhost:9090

  # One that is in the cluster, over 30 days
  kubectl plimsoll backtest slow-response -n ai --prometheus-url http://localhost:9090 --window 30d

  # In CI: fail when a level would have fired more than 3 times a week
  kubectl plimsoll backtest -f thresholds/ -R --prometheus-url "$PROMETHEUS" --max-fires 3`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd, names, config, streams) },
	}
	o.files.register(cmd)
	o.past.register(cmd)
	o.output.register(cmd)
	cmd.Flags().IntVar(&o.maxFires, "max-fires", -1, "exit with 1 when a level fires more often in the window; -1 for no limit")
	return cmd
}

// backtested is what a threshold's lines did, as -o json prints it.
type backtested struct {
	Namespace string             `json:"namespace"`
	Name      string             `json:"name"`
	Backtest  *v1alpha1.Backtest `json:"backtest"`

	target target
	result *backtest.Result
	signal envelope
}

func (o *backtestOptions) run(cmd *cobra.Command, names []string, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) error {
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
	all := make([]backtested, len(targets))
	for i, t := range targets {
		if all[i], err = replay(cmd, client, t, span, streams.ErrOut); err != nil {
			return fmt.Errorf("backtest %s: %w", t, err)
		}
	}
	if err := o.print(all, streams.Out); err != nil {
		return err
	}
	return o.judge(all, streams.ErrOut)
}

func replay(cmd *cobra.Command, client *promapi.Client, t target, span promapi.Range, stderr io.Writer) (backtested, error) {
	replay, err := backtest.NewReplay(window(span), t.plan.Levels)
	if err != nil {
		return backtested{}, err
	}
	b := backtested{Namespace: t.resource.Namespace, Name: t.resource.Name, target: t, signal: newEnvelope(t.plan, span)}
	if err := read(cmd.Context(), client, t.plan, span, stderr, replay.Feed, b.signal.feed); err != nil {
		return backtested{}, err
	}
	b.result = replay.Result()
	b.Backtest = b.result.Status(t.resource.Generation)
	return b, nil
}

func (o *backtestOptions) print(all []backtested, stdout io.Writer) error {
	if o.output.format != "table" {
		return printAs(o.output.format, stdout, map[string]any{"thresholds": all})
	}
	for i, b := range all {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if err := b.print(stdout, width(stdout)); err != nil {
			return err
		}
	}
	return nil
}

// judge says which levels fire too often. Of a signal that never had a value nothing can be said.
func (o *backtestOptions) judge(all []backtested, stderr io.Writer) error {
	var verdict error
	for _, b := range all {
		if b.result.Coverage == 0 {
			fmt.Fprintf(stderr, "%s: the signal had no value in the window: is the URL that of its Prometheus, and %s its namespace?\n", b.target, b.Namespace)
			if o.maxFires >= 0 {
				return fmt.Errorf("%s cannot be held to --max-fires", b.target)
			}
		}
		for _, level := range b.Backtest.Levels {
			if o.maxFires >= 0 && level.Fires > int64(o.maxFires) {
				fmt.Fprintf(stderr, "%s: %s fires %s, more than --max-fires %d\n", b.target, level.Severity,
					manifest.Count(int(level.Fires), "time"), o.maxFires)
				verdict = errNo
			}
		}
	}
	return verdict
}
