package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

// comparison is what differs between two sides.
type comparison struct {
	window backtest.Window
	// pairs are the alerts that differ; unchanged counts the others.
	pairs     []pairing
	unchanged int
	// differs has the versions of the pairs.
	differs map[*alertVersion]bool
	// records are those that the sides do not share.
	records map[string]bool
}

func newComparison(all []pairing, w backtest.Window, records map[string]bool) *comparison {
	c := &comparison{window: w, differs: map[*alertVersion]bool{}, records: records}
	for _, p := range all {
		if len(p.changed()) == 0 {
			c.unchanged++
			continue
		}
		c.pairs = append(c.pairs, p)
		c.differs[p.before], c.differs[p.after] = true, true
	}
	return c
}

// summary is the comparison in one line.
func (c *comparison) summary() string {
	counts := map[string]int{}
	var before, after int
	for _, p := range c.pairs {
		counts[p.kind()]++
		before += p.before.fires()
		after += p.after.fires()
	}
	text := fmt.Sprintf("%s changed, %d added, %d removed, %d unchanged", manifest.Count(counts["changed"], "alert"), counts["added"], counts["removed"], c.unchanged)
	if len(c.pairs) > 0 {
		text += fmt.Sprintf("; those would have fired %s times over %s until %s", beforeAfter(strconv.Itoa(before), strconv.Itoa(after)),
			backtest.FormatDuration(c.window.Length()), formatTime(c.window.End))
	}
	return text
}

// kind is added, removed or changed.
func (p pairing) kind() string {
	if p.before != nil && p.after != nil {
		return "changed"
	}
	return p.changed()[0]
}

func (v *alertVersion) fires() int {
	if v == nil || v.result == nil {
		return 0
	}
	return v.result.Fires
}

// beforeAfter is both texts, or one where they are the same.
func beforeAfter(before, after string) string {
	if before == after {
		return before
	}
	return before + " → " + after
}

// row is the pairing's line in a table.
func (p pairing) row() []string {
	was, is := p.before.cells(), p.after.cells()
	named := p.named()
	row := []string{named.Alert, orDash(named.Severity)}
	for i := range was {
		row = append(row, beforeAfter(was[i], is[i]))
	}
	return append(row, strings.Join(p.changed(), ", "))
}

// cells are the level, how often it would have fired, and for how long; dashes for an alert that is not there.
func (v *alertVersion) cells() [3]string {
	switch {
	case v == nil:
		return [3]string{"-", "-", "-"}
	case v.result == nil:
		return [3]string{v.field(levelField), "refused", "-"}
	}
	return [3]string{v.field(levelField), strconv.Itoa(v.result.Fires), backtest.FormatDuration(v.result.Firing)}
}

var compareColumns = []string{"Alert", "Severity", "Level", "Fires", "Firing", "Changed"}

func (c *comparison) print(w io.Writer, format string, notes []string) error {
	switch format {
	case "table":
		return c.printTable(w, notes)
	case "markdown":
		return c.printMarkdown(w, notes)
	default:
		return printAs(format, w, c.content(notes))
	}
}

func (c *comparison) printTable(w io.Writer, notes []string) error {
	fmt.Fprintln(w, c.summary())
	if len(c.pairs) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	table := printers.GetNewTabWriter(w)
	fmt.Fprintln(table, strings.ToUpper(strings.Join(compareColumns, "\t")))
	for _, p := range c.pairs {
		fmt.Fprintln(table, strings.Join(p.row(), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintf(w, "\n%s", note)
	}
	if len(notes) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}

// printMarkdown prints a comment for a pull request.
func (c *comparison) printMarkdown(w io.Writer, notes []string) error {
	_, err := fmt.Fprintf(w, "**Backtest**: %s\n", escapeMarkdown.Replace(c.summary()))
	if len(c.pairs) == 0 {
		return err
	}
	rows := make([][]string, len(c.pairs))
	for i, p := range c.pairs {
		rows[i] = p.row()
	}
	printMarkdownTable(w, compareColumns, rows, notes)
	return err
}

// comparedAlert is an alert that differs, as -o json prints it.
type comparedAlert struct {
	alertID
	// Change is added, removed or changed, Changed the fields that differ.
	Change  string           `json:"change"`
	Changed []string         `json:"changed,omitempty"`
	Before  *comparedVersion `json:"before,omitempty"`
	After   *comparedVersion `json:"after,omitempty"`
}

type comparedVersion struct {
	// Fields are those by which the two are compared.
	Fields map[string]string `json:"fields"`
	// Fires and Firing are missing when Prometheus refuses the rule.
	Fires  *int   `json:"fires,omitempty"`
	Firing string `json:"firing,omitempty"`
}

func (c *comparison) content(notes []string) map[string]any {
	alerts := []comparedAlert{}
	for _, p := range c.pairs {
		one := comparedAlert{alertID: p.named().alertID, Change: p.kind(), Before: p.before.content(), After: p.after.content()}
		if one.Change == "changed" {
			one.Changed = p.changed()
		}
		alerts = append(alerts, one)
	}
	return map[string]any{
		"window": backtest.FormatDuration(c.window.Length()), "end": c.window.End.UTC(), "alerts": alerts, "unchanged": c.unchanged,
		"notes": append([]string{}, notes...), "summary": c.summary(),
	}
}

func (v *alertVersion) content() *comparedVersion {
	if v == nil {
		return nil
	}
	content := &comparedVersion{Fields: map[string]string{}}
	for _, f := range v.fields {
		content.Fields[f.name] = f.value
	}
	if v.result != nil {
		content.Fires, content.Firing = &v.result.Fires, backtest.FormatDuration(v.result.Firing)
	}
	return content
}
