package backtest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

var twoWeeks = Window{Start: start, End: start.Add(2 * week), Step: 10 * time.Minute}

// spike is a height of 20 minutes on some day.
type spike struct{ day, height float64 }

// spiky is two weeks between 1 and 1.09 with spikes.
func spiky(name string, spikes ...spike) *model.SampleStream {
	values := make([]float64, twoWeeks.Evaluations())
	for i := range values {
		values[i] = 1 + float64(i%10)/100
	}
	for _, s := range spikes {
		copy(values[int(s.day*144):], []float64{s.height, s.height, s.height})
	}
	return series(twoWeeks, name, 0, values...)
}

func suggest(t *testing.T, level rules.Level, greatest float64, samples ...*model.SampleStream) (*History, []Suggestion) {
	t.Helper()
	h := &History{Window: twoWeeks}
	if err := h.Ingest(samples, twoWeeks.End); err != nil {
		t.Fatal(err)
	}
	got, err := h.Suggest(&rules.Plan{Levels: []rules.Level{level}, Value: rules.Value{Unit: level.Unit, Max: greatest}})
	if err != nil {
		t.Fatal(err)
	}
	return h, got
}

func TestSuggest(t *testing.T) {
	above := rules.Level{Comparison: rules.Above, Unit: unit.Seconds, For: 10 * time.Minute}
	below := rules.Level{Comparison: rules.Below, Value: 1, Unit: unit.Ratio, For: 10 * time.Minute}
	const over = "over 14d (100% covered)"
	const once, never, headroom = "fires at most once a week " + over, "does not fire " + over, "does not fire " + over + ", with a quarter of headroom"
	for _, tt := range []struct {
		name     string
		level    rules.Level
		greatest float64
		samples  []*model.SampleStream
		want     []string
	}{
		{
			"the third spike is the limit, the first has headroom", above, math.Inf(1), []*model.SampleStream{spiky("a", spike{1, 4}, spike{4, 2}, spike{10, 3})},
			[]string{"warning > 2s: " + once + ", twice, longest 20m", "critical > 5s: " + headroom + ", 0 times, longest 0s"},
		},
		{
			"two in one week count as too many", above, math.Inf(1), []*model.SampleStream{spiky("a", spike{1, 4}, spike{4, 3}, spike{10, 2})},
			[]string{"warning > 3s: " + once + ", once, longest 20m", "critical > 5s: " + headroom + ", 0 times, longest 0s"},
		},
		{
			"so do two series at once", above, math.Inf(1), []*model.SampleStream{spiky("a", spike{1, 4}, spike{10, 2}), spiky("b", spike{1, 3})},
			[]string{"warning > 3s: " + once + ", once, longest 20m", "critical > 5s: " + headroom + ", 0 times, longest 0s"},
		},
		{
			"without room, critical has no headroom", above, 4.5, []*model.SampleStream{spiky("a", spike{1, 4}, spike{4, 2}, spike{10, 3})},
			[]string{"warning > 2s: " + once + ", twice, longest 20m", "critical > 4s: " + never + ", 0 times, longest 0s"},
		},
		{
			"at its greatest, there is no critical level", above, 4, []*model.SampleStream{spiky("a", spike{1, 4}, spike{4, 2}, spike{10, 3})},
			[]string{"warning > 2s: " + once + ", twice, longest 20m"},
		},
		{
			"below", below, 1.1, []*model.SampleStream{spiky("a", spike{1, 0.5}, spike{4, 0.9}, spike{10, 0.8})},
			[]string{"warning < 90%: " + once + ", twice, longest 20m", "critical < 40%: " + headroom + ", 0 times, longest 0s"},
		},
		{
			"constant", above, math.Inf(1), []*model.SampleStream{series(twoWeeks, "a", 0, slices.Repeat([]float64{3}, twoWeeks.Evaluations())...)},
			[]string{"none: the value tells no level from another: it hardly changed " + over},
		},
		{
			"less than a day", above, math.Inf(1), []*model.SampleStream{series(twoWeeks, "a", 0, slices.Repeat([]float64{3, 4}, 60)...)},
			[]string{"none: the signal must have had a value for at least 1d: it had one for 19h59m24s over 14d (5% covered)"},
		},
		{
			"not a number", above, math.Inf(1), []*model.SampleStream{series(twoWeeks, "a", 0, slices.Repeat([]float64{math.NaN()}, twoWeeks.Evaluations())...)},
			[]string{"none: the signal must have had a value for at least 1d: it had one for 0s over 14d (0% covered)"},
		},
		{
			"infinite", above, math.Inf(1), []*model.SampleStream{spiky("a", spike{1, math.Inf(1)}, spike{4, math.Inf(1)}, spike{10, math.Inf(1)})},
			[]string{"none: no level above which the value can cross fires so seldom " + over},
		},
		{"no series", above, math.Inf(1), nil, []string{"none: the signal must have had a value for at least 1d: it had one for 0s over 14d (0% covered)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, all := suggest(t, tt.level, tt.greatest, tt.samples...)
			var got []string
			for _, s := range all {
				if !s.Found {
					got = append(got, "none: "+s.Because)
					continue
				}
				got = append(got, fmt.Sprintf("%s %s: %s, %s, longest %s", s.Level.Severity, s.Level, s.Because, FormatTimes(s.Fires), FormatDuration(s.Longest)))
				checkQuiet(t, h, s.Level)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

// checkQuiet holds that no week of the history has two fires of the level.
func checkQuiet(t *testing.T, h *History, level rules.Level) {
	t.Helper()
	for from := 0; from+1008 < h.Window.Evaluations(); from += 36 {
		w := Window{Start: h.Window.at(from), End: h.Window.at(from + 1008), Step: h.Window.Step}
		var part model.Matrix
		for _, s := range h.parts[0].series {
			values := slices.DeleteFunc(slices.Clone(s.Values), func(p model.SamplePair) bool {
				return p.Timestamp.Time().Before(w.Start) || p.Timestamp.Time().After(w.End)
			})
			part = append(part, &model.SampleStream{Metric: s.Metric, Values: values})
		}
		if got := replayOf(t, w, []rules.Level{level}, part...).Levels[0].Fires; got > 1 {
			t.Errorf("%s fires %d times in the week from %s", level, got, w.Start)
		}
	}
}

func TestSummarise(t *testing.T) {
	nan := math.NaN()
	for name, tt := range map[string]struct {
		falls   bool
		samples []*model.SampleStream
		want    Summary
	}{
		"none":           {false, nil, Summary{0, nan, nan, nan, nan}},
		"only NaN":       {false, []*model.SampleStream{series(minutes(3), "a", 0, nan, nan)}, Summary{0, nan, nan, nan, nan}},
		"one":            {false, []*model.SampleStream{series(minutes(3), "a", 0, 3, 1, 2)}, Summary{1, 2, 1, 2, 3}},
		"gone at end":    {false, []*model.SampleStream{series(minutes(3), "a", 0, 3, 1)}, Summary{1, nan, 1, 3, 3}},
		"the worst":      {false, []*model.SampleStream{series(minutes(3), "a", 2, 3), series(minutes(3), "b", 2, 4)}, Summary{2, 4, 3, 4, 4}},
		"low is worse":   {true, []*model.SampleStream{series(minutes(3), "a", 2, 3), series(minutes(3), "b", 2, 4)}, Summary{2, 3, 3, 4, 4}},
		"infinite is so": {false, []*model.SampleStream{series(minutes(3), "a", 2, math.Inf(1))}, Summary{1, math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)}},
	} {
		h := &History{Window: minutes(3)}
		if err := h.Ingest(tt.samples, h.Window.End); err != nil {
			t.Fatal(err)
		}
		if got := h.Summarise(tt.falls); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}
