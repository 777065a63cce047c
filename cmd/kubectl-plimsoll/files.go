package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

// fileOptions say which files to read.
type fileOptions struct {
	paths     []string
	recursive bool
}

func (o *fileOptions) register(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&o.paths, "filename", "f", nil, "file or folder with AlertThresholds, or - for standard input")
	cmd.Flags().BoolVarP(&o.recursive, "recursive", "R", false, "read the folders in a folder given with -f too")
	cobra.CheckErr(cmd.MarkFlagFilename("filename", "yaml", "yml", "json"))
}

// read reads the files. The namespace of thresholds that name none is kubectl's: --namespace, else that of the context.
func (o *fileOptions) read(cmd *cobra.Command, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) (*manifest.Set, error) {
	if len(o.paths) == 0 {
		return nil, usageError(cmd, errors.New("must say which files: use -f FILE, -f FOLDER, or -f - for standard input"))
	}
	namespace, enforce, err := config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("find the namespace: %w", err)
	}
	reader := manifest.Reader{Namespace: namespace, Enforce: enforce, Recursive: o.recursive, Stdin: streams.In}
	return reader.Read(o.paths)
}

// readValid reads and checks the files. Mistakes are printed, and the answer is no.
func (o *fileOptions) readValid(cmd *cobra.Command, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) (checked, error) {
	set, err := o.read(cmd, config, streams)
	if err != nil {
		return checked{}, err
	}
	c, err := check(set)
	if err != nil {
		return checked{}, err
	}
	if mistakes := c.mistakes(); len(mistakes) > 0 {
		for _, mistake := range mistakes {
			fmt.Fprintln(streams.ErrOut, mistake)
		}
		return checked{}, errNo
	}
	c.sayLeftOut(streams.ErrOut)
	return c, nil
}

// checked are the verdicts of a set, in its order.
type checked struct {
	*manifest.Set
	verdicts []manifest.Verdict
}

func check(set *manifest.Set) (checked, error) {
	c := checked{Set: set}
	for _, threshold := range set.Thresholds {
		verdict, err := threshold.Check()
		if err != nil {
			return checked{}, err
		}
		c.verdicts = append(c.verdicts, verdict)
	}
	return c, nil
}

// mistakes are those of all files.
func (c checked) mistakes() []manifest.Mistake {
	all := slices.Clone(c.Mistakes)
	for _, verdict := range c.verdicts {
		all = append(all, verdict.Mistakes...)
	}
	return all
}

// warnings are those of all files.
func (c checked) warnings() []manifest.Mistake {
	var all []manifest.Mistake
	for _, verdict := range c.verdicts {
		all = append(all, verdict.Warnings...)
	}
	return all
}

// sayLeftOut tells of the objects that were not looked at.
func (c checked) sayLeftOut(stderr io.Writer) {
	if c.Skipped > 0 {
		fmt.Fprintf(stderr, "left out %s of other kinds\n", manifest.Count(c.Skipped, "object"))
	}
}
