package webhook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Past is where proposed lines are tried: a Prometheus, none when its URL is empty, how far to look back in it, and the
// time between two evaluations of rules.
type Past struct {
	promapi.Options
	Window, Step time.Duration
}

// past tries lines on what Prometheus holds. It is a forecaster: what was is taken for what will be.
type past struct {
	prometheus *promapi.Client
	// window is how far it looks back, step the time between two evaluations.
	window, step time.Duration
	now          func() time.Time
}

// Forecast replays the lines of both plans. A line that is in force as it is proposed is not spoken of.
func (p *past) Forecast(ctx context.Context, present, proposed *rules.Plan) ([]string, error) {
	end := p.now().Truncate(p.step)
	window := backtest.Window{Start: end.Add(-p.window), End: end, Step: p.step}
	if present == nil {
		result, err := p.replay(ctx, window, proposed.Value.Expr, proposed.Lines)
		if err != nil {
			return nil, err
		}
		return tell(result, nil), nil
	}
	if present.Value.Expr != proposed.Value.Expr {
		result, err := p.replay(ctx, window, proposed.Value.Expr, proposed.Lines)
		if err != nil {
			return nil, err
		}
		was, err := p.replay(ctx, window, present.Value.Expr, present.Lines)
		if err != nil {
			return nil, err
		}
		return tell(result, was.Levels), nil
	}
	changed := slices.DeleteFunc(slices.Clone(proposed.Lines), func(line rules.Line) bool { return slices.Contains(present.Lines, line) })
	result, err := p.replay(ctx, window, proposed.Value.Expr, slices.Concat(changed, present.Lines))
	if err != nil {
		return nil, err
	}
	was := result.Levels[len(changed):]
	result.Levels = result.Levels[:len(changed)]
	return tell(result, was), nil
}

// replay replays the lines on the expression's values.
func (p *past) replay(ctx context.Context, window backtest.Window, expr string, lines []rules.Line) (*backtest.Result, error) {
	replay, err := backtest.NewReplay(window, lines)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w", expr, err)
	}
	for chunk, err := range p.prometheus.QueryRange(ctx, expr, promapi.Range(window)) {
		if err != nil {
			return nil, err
		}
		if err := replay.Feed(chunk.Series, chunk.End); err != nil {
			return nil, fmt.Errorf("replay %s: %w", expr, err)
		}
	}
	return replay.Result(), nil
}

// tell puts into words what the proposed levels of the result would have done, beside what those of the same severity
// would have that there were.
func tell(proposed *backtest.Result, present []backtest.LevelResult) []string {
	window := backtest.FormatDuration(proposed.Window.Length())
	if len(proposed.Levels) > 0 && !(proposed.Coverage > 0) {
		return []string{fmt.Sprintf("the signal had no value in the last %s: what the lines would have done is not known", window)}
	}
	words := make([]string, len(proposed.Levels))
	for i, level := range proposed.Levels {
		words[i] = fmt.Sprintf("level %s (%s) would have fired %s in the last %s (%s covered)", level.Line.Severity,
			describe(level.Line), times(level.Fires), window, backtest.FormatCoverage(proposed.Coverage))
		was := slices.IndexFunc(present, func(l backtest.LevelResult) bool { return l.Line.Severity == level.Line.Severity })
		if was >= 0 {
			words[i] += fmt.Sprintf(", the present one (%s) %s", describe(present[was].Line), times(present[was].Fires))
		}
	}
	return words
}

// describe is the line as people read it, such as "> 2s for 10m".
func describe(line rules.Line) string {
	if line.For == 0 {
		return line.String()
	}
	return line.String() + " for " + backtest.FormatDuration(line.For)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
