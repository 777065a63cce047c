package tuner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

// maxCurves is how many curves are kept.
const maxCurves = 100

// cachedResult is the latest result of a severity, and what it is of.
type cachedResult struct {
	level  rules.Level
	expr   string
	result *history.Result
}

type curveKey struct {
	severity           string
	forSteps, keepStep int
}

type firedAnswer struct {
	Episodes []Fired `json:"episodes"`
	Absent   string  `json:"absent,omitempty"`
}

// current returns the target as it was last applied.
func (s *Server) current() Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.target
}

func (s *Server) checkReady() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready {
		return statusError{http.StatusConflict, errors.New("the samples are not read yet: wait for the event ready of api/progress, or retry what failed")}
	}
	return nil
}

// level returns the changed level of a severity that the target has, as it is replayed and as the page has it.
func (c *Change) level(severity string) (rules.Level, Level) {
	i := slices.IndexFunc(c.levels, func(l rules.Level) bool { return l.Severity == severity })
	return c.levels[i], c.shown[i]
}

// result replays a level of a change. The latest of each severity is kept: of several levels, mostly one is moved.
func (s *Server) result(ctx context.Context, level rules.Level, change *Change) (*history.Result, error) {
	s.replayMu.Lock()
	defer s.replayMu.Unlock()
	cached := s.results[level.Severity]
	if cached.result != nil && cached.level == level && cached.expr == change.answer.Expr {
		return cached.result, nil
	}
	var result *history.Result
	if s.samplesAreByLevel() {
		result = s.Samples.Replay(level)
	} else {
		var err error
		if result, err = change.replay(ctx, s.Samples, level); err != nil {
			return nil, err
		}
	}
	s.results[level.Severity] = cachedResult{level, change.answer.Expr, result}
	return result, nil
}

// replay answers what the levels, or all as they are when there are none, would have done.
func (s *Server) replay(ctx context.Context, levels []Level) ([]levelAnswer, error) {
	target := s.current()
	if len(levels) == 0 {
		levels = target.present()
	}
	change, err := target.change(levels)
	if err != nil {
		return nil, badRequest(err)
	}
	answers := make([]levelAnswer, len(levels))
	for i, l := range levels {
		level, shown := change.level(l.Severity)
		result, err := s.result(ctx, level, change)
		if err != nil {
			return nil, err
		}
		answers[i] = newLevelAnswer(shown, result, s.Samples.Window(), s.asleep)
	}
	return answers, nil
}

// curve answers how often other values of the level would have fired.
func (s *Server) curve(level rules.Level, change *Change) (curveAnswer, error) {
	if change.fixed {
		return curveAnswer{Points: []curvePoint{}, Absent: "the rule has no level: it fires where its expression has a sample"}, nil
	}
	key := curveKey{level.Severity, s.Samples.Steps(level.For), s.Samples.Steps(level.KeepFiringFor)}
	s.curveMu.Lock()
	defer s.curveMu.Unlock()
	answer, known := s.curves[key]
	if known {
		return answer, nil
	}
	points, recommended, err := s.Samples.Curve(level, s.current().value())
	if errors.Is(err, backtest.ErrReplay) {
		return curveAnswer{Points: []curvePoint{}, Absent: err.Error()}, nil
	}
	if err != nil {
		return curveAnswer{}, err
	}
	_, shown := change.level(level.Severity)
	answer = newCurveAnswer(shown, points, recommended)
	if !s.samplesAreByLevel() {
		answer.Inexact = "other levels are counted as if each series were an alert: here labels of alerts vary or are the same, alerts are limited, or evaluations fail"
	}
	if len(s.curves) >= maxCurves {
		clear(s.curves)
	}
	s.curves[key] = answer
	return answer, nil
}

// samplesAreByLevel reports whether alerts are those of a level, one for each series.
func (s *Server) samplesAreByLevel() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isByLevel
}

// apply applies the levels, or asks what would be said to them. What is applied is what the page shows from then on.
func (s *Server) apply(ctx context.Context, levels []Level, dryRun bool) (Applied, error) {
	if s.Apply == nil {
		return Applied{}, badRequest(fmt.Errorf("the levels cannot be applied: %s", s.ApplyAbsent))
	}
	target := s.current()
	change, err := target.change(levels)
	if err != nil {
		return Applied{}, badRequest(err)
	}
	now, ok := target.(*threshold)
	if !ok || !change.answer.Changed {
		return Applied{}, badRequest(errors.New("there is nothing to apply: no level was changed"))
	}
	applied, err := s.Apply(ctx, now.resource, change, dryRun)
	if err != nil || dryRun {
		return applied, err
	}
	next, err := NewThreshold(applied.Resource, now.options)
	if err != nil {
		return applied, err
	}
	s.mu.Lock()
	s.target = next
	s.mu.Unlock()
	s.curveMu.Lock()
	clear(s.curves)
	s.curveMu.Unlock()
	return applied, nil
}

// whatFired answers what fired, asked once.
func (s *Server) whatFired(ctx context.Context) firedAnswer {
	s.mu.Lock()
	known := s.fired
	s.mu.Unlock()
	if known != nil {
		return *known
	}
	answer := firedAnswer{Episodes: []Fired{}}
	episodes, err := s.Fired(ctx)
	switch {
	case err != nil:
		answer.Absent = err.Error()
		return answer
	case len(episodes) == 0:
		answer.Absent = "Prometheus has no firing alert of this name in the window: none fired, or it does not evaluate the rule"
	default:
		answer.Episodes = episodes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fired = &answer
	return answer
}
