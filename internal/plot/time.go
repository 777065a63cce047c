package plot

import (
	"slices"
	"time"
)

// times are the labels under the axis, the first at the start, the last at the end.
func (c Chart) times(columns int) string {
	layout := "15:04"
	if c.End.Sub(c.Start) > 48*time.Hour {
		layout = "Jan _2"
	}
	const apart = 16
	row := slices.Repeat([]rune{' '}, columns)
	count := max(columns/apart, 1)
	for i := range count + 1 {
		label := []rune(c.Start.Add(c.End.Sub(c.Start) * time.Duration(i) / time.Duration(count)).UTC().Format(layout))
		at := i * (columns - 1) / count
		if i > 0 {
			at -= len(label) / 2
		}
		copy(row[min(at, columns-len(label)):], label)
	}
	return string(row)
}

// track marks the columns of the time axis in which the line's alert fired.
func (c Chart) track(line Line, columns int) string {
	row := slices.Repeat([]rune{' '}, columns)
	for _, span := range line.Firing {
		for column := c.columnOf(span.From, columns); column <= c.columnOf(span.To, columns); column++ {
			row[column] = '█'
		}
	}
	return string(row)
}

func (c Chart) columnOf(t time.Time, columns int) int {
	length := c.End.Sub(c.Start)
	if length <= 0 {
		return 0
	}
	return min(max(int(float64(t.Sub(c.Start))/float64(length)*float64(columns)), 0), columns-1)
}
