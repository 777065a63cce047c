package observe

import (
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// setCurrent sets the value of the worst series: the one that is nearest to a level or furthest beyond it.
// The labels that the rule itself adds, if there is one, are the same for every series, and are left out.
func (o *Observation) setCurrent(unit unit.Unit, levels []rules.Level, all []series, rule *loadedRule) {
	var worst *series
	var least distance
	for i := range all {
		if d := nearest(levels, all[i].value); worst == nil || d.isWorse(least) {
			worst, least = &all[i], d
		}
	}
	if worst == nil {
		return
	}
	o.Current = Format(unit, worst.value)
	if len(all) > 1 {
		o.CurrentLabels = worst.labels.Map()
		if rule != nil {
			rule.labels.Range(func(l labels.Label) { delete(o.CurrentLabels, l.Name) })
		}
	}
	if !math.IsInf(least.headroom, 0) && !math.IsNaN(least.headroom) {
		o.headroom = least.headroom
		o.Headroom = strconv.FormatFloat(math.Round(least.headroom*100)+0, 'f', 0, 64) + "%"
	}
}

// distance is how far a value is from a level: negative beyond it.
type distance struct {
	// room is a part of the level; not a number for a level at zero.
	headroom float64
	// gap is in the unit of the value.
	gap float64
}

// before reports whether d is nearer to its level, or further beyond it. Values at a level of zero go by their gap.
func (d distance) isWorse(other distance) bool {
	if math.IsNaN(d.headroom) || math.IsNaN(other.headroom) || d.headroom == other.headroom {
		return d.gap < other.gap
	}
	return d.headroom < other.headroom
}

// nearest is the least distance from any of the levels, none of which is a band.
func nearest(levels []rules.Level, value float64) distance {
	least := distance{headroom: math.Inf(1), gap: math.Inf(1)}
	for i, level := range levels {
		d := distance{headroom: math.NaN(), gap: level.Distance(value)}
		if level.Value != 0 {
			d.headroom = d.gap / math.Abs(level.Value)
		}
		if i == 0 || d.isWorse(least) {
			least = d
		}
	}
	return least
}

// Format writes a measured value in its unit with three significant digits, and never fewer than its whole digits: 1.21s,
// 43.2ms, 12345/s.
func Format(u unit.Unit, value float64) string {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	switch {
	case u == unit.Seconds && math.Abs(value) < 1:
		return unit.Number.Format(round(value*1000)) + "ms"
	case u == unit.Ratio:
		return u.Format(round(value*100) / 100)
	default:
		scale := u.Scale(value)
		return u.Format(round(value/scale) * scale)
	}
}

func round(value float64) float64 {
	if math.Abs(value) >= 100 {
		return math.Round(value)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 3, 64), 64)
	return rounded
}
