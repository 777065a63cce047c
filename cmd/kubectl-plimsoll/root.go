package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// shown are the flags of kubectl that the help lists.
var shown = []string{"namespace", "context", "kubeconfig"}

// newRoot is the command with all others below it.
func newRoot(streams genericiooptions.IOStreams) *cobra.Command {
	root := &cobra.Command{
		Use:         "kubectl-plimsoll",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl plimsoll"},
		Short:       "Alert thresholds: what they become, what they would do, and why they do not fire",
		Long: `Alert thresholds: what they become, what they would do, and why they do not fire.

The exit code is 0 when the answer is good, 1 when it is not (a file is invalid, an alert fires too often, a link of
the chain is broken), and 2 when there is no answer (a mistake on the command line, a file or server that cannot be
read).

All flags of kubectl that say how to reach a cluster are understood: see kubectl options.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(usageError)

	config := genericclioptions.NewConfigFlags(true)
	config.AddFlags(root.PersistentFlags())
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(shown, f.Name) })
	root.AddCommand(
		newBacktest(config, streams),
		newRecommend(config, streams),
		newRender(config, streams),
		newStatus(config, streams),
		newValidate(config, streams),
		newVersion(streams),
	)
	return root
}

// usageError adds where to look, as kubectl does.
func usageError(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\nSee '%s --help' for usage", err, cmd.CommandPath())
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError(cmd, err)
	}
	return nil
}

func newVersion(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(streams.Out, "kubectl-plimsoll", version)
			return err
		},
	}
}
