package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// itself is the dashboard of the controller: what it makes of the thresholds, how fast, and what that costs.
func itself() *dashboard.DashboardBuilder {
	d := newDashboard(ItselfUID, "Plimsoll itself",
		"The controller of the AlertThresholds: what it has made of them, how fast, and what it takes from its machine and the API server.")
	return withControllerScope(d).
		WithRow(row("Thresholds")).
		WithPanel(thresholdsBy("state", "Thresholds by state", "AlertThresholds by what they say of their signal.")).
		WithPanel(thresholdsBy("mode, ready, loaded", "Thresholds by mode and condition",
			"AlertThresholds by mode and the conditions Ready and Loaded; one that is not ready or not loaded is not in force as written.")).
		WithPanel(perSecond(metric.RuleWrites, "operation, outcome", "Rules written", units.CountsPerSecond, blue)).
		WithPanel(perSecond(metric.Forecasts, "outcome", "Forecasts for apply", units.CountsPerSecond, skyBlue)).
		WithRow(row("What goes wrong")).
		WithPanel(failures(metric.ReconcileErrors, "reason", "Failed reconciliations", metric.ReconcileErrors.Help)).
		WithPanel(failures(metric.RulesTooLarge, "pod", "Rules too large", metric.RulesTooLarge.Help)).
		WithRow(row("Speed")).
		WithPanel(perSecond(metric.Reconciliations, "result", "Reconciliations", units.CountsPerSecond, green)).
		WithPanel(quantiles(metric.ReconcileDuration, "Reconciliation time", metric.ReconcileDuration.Help, purple)).
		WithPanel(perPod(metric.QueueDepth, "sum", controllerScope, "Queue", units.Short)).
		WithPanel(quantiles(metric.QueueWait, "Time in the queue", metric.QueueWait.Help, orange)).
		WithPanel(perSecond(metric.Admissions, "code", "Webhook requests", units.RequestsPerSecond, blue)).
		WithPanel(quantiles(metric.AdmissionDuration, "Webhook time", metric.AdmissionDuration.Help, purple)).
		WithRow(row("Process")).
		WithPanel(perPod(metric.Leader, "max", controllerScope, "Leader", units.Short)).
		WithPanel(perSecond(metric.APIRequests, "code", "Requests to the API server", units.RequestsPerSecond, skyBlue)).
		WithPanel(perPod(metric.ResidentMemory, "max", controllerScope, "Resident memory", units.BytesIEC)).
		WithPanel(perPod(metric.Goroutines, "max", controllerScope, "Goroutines", units.Short))
}

// thresholdsBy counts the thresholds, told apart by labels.
func thresholdsBy(labels, title, description string) *timeseries.PanelBuilder {
	return stacked(timePanel(title, description, units.Short, blue)).
		WithTarget(query(legend(labels), "sum by (%s) (%s{%s})", labels, metric.Thresholds.Name, controllerScope))
}
