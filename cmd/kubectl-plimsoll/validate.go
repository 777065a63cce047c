package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

type validateOptions struct {
	files  fileOptions
	output output
	strict bool
}

func newValidate(config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := validateOptions{output: newOutput("table", "json")}
	cmd := &cobra.Command{
		Use:   "validate -f FILENAME",
		Short: "Check AlertThresholds in files, each mistake with its line",
		Long: `Check AlertThresholds in files as the API server and the controller would, and print every mistake as
file:line:column: field: message. No cluster is needed. The exit code is 1 when there is a mistake.`,
		Example: `  # Check a folder and those in it
  kubectl plimsoll validate -f thresholds/ -R

  # Check what a chart makes, warnings being mistakes
  helm template plimsoll charts/plimsoll | kubectl plimsoll validate -f - --strict`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, config, streams) },
	}
	o.files.register(cmd)
	o.output.register(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "exit with 1 for warnings too")
	return cmd
}

// validation is the result, as -o json prints it.
type validation struct {
	Thresholds int                `json:"thresholds"`
	Files      int                `json:"files"`
	Errors     []manifest.Mistake `json:"errors"`
	Warnings   []manifest.Mistake `json:"warnings"`
}

func (o *validateOptions) run(cmd *cobra.Command, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) error {
	set, err := o.files.read(cmd, config, streams)
	if err != nil {
		return err
	}
	c, err := check(set)
	if err != nil {
		return err
	}
	result := validation{
		Thresholds: len(c.Thresholds), Files: c.Files,
		Errors: append([]manifest.Mistake{}, c.mistakes()...), Warnings: append([]manifest.Mistake{}, c.warnings()...),
	}
	if err := o.print(result, streams); err != nil {
		return err
	}
	c.sayLeftOut(streams.ErrOut)
	fmt.Fprintln(streams.ErrOut, result)
	if len(result.Errors) > 0 || o.strict && len(result.Warnings) > 0 {
		return errNo
	}
	return nil
}

func (o *validateOptions) print(result validation, streams genericiooptions.IOStreams) error {
	if o.output.format == "json" {
		return printJSON(streams.Out, result)
	}
	for _, mistake := range result.Errors {
		fmt.Fprintln(streams.Out, mistake)
	}
	for _, warning := range result.Warnings {
		fmt.Fprintf(streams.Out, "%s: warning: %s: %s\n", warning.Position, warning.Field, warning.Message)
	}
	return nil
}

// String is the result in one line, such as "12 thresholds in 7 files: 2 errors, 1 warning".
func (v validation) String() string {
	return fmt.Sprintf("%s in %s: %s, %s", manifest.Count(v.Thresholds, "threshold"), manifest.Count(v.Files, "file"),
		manifest.Count(len(v.Errors), "error"), manifest.Count(len(v.Warnings), "warning"))
}
