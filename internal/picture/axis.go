package picture

import (
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// maxTicks is how many values stand at the axis, at most.
const maxTicks = 6

// ticks are the values at the axis: round ones in their unit.
func (d *drawing) ticks() (values []float64) {
	step := d.tickStep()
	for i := math.Ceil(d.low / step); i*step <= d.high; i++ {
		v, _ := strconv.ParseFloat(strconv.FormatFloat(i*step, 'g', 10, 64), 64) // 3 times 0.1 is not 0.3
		values = append(values, v)
	}
	return values
}

// tickStep is the least round distance with which there are no more than maxTicks: a minute and more go by sixties.
func (d *drawing) tickStep() float64 {
	least := (d.high - d.low) / maxTicks
	if d.Unit == unit.Seconds && least > 30 {
		for _, step := range []float64{60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400} {
			if step >= least {
				return step
			}
		}
	}
	scale := d.Unit.Scale(d.high)
	power := scale * math.Pow(10, math.Floor(math.Log10(least/scale)))
	for _, step := range []float64{1, 2, 5} {
		if step*power >= least {
			return step * power
		}
	}
	return 10 * power
}

// valueAxis draws the values beside the plot, and a line for each.
func (d *drawing) valueAxis() {
	before := ""
	for _, v := range d.ticks() {
		y, text := d.y(v), d.Format(v)
		if text == before {
			continue // it is rounded
		}
		before = text
		d.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.75}, d.plot.Min.X, y, d.plot.Max.X, y)
		d.text(d.regular, faint, d.plot.Min.X-6-d.regular.Width(text), y-3.5, text)
	}
}

// timeAxis draws the times below all rows, and a line in the plot for each.
func (d *drawing) timeAxis() {
	bottom := footer
	free := d.plot.Min.X - margin
	note := d.footnote()
	noteAt := width - margin - d.regular.Width(note)
	for _, t := range times(d.Start, d.End) {
		x, text := d.x(t), label(t, d.End.Sub(d.Start))
		d.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.75}, x, d.plot.Min.Y, x, d.plot.Max.Y)
		w := d.regular.Width(text)
		at := max(x-w/2, margin)
		if at < free || at+w > width-margin {
			continue
		}
		d.text(d.regular, faint, at, bottom-14, text)
		free = at + w + 8
	}
	d.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.75}, d.plot.Min.X, d.plot.Min.Y, d.plot.Max.X, d.plot.Min.Y)
	d.text(d.regular, faint, noteAt, 8, note)
}

const (
	day      = 24 * time.Hour
	maxTimes = 9
)

// times are round ones between the two, in UTC.
func times(start, end time.Time) (all []time.Time) {
	step := 52 * 7 * day
	for _, s := range []time.Duration{
		time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day,
	} {
		if end.Sub(start) <= maxTimes*s {
			step = s
			break
		}
	}
	for t := start.UTC().Truncate(step); !t.After(end); t = t.Add(step) {
		if !t.Before(start) {
			all = append(all, t)
		}
	}
	return all
}

// label is a time as it stands below the picture, by the length of the whole.
func label(t time.Time, length time.Duration) string {
	switch {
	case length > 200*day:
		return t.Format("Jan 2 2006")
	case t.Equal(t.Truncate(day)):
		return t.Format("Mon Jan 2")
	default:
		return t.Format("15:04")
	}
}
