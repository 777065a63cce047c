package metric

// OutcomeBusy is the outcome of a backtest that was skipped because too many others were running. The other outcomes are
// StatusSuccess and StatusError, which includes a timeout.
const OutcomeBusy = "busy"

// Forecasts counts the backtests of the webhook.
var Forecasts = Metric{
	Name: "plimsoll_admission_forecasts_total", Type: Counter, Labels: []string{"outcome"},
	Help: "Thresholds applied whose levels were backtested; outcome is success, error, which includes too late, or busy.",
}

// ForecastOutcomes returns every outcome of such a backtest.
func ForecastOutcomes() []string { return []string{StatusSuccess, StatusError, OutcomeBusy} }
