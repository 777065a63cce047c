// Package plot draws a signal over time as text, beside the lines that it must not cross and the times at which it did.
package plot

import (
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// rows is the height of the plot itself; below it come the axis, its times, and one row for each line.
	rows = 8
	// A cell of Braille is two dots wide and four high.
	dotsWide, dotsHigh = 2, 4
	// least is the narrowest plot, in cells, whatever the width asked for.
	least = 20
)

// Chart is what is drawn.
type Chart struct {
	// Start and End are the times of the first and the last value.
	Start, End time.Time
	// Values are the signal's, in even steps; NaN where it has none.
	Values []float64
	Lines  []Line
	// Format writes a value for the axis.
	Format func(float64) string
}

// Line is a value that the signal is compared with.
type Line struct {
	// Name is empty for a line without an alert of its own, such as the other side of a band.
	Name  string
	Value float64
	// Firing are the times at which its alert fired.
	Firing []Span
}

// Span is a time from its first moment to its last.
type Span struct{ From, To time.Time }

// Draw is the chart in lines of at most width characters; there is a least width.
func (c Chart) Draw(width int) string {
	low, high := c.Bounds()
	labels := c.labels(low, high)
	margin := 0
	for _, label := range labels {
		margin = max(margin, len([]rune(label)))
	}
	for _, line := range c.Lines {
		margin = max(margin, len([]rune(line.Name)))
	}
	columns := max(width-margin-2, least)

	cells := c.cells(columns, low, high)
	var text strings.Builder
	write := func(label, rest string) {
		text.WriteString(strings.TrimRight(strings.Repeat(" ", margin-len([]rune(label)))+label+rest, " ") + "\n")
	}
	for row := range cells {
		axis := " │"
		if labels[row] != "" {
			axis = " ┤"
		}
		write(labels[row], axis+string(cells[row]))
	}
	write("", " └"+strings.Repeat("─", columns))
	write("", "  "+c.times(columns))
	for _, line := range c.Lines {
		if line.Name != "" {
			write(line.Name, "  "+c.track(line, columns))
		}
	}
	return text.String()
}

// Bounds returns the least and the greatest value drawn: all values and lines, and zero when it is not far off.
func (c Chart) Bounds() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	take := func(v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, v := range c.Values {
		take(v)
	}
	for _, line := range c.Lines {
		take(line.Value)
	}
	if low > 0 && low < high/2 || low > high {
		low = 0
	}
	if !(high > low) {
		high = low + 1
	}
	return low, high
}

// dot is the height of a value in dots from the top.
func dot(v, low, high float64) int {
	v = min(max(v, low), high)
	return int(math.Round((high - v) / (high - low) * (rows*dotsHigh - 1)))
}

// labels are the values at the axis, one for each row that has one: the lines, the top and the bottom.
func (c Chart) labels(low, high float64) []string {
	labels := make([]string, rows)
	for _, line := range c.Lines {
		labels[dot(line.Value, low, high)/dotsHigh] = c.Format(line.Value)
	}
	if labels[0] == "" {
		labels[0] = c.Format(high)
	}
	if labels[rows-1] == "" {
		labels[rows-1] = c.Format(low)
	}
	return labels
}

// cells are the rows of the plot: the lines, and over them the signal.
func (c Chart) cells(columns int, low, high float64) [][]rune {
	cells := make([][]rune, rows)
	for row := range cells {
		cells[row] = slices.Repeat([]rune{' '}, columns)
	}
	for _, line := range c.Lines {
		row := cells[dot(line.Value, low, high)/dotsHigh]
		for column := range row {
			row[column] = '╌'
		}
	}
	for row, bits := range c.dots(columns, low, high) {
		for column, set := range bits {
			if set != 0 {
				cells[row][column] = blank + rune(set)
			}
		}
	}
	return cells
}
