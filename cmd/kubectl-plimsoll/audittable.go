package main

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/audit"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

// printAudit writes the report as table, json, yaml or markdown.
func printAudit(w io.Writer, format string, r audit.Report) error {
	switch format {
	case "table":
		return printAuditTable(w, r)
	case "markdown":
		return printAuditMarkdown(w, r)
	}
	return printAs(format, w, r)
}

var auditColumns = []string{"ALERT", "GROUP", "SEVERITY", "FIRES", "SHARE", "FIRING", "LONGEST", "LAST FIRED", "FLAPS", "WRONG"}

// auditRow is the rule in the order of auditColumns.
func auditRow(r audit.Rule) []string {
	lastFired, wrong := "-", make([]string, len(r.Problems))
	if r.LastFired != nil {
		lastFired = formatTime(*r.LastFired)
	}
	for i, p := range r.Problems {
		wrong[i] = string(p.Kind)
	}
	return []string{r.Alert, r.Group, orDash(r.Severity), fmt.Sprint(r.Fires), fmt.Sprintf("%.0f%%", 100*r.Share), orDash(r.Firing),
		orDash(r.Longest), lastFired, fmt.Sprint(r.Flaps), orDash(strings.Join(wrong, ", "))}
}

func auditTitle(r audit.Report) string {
	rules := manifest.Count(len(r.Rules), "alerting rule")
	if len(r.Rules) < r.Total {
		rules = fmt.Sprintf("%d of %s", len(r.Rules), manifest.Count(r.Total, "alerting rule"))
	}
	return fmt.Sprintf("%s over %s until %s: %s", rules, r.Window, formatTime(r.Until), manifest.Count(r.Fires, "fire"))
}

// auditNotes are a line for everything that is wrong.
func auditNotes(r audit.Report) (notes []string) {
	inexact := 0
	for _, rule := range r.Rules {
		for _, p := range rule.Problems {
			notes = append(notes, fmt.Sprintf("%s: %s: %s", rule, p.Kind, p.Message))
		}
		if len(rule.Inexact) > 0 {
			inexact++
		}
	}
	for _, one := range r.NotLoaded {
		note := fmt.Sprintf("PrometheusRule %s/%s with %s is not loaded", one.Namespace, one.Name, manifest.Count(one.Alerts, "alert"))
		if one.Because != "" {
			note += ": " + one.Because
		}
		notes = append(notes, note)
	}
	if inexact > 0 {
		notes = append(notes, fmt.Sprintf("%s not exact: -o json says why", map[bool]string{true: "1 rule is", false: fmt.Sprintf("%d rules are", inexact)}[inexact == 1]))
	}
	return notes
}

func printAuditTable(w io.Writer, r audit.Report) error {
	fmt.Fprintf(w, "%s\n\n", auditTitle(r))
	table := printers.GetNewTabWriter(w)
	fmt.Fprintln(table, strings.Join(auditColumns, "\t"))
	for _, rule := range r.Rules {
		fmt.Fprintln(table, strings.Join(auditRow(rule), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	notes := auditNotes(r)
	if len(notes) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(notes, "\n"))
	return err
}

func printAuditMarkdown(w io.Writer, r audit.Report) error {
	rows := make([][]string, len(r.Rules))
	for i, rule := range r.Rules {
		rows[i] = auditRow(rule)
	}
	_, err := fmt.Fprintln(w, auditTitle(r))
	printMarkdownTable(w, auditColumns, rows, auditNotes(r))
	return err
}
