package rules

import (
	"fmt"
	"maps"
	"slices"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// NoDataLabel is a label, with the value "true", of the alert that there is nothing to compare with the levels.
const NoDataLabel = "nodata"

// noDataFor is the least time that data must be missing before that alert fires: a pod that is replaced takes its series
// with it for a moment.
const noDataFor = 5 * time.Minute

// severities are the known ones, from the least severe.
var severities = []string{"info", "warning", "critical"}

// noDataAlert is the alert that the series that the value is made of do not exist; of an expression, that it gives no number. It waits as long as the least severe
// level's alert, and 5 minutes at least. The spec's summary and description are left out, for they speak of a value.
func (p *Plan) noDataAlert() monitoringv1.Rule {
	level := p.leastSevere()
	level.For, level.KeepFiringFor = max(level.For, noDataFor), 0

	annotations := maps.Clone(p.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["summary"] = fmt.Sprintf("%s has no data in %s", p.Value.Title, p.Namespace)
	rule := p.newAlert(level, annotations)
	rule.Expr = intstr.FromString(p.absent())
	rule.Labels[NoDataLabel] = "true"
	what := "The series that AlertThreshold %s watches have not been there for %s: "
	if p.Value.Absent == "" {
		rule.Labels[NamespaceLabel] = p.Namespace // absent takes it over from nothing but a selector
		what = "The expression of AlertThreshold %s has given no number for %s: "
	}
	annotations["description"] = fmt.Sprintf(what+"look whether what it watches runs and is scraped, and whether its selectors match.",
		p.Name, promDuration(level.For))
	return rule
}

// absent is PromQL that has a sample when there is no data: for an expression, of which nothing is known, when it gives no number.
// Neither NaN nor a native histogram is at least -Inf.
func (p *Plan) absent() string {
	if p.Value.Absent != "" {
		return p.Value.Absent
	}
	return "absent(" + p.recorded() + " >= -Inf)"
}

// leastSevere is the first level of the lowest known severity, or the first level when none is known.
func (p *Plan) leastSevere() Level {
	return slices.MinFunc(p.Levels, func(a, b Level) int { return rank(a) - rank(b) })
}

func rank(level Level) int {
	if i := slices.Index(severities, level.Severity); i >= 0 {
		return i
	}
	return len(severities)
}
