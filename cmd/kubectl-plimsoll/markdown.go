package main

import (
	"fmt"
	"io"
	"strings"
)

// escapeMarkdown keeps a text from being read as part of a table, HTML, emphasis, a link or a mention, as GitHub reads them.
var escapeMarkdown = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "@", "&#64;")

// printMarkdownTable prints a table, and below it a list of notes.
func printMarkdownTable(w io.Writer, columns []string, rows [][]string, notes []string) {
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, row := range rows {
		for _, cell := range row {
			fmt.Fprintf(w, "| %s ", escapeMarkdown.Replace(cell))
		}
		fmt.Fprintln(w, "|")
	}
	for i, note := range notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "- %s\n", escapeMarkdown.Replace(note))
	}
}
