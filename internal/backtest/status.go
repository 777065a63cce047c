package backtest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Status is the result as the resource's status has it; generation is the spec's that was backtested.
func (r *Result) Status(generation int64) *v1alpha1.Backtest {
	status := &v1alpha1.Backtest{
		Window:      FormatDuration(r.Window.Length()),
		Coverage:    FormatCoverage(r.Coverage),
		EvaluatedAt: metav1.NewTime(r.Window.End),
		Generation:  generation,
		Levels:      make([]v1alpha1.BacktestLevel, len(r.Levels)),
	}
	fires := make([]string, len(r.Levels))
	for i, l := range r.Levels {
		fires[i] = fmt.Sprintf("%s %d", l.Level.Severity, l.Fires)
		status.Levels[i] = l.status()
	}
	status.Fires = strings.Join(fires, ", ")
	return status
}

func (l *LevelResult) status() v1alpha1.BacktestLevel {
	status := v1alpha1.BacktestLevel{
		Severity:    l.Level.Severity,
		Fires:       int64(l.Fires),
		Firing:      FormatDuration(l.Firing),
		WorstLabels: l.Worst,
	}
	if l.Fires > 0 {
		last := metav1.NewTime(l.LastFired)
		status.Longest, status.LastFired = FormatDuration(l.Longest), &last
	}
	return status
}

// FormatDuration writes a duration as Prometheus does, such as 42m or 1h30m, but a week as 7d.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return model.Duration(d).String()
}

// FormatCoverage writes a share from 0 to 1 as a percentage, such as 98%. It is rounded down: 100% leaves nothing out. 0% is none
// at all, and what is less than one is <1%.
func FormatCoverage(share float64) string {
	if share > 0 && share < 0.01 {
		return "<1%"
	}
	return fmt.Sprintf("%d%%", int(math.Floor(share*100+1e-9)))
}

// RecommendationStatus is the recommendations that were found, as the resource's status has them.
func RecommendationStatus(all []Recommendation) []v1alpha1.Recommendation {
	var found []v1alpha1.Recommendation
	for _, r := range all {
		if r.Found {
			found = append(found, r.Status())
		}
	}
	return found
}

// Status is the recommendation, which must have been found, as the resource's status has it.
func (r Recommendation) Status() v1alpha1.Recommendation {
	status := v1alpha1.Recommendation{Severity: r.Level.Severity, Because: r.Because}
	value := r.Level.Unit.Format(r.Level.Value)
	if r.Level.Comparison == rules.Below {
		status.Below = value
	} else {
		status.Above = value
	}
	return status
}
