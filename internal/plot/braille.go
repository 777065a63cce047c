package plot

import (
	"math"
	"slices"
)

// blank is the Braille pattern without dots; a pattern's dots are bits added to it.
const blank = '\u2800'

// bitOf is a dot's bit, by its row and column in the cell.
var bitOf = [dotsHigh][dotsWide]byte{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// dots are the cells that the signal fills, row by row. Every column of dots reaches from the least to the greatest value
// of its time, and as far as the column before it, so that a jump is seen as one.
func (c Chart) dots(columns int, low, high float64) [][]byte {
	cells := make([][]byte, rows)
	for row := range cells {
		cells[row] = make([]byte, columns)
	}
	var before *[2]int
	for x := range columns * dotsWide {
		top, bottom, ok := c.column(x, columns*dotsWide, low, high)
		if !ok {
			before = nil
			continue
		}
		from, to := top, bottom
		if before != nil {
			from, to = min(from, before[1]), max(to, before[0])
		}
		for y := from; y <= to; y++ {
			cells[y/dotsHigh][x/dotsWide] |= bitOf[y%dotsHigh][x%dotsWide]
		}
		before = &[2]int{top, bottom}
	}
	return cells
}

// column is the top and the bottom of a column of dots; not ok when there are no values in its time.
func (c Chart) column(x, columns int, low, high float64) (top, bottom int, ok bool) {
	least, greatest, ok := c.Column(x, columns)
	return dot(greatest, low, high), dot(least, low, high), ok
}

// Column returns the least and the greatest value of a column of the chart, counted from 0; not ok when there are none in its time.
func (c Chart) Column(x, columns int) (least, greatest float64, ok bool) {
	first := x * len(c.Values) / columns
	last := max((x+1)*len(c.Values)/columns, first+1)
	values := slices.DeleteFunc(slices.Clone(c.Values[min(first, len(c.Values)):min(last, len(c.Values))]), math.IsNaN)
	if len(values) == 0 {
		return 0, 0, false
	}
	return slices.Min(values), slices.Max(values), true
}
