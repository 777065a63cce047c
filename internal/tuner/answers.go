package tuner

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
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
	// Note says at how many evaluations the rule fails, and why; empty when at none.
	Note string `json:"note,omitempty"`
}

type episodeAnswer struct {
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
	Series  string  `json:"series"`
	Pending float64 `json:"pending"`
	// Open: it still fired at the window's end.
	Open bool `json:"open,omitempty"`
}

// newLevelAnswer is the result as the page has it.
func newLevelAnswer(level Level, r *history.Result, w backtest.Window, asleep []bool) levelAnswer {
	a := levelAnswer{
		Level: level, Fires: r.Fires, PerWeek: float64(r.Fires) * float64(week) / float64(w.Length()), Firing: r.Firing.Seconds(),
		Longest: r.Longest.Seconds(), Series: r.Series, Episodes: make([]episodeAnswer, len(r.Episodes)), More: r.Fires - len(r.Episodes),
	}
	if r.Failed > 0 {
		a.Note = fmt.Sprintf("Prometheus cannot evaluate the alert at %d of %d evaluations: %v", r.Failed, w.Evaluations(), r.Failure)
	}
	for i, n := range r.Began {
		if asleep[i] {
			a.Asleep += int(n)
		}
	}
	for i, e := range r.Episodes {
		a.Episodes[i] = episodeAnswer{unixSeconds(e.FiredAt), unixSeconds(e.ResolvedAt), e.Name, unixSeconds(e.ActiveAt), e.IsOpen}
	}
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

// newSeriesAnswer is what is drawn, as the page has it.
func newSeriesAnswer(drawn []history.Drawn, times []time.Time, total int, r *history.Result) seriesAnswer {
	a := seriesAnswer{Series: make([]oneSeries, len(drawn)), Times: make([]float64, len(times)), Total: total}
	for i, t := range times {
		a.Times[i] = unixSeconds(t)
	}
	for i, d := range drawn {
		a.Series[i] = oneSeries{Labels: d.Labels, Name: d.Name, Min: d.Min, Max: d.Max}
		if r.SeriesFires != nil {
			fires := int(r.SeriesFires[d.Index])
			a.Series[i].Fires = &fires
		}
	}
	return a
}

type curveAnswer struct {
	// Points are in ascending order of levels.
	Points []curvePoint `json:"points"`
	// Present is the level as it is written; nil where there is no one number.
	Present *float64 `json:"present"`
	// Recommended is nil when there is none, and Absent says why.
	Recommended *recommendation `json:"recommended"`
	Absent      string          `json:"absent,omitempty"`
	// Inexact says why a replay of the levels counts otherwise.
	Inexact string `json:"inexact,omitempty"`
}

type curvePoint struct {
	Level float64 `json:"level"`
	Fires int     `json:"fires"`
}

type recommendation struct {
	curvePoint
	Why string `json:"why"`
}

// newCurveAnswer is the curve as the page has it; shown is the present level.
func newCurveAnswer(shown Level, points []backtest.Point, r backtest.Recommendation) curveAnswer {
	a := curveAnswer{Points: make([]curvePoint, len(points))}
	for i, p := range points {
		a.Points[i] = curvePoint{p.Value, p.Fires}
	}
	if len(points) > 0 {
		a.Present = cmp.Or(shown.Above, shown.Below)
	}
	if r.Found {
		a.Recommended = &recommendation{curvePoint{r.Level.Value, r.Fires}, r.Because}
	} else {
		a.Absent = r.Because
	}
	return a
}
