package alert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
)

// templateNames are the variables that Prometheus declares before the text of a template.
const templateNames = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"

var (
	// ofSeries is text that depends on the series' labels alone.
	ofSeries = regexp.MustCompile(`^([^{]|\{\{-?\s*\$labels\.\w+\s*-?\}\})*$`)
	// ofServer is text that may depend on what only the server knows.
	ofServer = regexp.MustCompile(`\b(query|externalURL|pathPrefix|externalLabels|ExternalLabels|ExternalURL)\b`)
)

// serverLabels are the labels whose templates ask the server for something, in no order.
func (r Rule) serverLabels() (names []string) {
	for name, text := range r.Labels {
		if strings.Contains(text, "{{") && ofServer.MatchString(text) {
			names = append(names, name)
		}
	}
	return names
}

// LabelsVary reports whether the labels of an alert can change from evaluation to evaluation while its series stays the same.
func (r Rule) LabelsVary() bool {
	for _, text := range r.Labels {
		if !ofSeries.MatchString(text) {
			return true
		}
	}
	return false
}

// AlertLabels returns the labels of the alert of a sample, which are its identity: the series' without its name, and over
// them the rule's, their templates expanded, and the alert's name. at is the time of the evaluation. A
// histogram is the value 0, though a template in Prometheus prints the histogram.
func (r Rule) AlertLabels(series model.Metric, value float64, at time.Time) model.Metric {
	labels := maps.Clone(series)
	if labels == nil {
		labels = model.Metric{}
	}
	delete(labels, model.MetricNameLabel)
	for name, text := range r.Labels {
		set(labels, name, r.expand(text, series, value, at))
	}
	set(labels, model.AlertNameLabel, r.Name)
	return labels
}

// set gives the label the value; an empty one removes it.
func set(labels model.Metric, name, value string) {
	if value == "" {
		delete(labels, model.LabelName(name))
		return
	}
	labels[model.LabelName(name)] = model.LabelValue(value)
}

// expand expands a template as Prometheus does; what fails becomes the label's text there too.
func (r Rule) expand(text string, series model.Metric, value float64, at time.Time) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	labels := make(map[string]string, len(series))
	for name, value := range series {
		labels[string(name)] = string(value)
	}
	data := template.AlertTemplateData(labels, map[string]string{}, "", promql.Sample{F: value})
	noQuery := func(context.Context, string, time.Time) (promql.Vector, error) {
		return nil, errors.New("the replay asks no queries of templates")
	}
	expander := template.NewTemplateExpander(context.Background(), templateNames+text, "__alert_"+r.Name, data,
		model.TimeFromUnixNano(at.UnixNano()), noQuery, nil, nil)
	expanded, err := expander.Expand()
	if err != nil {
		return fmt.Sprintf("<error expanding template: %s>", err)
	}
	return expanded
}
