// Package picture draws a backtest as SVG or PNG: the value over the window, the levels as lines, and below it for each level the
// times at which it fired. It is pure. internal/plot is the same for a terminal, and says what a chart is.
package picture

import (
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/plimsoll-dev/plimsoll/internal/plot"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// Picture is what is drawn. A line of the chart whose value is NaN has no place in it, but a row below.
type Picture struct {
	plot.Chart
	// Title names the threshold or rule; Subtitle says which window it is.
	Title, Subtitle string
	// Axis says what the value is.
	Axis string
	Unit unit.Unit
	// Legends say of each line with a name, in their order, what it did.
	Legends []string
}

// All lengths are in points: 900 of them are 1200 pixels in a browser, and 1800 in a PNG.
const (
	width   vg.Length = 900
	margin  vg.Length = 24
	header  vg.Length = 78 // of title, subtitle and the axis' name
	plotted vg.Length = 290
	row     vg.Length = 38 // of a level below the plot: its legend, and its bands
	band    vg.Length = 13
	footer  vg.Length = 34 // of the times
	// narrowest is the least width of a band, so that it is seen.
	narrowest vg.Length = 1.5
	// maxBands is how many bands a level has at most; where there are more, those that touch are one.
	maxBands = 2000
)

var (
	ink    = color.NRGBA{0x1f, 0x29, 0x37, 0xff}
	faint  = color.NRGBA{0x6b, 0x72, 0x80, 0xff}
	grid   = color.NRGBA{0xe5, 0xe7, 0xeb, 0xff}
	track  = color.NRGBA{0xf3, 0xf4, 0xf6, 0xff}
	gap    = color.NRGBA{0xe2, 0xe5, 0xea, 0xff}
	signal = color.NRGBA{0x1d, 0x4f, 0x91, 0xff}
	// levels are colors that the color-blind tell apart, of the palette by Okabe and Ito; dashes tell them apart without any.
	levels = []color.NRGBA{{0xd9, 0x8b, 0x00, 0xff}, {0xc8, 0x4b, 0x00, 0xff}, {0xa8, 0x3f, 0x7e, 0xff}, {0x00, 0x7a, 0x5a, 0xff}}
	dashes = [][]vg.Length{{7, 4}, {2, 2.5}, {9, 3, 2, 3}, {4, 4}}
)

// drawing is a picture that is being drawn.
type drawing struct {
	Picture
	draw.Canvas
	fonts
	// plot is where the value is drawn; the rows of the levels are below, as wide.
	plot vg.Rectangle
	// low and high are the values at the bottom and the top.
	low, high float64
}

// named are the lines that have a row.
func (p Picture) named() []plot.Line {
	return slices.DeleteFunc(slices.Clone(p.Lines), func(l plot.Line) bool { return l.Name == "" })
}

func (p Picture) height() vg.Length {
	return header + plotted + vg.Length(len(p.named()))*row + footer
}

// draw draws everything onto the canvas, which has the picture's size.
func (p Picture) draw(onto vg.CanvasSizer) error {
	fonts, err := loadFonts()
	if err != nil {
		return err
	}
	d := drawing{Picture: p, Canvas: draw.New(onto), fonts: fonts}
	d.Lines = slices.DeleteFunc(slices.Clone(p.Lines), func(l plot.Line) bool { return math.IsNaN(l.Value) })
	d.low, d.high = d.Bounds()
	d.Lines = p.Lines
	room := (d.high - d.low) * 0.04 // so that nothing lies on the edge
	d.high += room
	if d.low != 0 {
		d.low -= room
	}

	var left, right vg.Length
	for _, v := range d.ticks() {
		left = max(left, d.regular.Width(d.Format(v)))
	}
	for i := range p.Lines {
		right = max(right, d.bold.Width(d.lineLabel(i)))
	}
	d.plot.Max = vg.Point{X: width - margin - right - 8, Y: p.height() - header}
	d.plot.Min = vg.Point{X: margin + left + 8, Y: d.plot.Max.Y - plotted}

	d.fill(color.White, 0, 0, width, p.height())
	d.text(d.title, ink, margin, p.height()-28, d.clip(d.title, p.Title, width-2*margin))
	d.text(d.regular, faint, margin, p.height()-46, d.clip(d.regular, p.Subtitle, width-2*margin))
	d.text(d.regular, faint, margin, d.plot.Max.Y+8, d.clip(d.regular, p.Axis, width-2*margin))
	d.gaps()
	d.valueAxis()
	d.timeAxis()
	d.values()
	d.lines()
	d.rows()
	return nil
}

// x is where a time is, y where a value is.
func (d *drawing) x(t time.Time) vg.Length {
	length := d.End.Sub(d.Start)
	if length <= 0 {
		return d.plot.Min.X
	}
	share := min(max(float64(t.Sub(d.Start))/float64(length), 0), 1)
	return d.plot.Min.X + vg.Length(share)*d.plot.Size().X
}

func (d *drawing) y(value float64) vg.Length {
	share := min(max((value-d.low)/(d.high-d.low), 0), 1)
	return d.plot.Min.Y + vg.Length(share)*plotted
}

func (d *drawing) fill(c color.Color, x0, y0, x1, y1 vg.Length) {
	d.FillPolygon(c, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// columns is how many columns the values are drawn in: half a point each, or one for each value.
func (d *drawing) columns() int { return min(int(2*d.plot.Size().X), len(d.Values)) }

// at is where a column is.
func (d *drawing) at(column int) vg.Length {
	if n := d.columns(); n > 1 {
		return d.plot.Min.X + d.plot.Size().X*vg.Length(column)/vg.Length(n-1)
	}
	return d.plot.Min.X
}

// runs calls f for each run of columns that have values, or that have none, with its first column and the one after it.
func (d *drawing) runs(haveValues bool, f func(from, to int)) {
	from := -1
	for column := range d.columns() + 1 {
		_, _, ok := d.Column(column, d.columns())
		isIn := column < d.columns() && ok == haveValues
		switch {
		case isIn && from < 0:
			from = column
		case !isIn && from >= 0:
			f(from, column)
			from = -1
		}
	}
}

// gaps marks the times without values.
func (d *drawing) gaps() {
	half := (d.at(1) - d.at(0)) / 2
	d.runs(false, func(from, to int) {
		d.fill(gap, max(d.at(from)-half, d.plot.Min.X), d.plot.Min.Y, min(d.at(to-1)+half, d.plot.Max.X), d.plot.Max.Y)
	})
}

// values draws the least and the greatest value of each column, as one line for each run of them.
func (d *drawing) values() {
	style := draw.LineStyle{Color: signal, Width: 1}
	d.runs(true, func(from, to int) {
		var points []vg.Point
		for column := from; column < to; column++ {
			least, greatest, _ := d.Column(column, d.columns())
			x := d.at(column)
			points = append(points, vg.Point{X: x, Y: d.y(least)})
			if least != greatest {
				points = append(points, vg.Point{X: x, Y: d.y(greatest)})
			}
		}
		if len(points) == 1 {
			points = append(points, vg.Point{X: points[0].X + narrowest, Y: points[0].Y})
			points[0].X -= narrowest
		}
		d.StrokeLines(style, points)
	})
}

// lineLabel is what stands beside a line: its level's name, and its value. A line without a name is the other side of the one before it.
func (d *drawing) lineLabel(i int) string {
	if math.IsNaN(d.Lines[i].Value) {
		return ""
	}
	name := d.Lines[i].Name
	for before := i - 1; name == "" && before >= 0; before-- {
		name = d.Lines[before].Name
	}
	return d.clip(d.bold, name, 90) + " " + d.Format(d.Lines[i].Value)
}

// lines draws the levels over the values.
func (d *drawing) lines() {
	level := -1
	var taken []vg.Length
	for n, line := range d.Lines {
		if line.Name != "" {
			level++
		}
		if math.IsNaN(line.Value) {
			continue
		}
		i, y := max(level, 0)%len(levels), d.y(line.Value)
		d.StrokeLine2(draw.LineStyle{Color: levels[i], Width: 1.5, Dashes: dashes[i]}, d.plot.Min.X, y, d.plot.Max.X, y)
		at := y - 3.5
		for slices.ContainsFunc(taken, func(other vg.Length) bool { return math.Abs(float64(other-at)) < 11 }) {
			at += 11
		}
		taken = append(taken, at)
		d.text(d.bold, levels[i], d.plot.Max.X+6, at, d.lineLabel(n))
	}
}

// rows draws below the plot what each level did, and when it fired.
func (d *drawing) rows() {
	top := d.plot.Min.Y
	var names vg.Length
	for _, line := range d.named() {
		names = max(names, d.bold.Width(d.clip(d.bold, line.Name, width/3)))
	}
	legends := d.plot.Min.X + 1.2*names + 8 // a reader's font may be wider
	for i, line := range d.named() {
		c := levels[i%len(levels)]
		base := top - row
		d.text(d.bold, c, d.plot.Min.X, base+band+5, d.clip(d.bold, line.Name, width/3))
		if i < len(d.Legends) {
			d.text(d.regular, ink, legends, base+band+5, d.clip(d.regular, d.Legends[i], width-margin-legends))
		}
		d.fill(track, d.plot.Min.X, base, d.plot.Max.X, base+band)
		for _, t := range times(d.Start, d.End) {
			d.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.75}, d.x(t), base, d.x(t), base+band)
		}
		for _, span := range d.bands(line.Firing) {
			x0, x1 := d.x(span.From), d.x(span.To)
			if x1-x0 < narrowest {
				x0 = min(x0, d.plot.Max.X-narrowest)
				x1 = x0 + narrowest
			}
			d.fill(c, x0, base, x1, base+band)
		}
		top = base
	}
}

// bands are the spans, and if there are too many, those that touch as one.
func (d *drawing) bands(spans []plot.Span) []plot.Span {
	if len(spans) <= maxBands {
		return spans
	}
	near := time.Duration(float64(d.End.Sub(d.Start)) * float64(narrowest/d.plot.Size().X))
	var joined []plot.Span
	for _, span := range spans {
		if n := len(joined); n > 0 && span.From.Sub(joined[n-1].To) < near {
			if span.To.After(joined[n-1].To) {
				joined[n-1].To = span.To
			}
			continue
		}
		joined = append(joined, span)
	}
	return joined
}

// hasGaps reports whether there is a time without values.
func (d *drawing) hasGaps() (has bool) {
	d.runs(false, func(int, int) { has = true })
	return has
}

// footnote says what the time zone is, and what a gap looks like.
func (d *drawing) footnote() string {
	text := "times are UTC"
	if d.hasGaps() {
		text = "gray: no value · " + text
	}
	return text
}
