package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// output is the flag --output.
type output struct {
	format  string
	formats []string
}

// newOutput offers the formats, of which the first is the default.
func newOutput(formats ...string) output { return output{format: formats[0], formats: formats} }

func (o *output) addFlag(cmd *cobra.Command) {
	cmd.Flags().VarP(o, "output", "o", "format of the output: "+strings.Join(o.formats, ", "))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.formats, cobra.ShellCompDirectiveNoFileComp)))
}

// String returns the chosen format.
func (o *output) String() string { return o.format }

// Set chooses one of the formats.
func (o *output) Set(format string) error {
	if !slices.Contains(o.formats, format) {
		return fmt.Errorf("must be one of %s", strings.Join(o.formats, ", "))
	}
	o.format = format
	return nil
}

// Type names the value in the usage.
func (o *output) Type() string { return "string" }

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// printAs prints the value as json or yaml.
func printAs(format string, w io.Writer, value any) error {
	if format == "json" {
		return printJSON(w, value)
	}
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
