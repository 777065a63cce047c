package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// patience is how long whoever applies a threshold waits for what it would have done.
	adviceTimeout = 2 * time.Second
	// atOnce is how many are told at a time. The many thresholds that a machine writes at once are not held up for each
	// other, nor does Prometheus have to read weeks for all of them.
	maxConcurrent = 2
)

// forecaster says what the levels of a proposed threshold would have done over a past window, beside those of the present
// one, which is nil when there is none. It returns soon after ctx has ended.
type forecaster interface {
	Forecast(ctx context.Context, present, proposed *rules.Plan) ([]string, error)
}

// adviser asks the forecaster, if that can be done without getting in anybody's way.
type adviser struct {
	forecaster
	patience time.Duration
	slots    chan struct{}
	outcomes *prometheus.CounterVec
}

func newAdviser(f forecaster) *adviser {
	a := &adviser{
		forecaster: f,
		patience:   adviceTimeout,
		slots:      make(chan struct{}, maxConcurrent),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: metric.Forecasts.Name, Help: metric.Forecasts.Help},
			metric.Forecasts.Labels),
	}
	for _, outcome := range metric.ForecastOutcomes() {
		a.outcomes.WithLabelValues(outcome)
	}
	return a
}

// advise returns what is to be said about the proposed plan; nothing when it is not known in time. A nil adviser knows
// nothing.
func (a *adviser) advise(ctx context.Context, present, proposed *rules.Plan) []string {
	if a == nil || !newLevels(present, proposed) {
		return nil
	}
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	default:
		a.outcomes.WithLabelValues(metric.OutcomeBusy).Inc()
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	words, err := a.Forecast(ctx, present, proposed)
	if err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("no forecast for the applied threshold", "error", err.Error())
		a.outcomes.WithLabelValues(metric.StatusError).Inc()
		return nil
	}
	a.outcomes.WithLabelValues(metric.StatusSuccess).Inc()
	return words
}

// newLines reports whether the proposed plan has levels that are not in force already.
func newLevels(present, proposed *rules.Plan) bool {
	if proposed.Mode == v1alpha1.ModeOff {
		return false
	}
	return present == nil || present.Value.Expr != proposed.Value.Expr || !slices.Equal(present.Levels, proposed.Levels)
}
