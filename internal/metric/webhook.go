package metric

// OutcomeBusy is the outcome of a forecast that was not made because as many others were being made as may be at a time.
// The other outcomes are StatusSuccess and StatusError, which is also one that would have come too late.
const OutcomeBusy = "busy"

// Forecasts are what the webhook tells of itself, beside what controller-runtime tells of every webhook.
var Forecasts = Metric{
	Name: "plimsoll_admission_forecasts_total", Type: Counter, Labels: []string{"outcome"},
	Help: "Thresholds applied whose lines were tried on the past; outcome is success, error, which includes too late, or busy.",
}

// ForecastOutcomes returns every outcome of a forecast.
func ForecastOutcomes() []string { return []string{StatusSuccess, StatusError, OutcomeBusy} }
