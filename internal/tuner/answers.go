package tuner

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// People sleep from sleepHour to wakeHour, local time.
	sleepHour, wakeHour = 22, 7
	week                = 7 * 24 * time.Hour
)

// unixSeconds is a time as the page has it.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// asleep says of each evaluation of the window whether people sleep then.
func asleep(w backtest.Window, zone *time.Location) []bool {
	all := make([]bool, w.Evaluations())
	for i := range all {
		hour := w.Start.Add(time.Duration(i) * w.Step).In(zone).Hour()
		all[i] = hour >= sleepHour || hour < wakeHour
	}
	return all
}

// levelAnswer is what a level would have done, as the page has it.
type levelAnswer struct {
	Level
	Fires   int     `json:"fires"`
	PerWeek float64 `json:"perWeek"`
	// Firing and Longest are in seconds.
	Firing  float64 `json:"firing"`
	Longest float64 `json:"longest"`
	// Asleep is how many of the fires began while people sleep, Series how many series fired.
	Asleep   int             `json:"asleep"`
	Series   int             `json:"series"`
	Episodes []episodeAnswer `json:"episodes"`
	// More is how many episodes are left out, which are shorter.
	More int `json:"more"`
}

type episodeAnswer struct {
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
	Series  string  `json:"series"`
	Pending float64 `json:"pending"`
	// Open: it still fired at the window's end.
	Open bool `json:"open,omitempty"`
}

// answer is the result as the page has it.
func (r *levelResult) answer(level Level, w backtest.Window, asleep []bool) levelAnswer {
	a := levelAnswer{
		Level: level, Fires: r.fires, PerWeek: float64(r.fires) * float64(week) / float64(w.Length()),
		Firing: float64(r.firingSteps()) * w.Step.Seconds(), Longest: float64(r.longest) * w.Step.Seconds(), Episodes: []episodeAnswer{},
	}
	for i, n := range r.began {
		if asleep[i] {
			a.Asleep += int(n)
		}
	}
	for _, n := range r.seriesFires {
		if n > 0 {
			a.Series++
		}
	}
	at := func(n int) float64 { return unixSeconds(w.Start.Add(time.Duration(n) * w.Step)) }
	for _, e := range r.episodes() {
		a.Episodes = append(a.Episodes, episodeAnswer{at(e.fired), at(e.resolved), r.series[e.series].name, at(e.active), e.isOpen})
	}
	a.More = a.Fires - len(a.Episodes)
	return a
}

// numbers are values for drawing: of six digits, and null for what is none.
type numbers []float64

// MarshalJSON writes the numbers.
func (n numbers) MarshalJSON() ([]byte, error) {
	text := make([]byte, 1, 8*len(n)+2)
	text[0] = '['
	for i, v := range n {
		if i > 0 {
			text = append(text, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			text = append(text, "null"...)
		} else {
			text = strconv.AppendFloat(text, v, 'g', 6, 64)
		}
	}
	return append(text, ']'), nil
}

type seriesAnswer struct {
	Series []oneSeries `json:"series"`
	// Times are where the buckets of time begin.
	Times []float64 `json:"times"`
	Total int       `json:"total"`
}

type oneSeries struct {
	Labels model.Metric `json:"labels"`
	Name   string       `json:"name"`
	Min    numbers      `json:"min"`
	Max    numbers      `json:"max"`
	// Fires is how often its alert fired at the present level; nil where alerts are not those of single series.
	Fires *int `json:"fires"`
}

// drawn returns the least and greatest number of every series in so many buckets of time, of the worst series by the level, at most limit.
// fires is how often each series fired; nil where that is not known.
func (s *Samples) drawn(level rules.Level, fires []int32, width, limit int) seriesAnswer {
	type ranked struct {
		series int
		worst  float64
	}
	order := make([]ranked, len(s.series))
	for i := range s.series {
		least, greatest := s.series[i].extremes()
		order[i] = ranked{i, math.Inf(-1)}
		if least <= greatest {
			order[i].worst = max(level.Orient(least), level.Orient(greatest))
		}
	}
	slices.SortFunc(order, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.worst, a.worst), cmp.Compare(s.series[a.series].key, s.series[b.series].key))
	})
	n := s.window.Evaluations()
	width = min(width, n)
	answer := seriesAnswer{Series: []oneSeries{}, Times: make([]float64, width), Total: len(s.series)}
	for i := range answer.Times {
		answer.Times[i] = unixSeconds(s.at(i * n / width))
	}
	for _, r := range order[:min(limit, len(order))] {
		one := &s.series[r.series]
		drawn := oneSeries{Labels: one.metric, Name: one.name, Min: make(numbers, width), Max: make(numbers, width)}
		if fires != nil {
			n := int(fires[r.series])
			drawn.Fires = &n
		}
		for i := range width {
			drawn.Min[i], drawn.Max[i] = one.between(i*n/width, (i+1)*n/width)
		}
		answer.Series = append(answer.Series, drawn)
	}
	return answer
}

// between returns the least and the greatest number at evaluations from one up to another; NaN when there is none.
func (s *series) between(from, to int) (least, greatest float64) {
	least, greatest = math.Inf(1), math.Inf(-1)
	for from < to {
		end := min(to, from-from%blockSize+blockSize)
		if from/blockSize >= len(s.blocks) {
			break
		}
		switch b := s.blocks[from/blockSize]; {
		case b == nil:
		case end-from == blockSize:
			least, greatest = min(least, b.min), max(greatest, b.max)
		default:
			for _, v := range b.values[from%blockSize : (end-1)%blockSize+1] {
				if v < least {
					least = v
				}
				if v > greatest {
					greatest = v
				}
			}
		}
		from = end
	}
	if least > greatest {
		return math.NaN(), math.NaN()
	}
	return least, greatest
}
