package webhook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Past is where proposed levels are tried: a Prometheus, none when its URL is empty, how far to look back in it, and the
// time between two evaluations of rules.
type BacktestOptions struct {
	promapi.Options
	Window, Step time.Duration
}

// past tries levels on what Prometheus holds. It is a forecaster: what was is taken for what will be.
type past struct {
	prometheus *promapi.Client
	// window is how far it looks back, step the time between two evaluations.
	window, step time.Duration
	now          func() time.Time
}

// looks is at how many times of the window it is seen whether there is a value. Episodes are found exactly; asking for
// every sample to know the coverage as well takes several times as long.
const coverageSamples = 200

// Forecast replays the levels of both plans. A level that is in force as it is proposed is not spoken of.
func (p *past) Forecast(ctx context.Context, present, proposed *rules.Plan) ([]string, error) {
	changed := proposed.Levels
	if present != nil && present.Value.Expr == proposed.Value.Expr {
		changed = slices.DeleteFunc(slices.Clone(changed), func(level rules.Level) bool { return slices.Contains(present.Levels, level) })
	}
	if len(changed) == 0 {
		return nil, nil
	}
	end := p.now().Truncate(p.step)
	window := backtest.Window{Start: end.Add(-p.window), End: end, Step: p.step}

	// All at once: whoever applies the threshold waits for the answer.
	g, ctx := errgroup.WithContext(ctx)
	var will, was *backtest.Result
	var coverage float64
	g.Go(func() (err error) {
		will, err = p.replay(ctx, window, proposed.Value.Expr, changed)
		return err
	})
	g.Go(func() (err error) {
		coverage, err = p.coverage(ctx, window, proposed)
		return err
	})
	g.Go(func() (err error) {
		was = &backtest.Result{}
		if present != nil {
			was, err = p.replay(ctx, window, present.Value.Expr, present.Levels)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	will.Coverage = coverage
	return tell(will, was.Levels), nil
}

// replay replays the levels on what the expression has beyond them: the episodes are exact, the coverage is not.
func (p *past) replay(ctx context.Context, window backtest.Window, expr string, levels []rules.Level) (*backtest.Result, error) {
	beyond, err := backtest.FilterExpr(expr, levels)
	if err != nil {
		return nil, err
	}
	return p.replayAll(ctx, window, beyond, levels)
}

// coverage is the part of the window in which the plan's signal had a value.
func (p *past) coverage(ctx context.Context, window backtest.Window, plan *rules.Plan) (float64, error) {
	window.Step = max(window.Step, (window.Length() / coverageSamples).Truncate(window.Step))
	result, err := p.replayAll(ctx, window, plan.Value.Expr, plan.Levels)
	if err != nil {
		return 0, err
	}
	return result.Coverage, nil
}

// replayAll replays the levels on the expression's values.
func (p *past) replayAll(ctx context.Context, window backtest.Window, expr string, levels []rules.Level) (*backtest.Result, error) {
	replay, err := backtest.NewReplay(window, levels)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w", expr, err)
	}
	if err := p.prometheus.Ingest(ctx, expr, window, replay.Ingest); err != nil {
		return nil, err
	}
	return replay.Result(), nil
}

// tell puts into words what the proposed levels of the result would have done, beside what those of the same severity
// would have that there were.
func tell(proposed *backtest.Result, present []backtest.LevelResult) []string {
	window := backtest.FormatDuration(proposed.Window.Length())
	if len(proposed.Levels) > 0 && !(proposed.Coverage > 0) {
		return []string{fmt.Sprintf("the signal had no value in the last %s: what the levels would have done is not known", window)}
	}
	words := make([]string, len(proposed.Levels))
	for i, level := range proposed.Levels {
		words[i] = fmt.Sprintf("level %s (%s) would have fired %s in the last %s (%s covered)", level.Level.Severity,
			describe(level.Level), times(level.Fires), window, backtest.FormatCoverage(proposed.Coverage))
		was := slices.IndexFunc(present, func(l backtest.LevelResult) bool { return l.Level.Severity == level.Level.Severity })
		if was >= 0 {
			words[i] += fmt.Sprintf(", the present one (%s) %s", describe(present[was].Level), times(present[was].Fires))
		}
	}
	return words
}

// describe is the level as people read it, such as "> 2s for 10m".
func describe(level rules.Level) string {
	if level.For == 0 {
		return level.String()
	}
	return level.String() + " for " + backtest.FormatDuration(level.For)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
