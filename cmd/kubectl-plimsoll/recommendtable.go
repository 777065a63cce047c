package main

import (
	"fmt"
	"io"

	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// print writes the recommendations for people: a table of the levels, one of how often other lines would have fired, and
// the command that takes them.
func (r recommended) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s\n\n", r.target, r.target.plan.Value.Title)
	table := printers.GetNewTabWriter(w)
	fmt.Fprintln(table, "LEVEL\tLINE\tRECOMMENDED\tBECAUSE")
	for i, found := range r.found {
		line := "-"
		if found.Found {
			line = found.Level.String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", found.Level.Severity, r.target.plan.Levels[i], line, found.Because)
	}
	fmt.Fprintln(table, "\nLEVEL\tLINE\tFIRES\t")
	for i, level := range r.Levels {
		for _, point := range level.Curve {
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", level.Severity, point.Threshold, point.Fires, r.remark(i, point))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if command := r.command(); command != "" {
		_, err := fmt.Fprintf(w, "\n%s\n", command)
		return err
	}
	return nil
}

// remark says what the line is besides a point of the curve.
func (r recommended) remark(level int, point curvePoint) string {
	switch {
	case r.found[level].Found && point.Threshold == r.found[level].Level.String():
		return "recommended"
	case point.Threshold == r.Levels[level].Threshold:
		return "now"
	default:
		return ""
	}
}

// printPatches writes resources that hold nothing but the recommended lines, to be applied on the server's side. Levels
// are a list by severity, so others stay as they are.
func printPatches(all []recommended, w io.Writer) error {
	separate := ""
	for _, r := range all {
		var levels []map[string]string
		for i, found := range r.found {
			if line := found.Level; r.taken[i] {
				levels = append(levels, map[string]string{"severity": line.Severity, string(line.Comparison): line.Unit.Format(line.Value)})
			}
		}
		if len(levels) == 0 {
			continue
		}
		text, err := yaml.Marshal(map[string]any{
			"apiVersion": v1alpha1.GroupVersion.String(), "kind": v1alpha1.Kind,
			"metadata": map[string]string{"namespace": r.Namespace, "name": r.Name},
			"spec":     map[string]any{"levels": levels},
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", separate, text); err != nil {
			return err
		}
		separate = "---\n"
	}
	return nil
}
