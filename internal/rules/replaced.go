package rules

import (
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
	path := spec.Child("expr").String() + ": "
	text, isAll := p.Value.series.LossWarning(recordedOver, "recorded series", "rule")
	if isAll {
		return []string{path + text}
	}
	var all []string
	alertText, _ := p.Value.series.LossWarning(slices.DeleteFunc(p.ReplacedLabels(), p.isKept), "alert", "alert")
	for _, text := range []string{text, alertText} {
		if text != "" {
			all = append(all, path+text)
		}
	}
	return all
}

// isKept reports whether the alert still tells the label's values apart: recording has replaced them already, or a label of the
// alert is a template of it.
func (p *Plan) isKept(name string) bool {
	mentions := regexp.MustCompile(`\$labels\.` + regexp.QuoteMeta(name) + `\b`)
	return slices.Contains(recordedOver, name) || slices.ContainsFunc(slices.Collect(maps.Values(p.Labels)), mentions.MatchString)
}
