package main

import (
	"fmt"
	"io"

	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// print writes a table of the recommendations, one of how often other values would have fired, and the patch command.
func (r recommended) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s\n\n", r.target, r.target.plan.Value.Title)
	if err := printCurves(w, r.results, r.Levels); err != nil {
		return err
	}
	printNotes(w, r.Notes)
	if command := r.patchCommand(); command != "" {
		_, err := fmt.Fprintf(w, "\n%s\n", command)
		return err
	}
	return nil
}

// printCurves writes a table of the recommendations, and one of how often other values would have fired.
func printCurves(w io.Writer, results []backtest.Recommendation, levels []levelCurve) error {
	table := printers.GetNewTabWriter(w)
	fmt.Fprintln(table, "SEVERITY\tLEVEL\tRECOMMENDED\tBECAUSE")
	for i, recommendation := range results {
		level := "-"
		if recommendation.Found {
			level = recommendation.Level.String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", orDash(levels[i].Severity), levels[i].Threshold, level, recommendation.Because)
	}
	fmt.Fprintln(table, "\nSEVERITY\tLEVEL\tFIRES\t")
	for i, result := range results {
		level := levels[i]
		for _, point := range level.Curve {
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", orDash(level.Severity), point.Threshold, point.Fires, remark(result, level, point))
		}
	}
	return table.Flush()
}

// remark marks the recommended and the present value of the level.
func remark(result backtest.Recommendation, level levelCurve, point curvePoint) string {
	switch {
	case result.Found && point.Threshold == result.Level.String():
		return "recommended"
	case point.Threshold == level.Threshold:
		return "now"
	default:
		return ""
	}
}

// printPatches writes resources for server-side apply that have only the selected recommendations. Levels are a list map
// keyed by severity, so others stay as they are.
func printPatches(all []recommended, w io.Writer) error {
	separator := ""
	for _, r := range all {
		var levels []map[string]string
		for i, recommendation := range r.results {
			if level := recommendation.Level; r.patched[i] {
				levels = append(levels, map[string]string{"severity": level.Severity, string(level.Comparison): level.Unit.Format(level.Value)})
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
		if _, err := fmt.Fprintf(w, "%s%s", separator, text); err != nil {
			return err
		}
		separator = "---\n"
	}
	return nil
}
