package main

import (
	"errors"
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// visibleFlags are the flags of kubectl that the help lists.
var visibleFlags = []string{"namespace", "context", "kubeconfig"}

// cli is what all commands share.
type cli struct {
	genericiooptions.IOStreams
	config *genericclioptions.ConfigFlags
	// rules are the controller's options, for which the command has no other source than a flag.
	rules rules.Options
	// onProgress is told how much of a long command is done; nil when nobody asks but perhaps a person at a terminal.
	onProgress func(done, total int, text string)
}

func newCLI(streams genericiooptions.IOStreams) *cli {
	return &cli{IOStreams: streams, config: genericclioptions.NewConfigFlags(true)}
}

// rootCommand returns the command with all others below it.
func (c *cli) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:         "kubectl-plimsoll",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl plimsoll"},
		Short:       "Suggest, import, render, validate, backtest, tune, drill and diagnose AlertThresholds",
		Long: `Suggest, import, render, validate, backtest, tune, drill and diagnose AlertThresholds.

The exit code is 0 when all is well, 1 when a check fails (a file is invalid, an alert fires too often, an alert reaches
nobody), and 2 when there is no result (an error on the command line, a file or server that cannot be read).

All flags of kubectl that select a cluster are understood: see kubectl options.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.ErrOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })

	c.config.AddFlags(root.PersistentFlags())
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(visibleFlags, f.Name) })
	root.PersistentFlags().StringVar(&c.rules.OTelNamespaceLabel, "otel-namespace-label", "",
		"label that holds the namespace of series of source OpenTelemetry, where the controller has this flag too")
	root.PersistentFlags().StringSliceVar(&c.rules.UnconfinedNamespaces, "unconfined-namespaces", nil,
		"namespaces whose thresholds may read series of every namespace, where the controller has this flag too")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if err := c.rules.Validate(); err != nil {
			return usageError{err}
		}
		return nil
	}
	root.AddCommand(
		c.auditCommand(),
		c.backtestCommand(),
		c.drillCommand(),
		c.importCommand(),
		c.mcpCommand(),
		c.recommendCommand(),
		c.renderCommand(),
		c.signalsCommand(),
		c.statusCommand(),
		c.suggestCommand(),
		c.tuneCommand(),
		c.validateCommand(),
		c.versionCommand(),
	)
	return root
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError{err}
	}
	return nil
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.Out, "kubectl-plimsoll", version)
			return err
		},
	}
}

// namespace returns the namespace of --namespace, else that of the context, and whether it was asked for.
func (c *cli) namespace() (namespace string, explicit bool, err error) {
	namespace, explicit, err = c.config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", false, fmt.Errorf("reading the namespace of the kubeconfig: %w", err)
	}
	return namespace, explicit, nil
}

// connect returns a client of kubectl's cluster, and the namespace.
func (c *cli) connect() (client.Client, string, error) {
	return c.connectWith(func(*rest.Config) {})
}

// connectWith does so with a changed configuration.
func (c *cli) connectWith(change func(*rest.Config)) (client.Client, string, error) {
	namespace, _, err := c.namespace()
	if err != nil {
		return nil, "", err
	}
	restConfig, err := c.config.ToRESTConfig()
	if err != nil {
		return nil, "", fmt.Errorf("reading the cluster of the kubeconfig: %w", err)
	}
	change(restConfig)
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		return nil, "", err
	}
	api, err := client.New(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		return nil, "", fmt.Errorf("connecting to the cluster: %w", err)
	}
	return api, namespace, nil
}
