package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// output is the flag --output.
type output struct {
	format  string
	formats []string
}

// newOutput is a choice of formats, the first by default.
func newOutput(formats ...string) output { return output{format: formats[0], formats: formats} }

func (o *output) register(cmd *cobra.Command) {
	cmd.Flags().VarP(o, "output", "o", "format of the output: "+strings.Join(o.formats, ", "))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.formats, cobra.ShellCompDirectiveNoFileComp)))
}

// String, Set and Type make it a flag.
func (o *output) String() string { return o.format }

// Set takes one of the formats.
func (o *output) Set(format string) error {
	if !slices.Contains(o.formats, format) {
		return fmt.Errorf("must be one of %s", strings.Join(o.formats, ", "))
	}
	o.format = format
	return nil
}

// Type is what the usage calls the value.
func (o *output) Type() string { return "string" }

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// addNamespace adds --namespace alone of kubectl's flags, and those that say where the context's namespace is read.
func addNamespace(cmd *cobra.Command, config *genericclioptions.ConfigFlags) {
	cmd.Flags().StringVarP(config.Namespace, "namespace", "n", "", "namespace of the thresholds that name none; naming another is a mistake")
	cmd.Flags().StringVar(config.KubeConfig, "kubeconfig", "", "kubeconfig whose context gives the namespace when --namespace does not")
	cmd.Flags().StringVar(config.Context, "context", "", "context of the kubeconfig")
}
