package tuner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

// Target is what is tuned: see NewThreshold and NewRule.
type Target interface {
	// header is what the page shows of it.
	header() header
	// present are its levels as they are now.
	present() []Level
	// change returns it with those of the levels that have the severity of one of its own. The error says which is not possible.
	change(levels []Level) (*Change, error)
	// value is what the levels are compared with.
	value() rules.Value
	// isByLevel reports whether its alerts are those of a level, one for each series: else only the change's rule can replay them.
	isByLevel(s *history.Samples) bool
}

// header is what the page shows of a target.
type header struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Alert     string `json:"alert"`
	Expr      string `json:"expr"`
	Unit      string `json:"unit"`
}

// Level is a level as the page has it: values in the base unit, durations in seconds.
type Level struct {
	Severity      string   `json:"severity"`
	Above         *float64 `json:"above,omitempty"`
	Below         *float64 `json:"below,omitempty"`
	For           float64  `json:"for"`
	KeepFiringFor float64  `json:"keepFiringFor"`
	// Fixed: there is no number to move.
	Fixed bool `json:"fixed,omitempty"`
	// Text is the level as people write it.
	Text string `json:"text,omitempty"`
}

// newLevel returns the level as the page has it.
func newLevel(l rules.Level) Level {
	level := Level{Severity: l.Severity, For: l.For.Seconds(), KeepFiringFor: l.KeepFiringFor.Seconds(), Text: l.String()}
	for _, side := range l.Sides() {
		if side.Comparison == rules.Below {
			level.Below = &side.Value
		} else {
			level.Above = &side.Value
		}
	}
	return level
}

// maxDuration is the longest for and keepFiringFor: nobody waits longer, and no sum with it overflows.
const maxDuration = 365 * 24 * time.Hour

// durations reads those of the level, to the millisecond, as Prometheus does.
func (l Level) durations() (forDuration, keepFiringFor time.Duration, err error) {
	for _, seconds := range []float64{l.For, l.KeepFiringFor} {
		if !(seconds >= 0 && seconds <= maxDuration.Seconds()) {
			return 0, 0, fmt.Errorf("level %s: for and keepFiringFor must be from 0s to a year", l.Severity)
		}
	}
	read := func(seconds float64) time.Duration {
		return time.Duration(math.Round(seconds*1000)) * time.Millisecond
	}
	return read(l.For), read(l.KeepFiringFor), nil
}

// Change is a target with other levels.
type Change struct {
	// levels are those to replay.
	levels []rules.Level
	// shown are the same as the page has them.
	shown []Level
	// ruleOf is the rule of a level's alerts, which says where they are not those of single series. fixed: there is no level to move.
	ruleOf func(rules.Level) alert.Rule
	fixed  bool
	// Resource is the changed threshold; nil for a rule.
	Resource *v1alpha1.AlertThreshold
	answer   changeAnswer
}

// replay evaluates the level's rule where its alerts are not those of single series.
func (c *Change) replay(ctx context.Context, s *history.Samples, level rules.Level) (*history.Result, error) {
	crosses := func(v float64) bool { return c.fixed || level.Crossed(v) }
	return s.ReplayRule(ctx, c.ruleOf(level), crosses)
}

// changeAnswer is what a person takes along.
type changeAnswer struct {
	YAML    string `json:"yaml"`
	Patch   string `json:"patch"`
	Command string `json:"command"`
	Expr    string `json:"expr"`
	Changed bool   `json:"changed"`
}

// findLevel returns the level of a severity, and whether there is one.
func findLevel(levels []Level, severity string) (Level, bool) {
	i := slices.IndexFunc(levels, func(l Level) bool { return l.Severity == severity })
	if i < 0 {
		return Level{}, false
	}
	return levels[i], true
}

// checkSeverities refuses levels that the target has not, or that are given twice.
func checkSeverities(of, levels []Level) error {
	for i, l := range levels {
		if _, known := findLevel(of, l.Severity); !known {
			return fmt.Errorf("there is no level of severity %q: reload the page", l.Severity)
		}
		if _, twice := findLevel(levels[:i], l.Severity); twice {
			return fmt.Errorf("level %s is given twice", l.Severity)
		}
	}
	return nil
}

// formatDuration writes a duration of a spec; empty for none.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return model.Duration(d).String()
}

var errNotANumber = errors.New("must be a number")

// checkNumbers refuses what is no number.
func (l Level) checkNumbers() error {
	for _, v := range []*float64{l.Above, l.Below} {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			return fmt.Errorf("level %s: %w", l.Severity, errNotANumber)
		}
	}
	return nil
}
