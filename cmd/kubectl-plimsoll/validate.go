package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

type validateOptions struct {
	loader
	output output
	strict bool
}

func (c *cli) validateCommand() *cobra.Command {
	o := validateOptions{loader: loader{cli: c}, output: newOutput("table", "json")}
	cmd := &cobra.Command{
		Use:   "validate -f FILENAME",
		Short: "Validate AlertThresholds in files and print every error with its position",
		Long: `Validate AlertThresholds in files as the API server and the controller do, and print every error as
file:line:column: field: message. No cluster is needed. The exit code is 1 when there is an error.`,
		Example: `  # Validate a directory and its subdirectories
  kubectl plimsoll validate -f thresholds/ -R

  # Validate what a chart renders, and fail for warnings too
  helm template plimsoll charts/plimsoll | kubectl plimsoll validate -f - --strict`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return o.run() },
	}
	o.loader.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "exit with 1 for warnings too")
	return cmd
}

func (o *validateOptions) run() error {
	_, result, err := o.validateFiles()
	if err != nil {
		return err
	}
	if err := o.print(result); err != nil {
		return err
	}
	result.warnSkipped(o.ErrOut)
	fmt.Fprintln(o.ErrOut, result)
	if len(result.Errors) > 0 || o.strict && len(result.Warnings) > 0 {
		return errCheckFailed
	}
	return nil
}

func (o *validateOptions) print(result validation) error {
	if o.output.format == "json" {
		return printJSON(o.Out, result)
	}
	for _, e := range result.Errors {
		fmt.Fprintln(o.Out, e)
	}
	for _, warning := range result.Warnings {
		fmt.Fprintf(o.Out, "%s: warning: %s: %s\n", warning.Position, warning.Field, warning.Message)
	}
	return nil
}

// String is the result in one line, such as "12 thresholds in 7 files: 2 errors, 1 warning".
func (v validation) String() string {
	return fmt.Sprintf("%s in %s: %s, %s", manifest.Count(v.Thresholds, "threshold"), manifest.Count(v.Files, "file"),
		manifest.Count(len(v.Errors), "error"), manifest.Count(len(v.Warnings), "warning"))
}
