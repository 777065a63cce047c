package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// recordedOver are the labels of a series that recording it replaces.
var recordedOver = []string{model.MetricNameLabel, NamespaceLabel, ThresholdLabel}

// ReplacedLabels are the labels of a recorded series that those of its alert replace.
func (p *Plan) ReplacedLabels() []string {
	return append([]string{model.AlertNameLabel, SeverityLabel, ThresholdLabel}, slices.Sorted(maps.Keys(p.Labels))...)
}

// SharesAlerts reports whether an alert of the plan may be that of several series, or change while its series does not: the labels
// that replace a series' own decide. A series that is recorded has its own alert otherwise.
func (p *Plan) SharesAlerts() bool {
	for _, text := range p.Labels {
		if strings.Contains(text, "{{") {
			return true
		}
	}
	return p.Value.series.MayHave(p.ReplacedLabels()...)
}

// LosesSeries reports whether several series may be one once they are recorded.
func (p *Plan) LosesSeries() bool { return p.Value.series.MayHave(recordedOver...) }

// replacedWarnings say where labels that are replaced are what tells the expression's series apart.
func (p *Plan) replacedWarnings(spec *field.Path) []string {
	path := spec.Child("expr").String()
	var all []string
	warn := func(replaced []string, what, kind string) (isAll bool) {
		lost, isAll := p.Value.series.Lost(replaced...)
		if len(lost) == 0 {
			return false
		}
		names, verb := strings.Join(lost, " and "), "series that differ in %s only"
		if isAll {
			verb = "its series differ in %s only, and two of them"
		}
		all = append(all, fmt.Sprintf("%s: "+verb+" become one %s, which has its own: Prometheus then refuses to evaluate the rule "+
			`("vector contains metrics with the same labelset after applying %s labels"): leave %s out of by (...), or keep it under another name with `+
			`label_replace(..., "series_%s", "$1", "%s", "(.+)")`, path, names, what, kind, names, strings.Trim(lost[0], "_"), lost[0]))
		return isAll
	}
	if !warn(recordedOver, "recorded series", "rule") {
		warn(slices.DeleteFunc(p.ReplacedLabels(), p.isKept), "alert", "alert")
	}
	return all
}

// isKept reports whether the alert still tells the label's values apart: recording has replaced them already, or a label of the
// alert is a template of it.
func (p *Plan) isKept(name string) bool {
	mentions := regexp.MustCompile(`\$labels\.` + regexp.QuoteMeta(name) + `\b`)
	return slices.Contains(recordedOver, name) || slices.ContainsFunc(slices.Collect(maps.Values(p.Labels)), mentions.MatchString)
}
