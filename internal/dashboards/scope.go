package dashboards

import (
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// scope restricts a query to the assistants that the viewer has chosen.
const scope = `namespace="$namespace", service=~"$service"`

// modelScope restricts it to the chosen models, too.
const modelScope = scope + `, model=~"$model"`

// controllerScope restricts a query to the chosen controllers.
const controllerScope = `namespace="$namespace", service=~"$controller"`

// scopeOf is the narrowest scope that the metric has the labels for, on a dashboard with all variables.
func scopeOf(m metric.Metric) string {
	controllers := slices.Concat(metric.Controller(), metric.ControllerRuntime())
	switch {
	case slices.ContainsFunc(controllers, func(c metric.Metric) bool { return c.Name == m.Name }):
		return controllerScope
	case slices.Contains(m.Labels, "model"):
		return modelScope
	}
	return scope
}

// withScope gives a dashboard the variables of scope.
func withScope(d *dashboard.DashboardBuilder) *dashboard.DashboardBuilder {
	return d.
		WithVariable(sourceVariable()).
		WithVariable(labelVariable("namespace", metric.CPUUsage.Name)).
		WithVariable(labelVariable("service", metric.CPUUsage.Name+`{namespace="$namespace"}`).Multi(true).IncludeAll(true))
}

// withControllerScope gives a dashboard the variables of controllerScope.
func withControllerScope(d *dashboard.DashboardBuilder) *dashboard.DashboardBuilder {
	return d.
		WithVariable(sourceVariable()).
		WithVariable(labelVariable("namespace", metric.RuleWrites.Name)).
		WithVariable(variable("controller", "service", metric.RuleWrites.Name+`{namespace="$namespace"}`).Multi(true).IncludeAll(true))
}
