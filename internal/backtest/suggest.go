package backtest

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// criticalHeadroom is how many times further a critical level lies than the tightest one that would not have fired: it is for
// what has not been seen yet.
const criticalHeadroom = 1.25

// Suggestion is a level for a value that has none yet.
type Suggestion struct {
	Recommendation

	// Longest is the longest that one series' alert would have fired.
	Longest time.Duration
}

// Suggest returns levels with the comparison and durations of the plan's first: a warning that fires at most once in any week
// and, where it lies beyond that, a critical one that does not fire. When no warning is found, it is the only one and says why.
func (h *History) Suggest(plan *rules.Plan) ([]Suggestion, error) {
	sweep, err := NewSweep(h.Window, plan)
	if err != nil {
		return nil, err
	}
	if err := h.replay(sweep.Ingest); err != nil {
		return nil, err
	}
	c := sweep.curve(0)
	warning, err := h.warning(sweep, &c)
	if err != nil {
		return nil, err
	}
	critical := sweep.critical(&c)
	if !warning.Found || !critical.Found || !critical.Level.Worse(critical.Level.Value, warning.Level.Value) {
		return []Suggestion{warning}, nil
	}
	return []Suggestion{warning, {Recommendation: critical}}, nil
}

// warning is the tightest level whose fires are a week apart. The sweep counts them and does not know when they are, so they are
// replayed.
func (h *History) warning(sweep *Sweep, c *levelSweep) (Suggestion, error) {
	for limit := sweep.limit(OnceAWeek); ; limit-- {
		s := Suggestion{Recommendation: sweep.recommend(c, OnceAWeek, limit)}
		s.Level.Severity = "warning"
		if !s.Found {
			return s, nil
		}
		replay, err := NewReplay(h.Window, []rules.Level{s.Level})
		if err != nil {
			return s, err
		}
		if err := h.replay(replay.Ingest); err != nil {
			return s, err
		}
		result := replay.Result().Levels[0]
		if s.Longest = result.Longest; limit <= 1 || weekApart(result.Episodes) {
			return s, nil
		}
	}
}

// weekApart reports whether no week has two of the episodes, not even the end of one and the beginning of the next.
func weekApart(episodes []Episode) bool {
	for i := 1; i < len(episodes); i++ {
		if resolved := episodes[i-1].ResolvedAt; resolved.IsZero() || episodes[i].FiredAt.Sub(resolved) < week {
			return false
		}
	}
	return true
}

// critical is the tightest level that does not fire, moved away from what has been seen where the value can still cross it then.
func (s *Sweep) critical(c *levelSweep) Recommendation {
	r := s.recommend(c, 0, 0)
	r.Level.Severity = "critical"
	value := r.Level.Value * criticalHeadroom
	if r.Level.Comparison == rules.Below {
		value = r.Level.Value / criticalHeadroom
	}
	if value = c.level.written(c.level.orient(value), 2); r.Found && s.crossable(r.Level.Comparison, value) {
		r.Level.Value, r.Because = value, r.Because+", with a quarter of headroom"
	}
	return r
}
