package webhook

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

func mode(mode v1alpha1.Mode) func(*v1alpha1.AlertThreshold) {
	return func(t *v1alpha1.AlertThreshold) { t.Spec.Mode = mode }
}

func annotated(t *v1alpha1.AlertThreshold) { t.Spec.Annotations = map[string]string{"summary": "busy"} }

// TestAdvice: whatever becomes of the backtest, the threshold is let in.
func TestAdvice(t *testing.T) {
	tells := func(_ context.Context, present, _ *rules.Plan) ([]string, error) {
		if present == nil {
			return []string{"new"}, nil
		}
		return []string{"was " + present.Levels[0].String()}, nil
	}
	for name, tc := range map[string]struct {
		before, after *v1alpha1.AlertThreshold // before is nil for a new one
		compare       func(ctx context.Context, present, proposed *rules.Plan) ([]string, error)
		busy          int
		want          []string
		outcome       string // of the one forecast; empty when there must be none
	}{
		"new":                  {nil, cpu("80%"), tells, 0, []string{"ai/cpu: new"}, metric.StatusSuccess},
		"changed":              {cpu("80%"), cpu("90%"), tells, 0, []string{"ai/cpu: was > 80%"}, metric.StatusSuccess},
		"mended":               {cpu("2s"), cpu("90%"), tells, 0, []string{"ai/cpu: new"}, metric.StatusSuccess},
		"shadow":               {nil, cpu("80%", mode(v1alpha1.ModeShadow)), tells, 0, []string{"ai/cpu: new"}, metric.StatusSuccess},
		"switched off":         {cpu("80%"), cpu("90%", mode(v1alpha1.ModeOff)), tells, 0, nil, ""},
		"other words":          {cpu("80%"), cpu("80%", annotated), tells, 0, nil, ""},
		"one more than may be": {nil, cpu("80%"), tells, maxConcurrent, nil, metric.OutcomeBusy},
		"fails": {nil, cpu("80%"), func(context.Context, *rules.Plan, *rules.Plan) ([]string, error) {
			return []string{"half"}, errors.New("away")
		}, 0, nil, metric.StatusError},
		"too late": {nil, cpu("80%"), func(ctx context.Context, _, _ *rules.Plan) ([]string, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, 0, nil, metric.StatusError},
	} {
		t.Run(name, func(t *testing.T) {
			a := newBacktestAdvisor(nil, BacktestOptions{})
			a.compare, a.timeout = tc.compare, time.Millisecond
			for range tc.busy {
				a.slots <- struct{}{}
			}
			v := validator{advisor: a}
			var got []string
			var err error
			if tc.before == nil {
				got, err = v.ValidateCreate(t.Context(), tc.after)
			} else {
				got, err = v.ValidateUpdate(t.Context(), tc.before, tc.after)
			}
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("warnings %q, error %v, want %q", got, err, tc.want)
			}
			for _, outcome := range metric.ForecastOutcomes() {
				want := 0.0
				if outcome == tc.outcome {
					want = 1
				}
				if got := testutil.ToFloat64(a.outcomes.WithLabelValues(outcome)); got != want {
					t.Errorf("%v forecasts with outcome %s, want %v", got, outcome, want)
				}
			}
		})
	}
}
