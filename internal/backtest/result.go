package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Result is what levels did over a window.
type Result struct {
	// Window is what was replayed.
	Window Window
	// Coverage is the share of the evaluations at which the signal had a value, from 0 to 1. NaN is none.
	Coverage float64
	// Levels are the levels' results, in the levels' order.
	Levels []LevelResult
	// Failed is at how many evaluations a rule fails, and Failure why it did first; nil when it never did.
	Failed  int
	Failure error
}

// LevelResult is what one level did. An alert that fires at one evaluation fires until the next; the last evaluation is
// the window's end, so what begins to fire there has fired for no time yet.
type LevelResult struct {
	Level rules.Level
	// Fires is how often an alert began to fire, over all series.
	Fires int
	// Firing is for how long at least one series' alert fired.
	Firing time.Duration
	// Longest is the longest that one series' alert fired without a break.
	Longest time.Duration
	// LastFired is when an alert last began to fire; zero if none did.
	LastFired time.Time
	// Worst are the labels of the series whose alert fired for the longest time in all; nil if none did.
	Worst map[string]string
	// Episodes are in the order in which they began to fire, and at the same evaluation in that of their labels.
	Episodes []Episode
}

// Episode is an alert that fired. Its times are evaluations.
type Episode struct {
	// Labels are the series', without its name; they must not be changed.
	Labels map[string]string
	// ActiveAt is when the value crossed the level, FiredAt when the alert began to fire.
	ActiveAt, FiredAt time.Time
	// ResolvedAt is the first evaluation at which the alert no longer fired; zero if it still did at the window's end.
	ResolvedAt time.Time
}

// summarise sorts the level's episodes and counts.
func (f *ingester) summarise(l replayLevel) LevelResult {
	slices.SortFunc(l.episodes, func(a, b episode) int {
		return cmp.Or(cmp.Compare(a.fired, b.fired), f.compare(a.series, b.series))
	})
	result := LevelResult{Level: l.level, Fires: len(l.episodes), Episodes: make([]Episode, len(l.episodes))}
	last := max(f.next-1, 0)
	reached := 0 // until when some alert has been counted as firing
	longest, union := 0, 0
	for i, e := range l.episodes {
		result.Episodes[i] = f.episode(e)
		if e.resolved == none {
			e.resolved = last
		}
		longest = max(longest, e.resolved-e.fired)
		union += max(0, e.resolved-max(reached, e.fired))
		reached = max(reached, e.resolved)
		result.LastFired = f.window.at(e.fired)
	}
	result.Firing = time.Duration(union) * f.window.Step
	result.Longest = time.Duration(longest) * f.window.Step
	result.Worst = f.worst(l.episodes, last)
	return result
}

func (f *ingester) episode(e episode) Episode {
	episode := Episode{Labels: f.labels[e.series], ActiveAt: f.window.at(e.active), FiredAt: f.window.at(e.fired)}
	if e.resolved != none {
		episode.ResolvedAt = f.window.at(e.resolved)
	}
	return episode
}

// worst are the labels of the series that fired for the longest time; of several, of the one that fired more often, and
// then of the first by its labels.
func (f *ingester) worst(episodes []episode, last int) map[string]string {
	if len(episodes) == 0 {
		return nil
	}
	type account struct{ steps, fires int }
	accounts := make([]account, len(f.labels))
	for _, e := range episodes {
		if e.resolved == none {
			e.resolved = last
		}
		accounts[e.series].steps += e.resolved - e.fired
		accounts[e.series].fires++
	}
	worst := 0
	for series, a := range accounts {
		most := accounts[worst]
		if cmp.Or(cmp.Compare(a.steps, most.steps), cmp.Compare(a.fires, most.fires), f.compare(worst, series)) > 0 {
			worst = series
		}
	}
	return f.labels[worst]
}
