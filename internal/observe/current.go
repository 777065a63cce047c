package observe

import (
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// setCurrent sets the value of the worst series: the one that is nearest to a line or furthest beyond it.
// The labels that the rule itself adds are the same for every series, and are left out.
func (o *Observation) setCurrent(unit signal.Unit, lines []rules.Level, all []series, rule *loadedRule) {
	var worst *series
	var least distance
	for i := range all {
		if d := nearest(lines, all[i].value); worst == nil || d.isWorse(least) {
			worst, least = &all[i], d
		}
	}
	if worst == nil {
		return
	}
	o.Current = Format(unit, worst.value)
	if len(all) > 1 {
		o.CurrentLabels = worst.labels.Map()
		rule.labels.Range(func(l labels.Label) { delete(o.CurrentLabels, l.Name) })
	}
	if !math.IsInf(least.headroom, 0) && !math.IsNaN(least.headroom) {
		o.Headroom = strconv.FormatFloat(math.Round(least.headroom*100)+0, 'f', 0, 64) + "%"
	}
}

// room reads a headroom as a part of the line.
func parseHeadroom(headroom string) (part float64, ok bool) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(headroom, "%"), 64)
	return percent / 100, err == nil
}

// distance is how far a value is from a line: negative beyond it.
type distance struct {
	// room is a part of the line; not a number for a line at zero.
	headroom float64
	// gap is in the unit of the value.
	gap float64
}

// before reports whether d is nearer to its line, or further beyond it. Values at a line of zero go by their gap.
func (d distance) isWorse(other distance) bool {
	if math.IsNaN(d.headroom) || math.IsNaN(other.headroom) || d.headroom == other.headroom {
		return d.gap < other.gap
	}
	return d.headroom < other.headroom
}

// nearest is the least distance from any of the lines.
func nearest(lines []rules.Level, value float64) distance {
	least := distance{headroom: math.Inf(1), gap: math.Inf(1)}
	for i, line := range lines {
		d := distance{headroom: math.NaN(), gap: line.Distance(value)}
		if line.Value != 0 {
			d.headroom = d.gap / math.Abs(line.Value)
		}
		if i == 0 || d.isWorse(least) {
			least = d
		}
	}
	return least
}

// Format writes a measured value in its unit with three significant digits, and never fewer than its whole digits: 1.21s,
// 43.2ms, 12345/s.
func Format(unit signal.Unit, value float64) string {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	switch {
	case unit == signal.Seconds && math.Abs(value) < 1:
		return signal.Number.Format(round(value*1000)) + "ms"
	case unit == signal.Ratio:
		return unit.Format(round(value*100) / 100)
	default:
		return unit.Format(round(value))
	}
}

func round(value float64) float64 {
	if math.Abs(value) >= 100 {
		return math.Round(value)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 3, 64), 64)
	return rounded
}
