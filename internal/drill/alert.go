// Package drill makes the alert that a level would send, and tells how far Alertmanager lets it come. It is pure.
package drill

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// Label marks the alerts of drills, with the value "true". By it they are other alerts than those that they stand for.
const Label = "drill"

// Input is what an alert is made of.
type Input struct {
	Plan  *rules.Plan
	Level rules.Level
	// Values are those of the plan's expression.
	Values model.Vector
	// Config is Prometheus' configuration; its zero value when that is not known.
	Config Config
	// URL is that of Prometheus, for templates.
	URL *url.URL
}

// Alert is the alert that an Alertmanager would get.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// New makes the alert of the level for the worst series, with the label drill, and says what a reader should know of it.
func New(in Input) (Alert, []string, error) {
	rule := in.Plan.AlertRule(in.Level)
	sample, notes := in.sample()
	expand := in.expander(sample)

	lb := labels.NewBuilder(sample.Metric)
	for name, text := range rule.Labels {
		lb.Set(name, expand(text))
	}
	lb.Set(model.AlertNameLabel, rule.Alert)
	relabeled, err := in.Config.process(lb)
	if err != nil {
		return Alert{}, nil, err
	}
	alert := Alert{Labels: relabeled.Map(), Annotations: map[string]string{}}
	alert.Labels[Label] = "true"
	for name, text := range rule.Annotations {
		alert.Annotations[name] = expand(text)
	}
	return alert, slices.Concat(notes, in.Config.notes()), nil
}

// sample is what the alert's expression would give: the worst value, if it crosses the level, else the level.
func (in Input) sample() (promql.Sample, []string) {
	var worst *model.Sample
	for _, one := range in.Values {
		if sample.KindOf(one) == sample.Number && (worst == nil || in.Level.Worse(float64(one.Value), float64(worst.Value))) {
			worst = one
		}
	}
	var notes []string
	if in.Plan.Mode == v1alpha1.ModeShadow {
		notes = append(notes, "spec.mode is Shadow: outside of a drill nothing is sent")
	}
	value, lb := in.Level.Value, labels.NewBuilder(labels.EmptyLabels())
	switch {
	case worst != nil:
		for name, text := range worst.Metric {
			lb.Set(string(name), string(text))
		}
		if v := float64(worst.Value); in.Level.Crossed(v) {
			value = v
		}
	case len(in.Plan.Value.Labels) > 0:
		notes = append(notes, "the signal has no value, so the labels of a series are left out: "+strings.Join(in.Plan.Value.Labels, ", "))
	default:
		notes = append(notes, "the signal has no value, so the labels of a series are left out")
	}
	lb.Del(model.MetricNameLabel)
	lb.Set(rules.NamespaceLabel, in.Plan.Namespace)
	lb.Set(rules.ThresholdLabel, in.Plan.Name)
	return promql.Sample{Metric: lb.Labels(), F: value}, notes
}

// expander fills in templates as Prometheus does.
func (in Input) expander(sample promql.Sample) func(text string) string {
	const defs = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
	data := template.AlertTemplateData(sample.Metric.Map(), in.Config.Global.ExternalLabels, in.URL.String(), sample)
	query := func(context.Context, string, time.Time) (promql.Vector, error) {
		return nil, errors.New("query is not supported")
	}
	return func(text string) string {
		expanded, err := template.NewTemplateExpander(context.Background(), defs+text, "drill", data, model.Now(), query, in.URL, nil).Expand()
		if err != nil {
			return fmt.Sprintf("<error expanding template: %s>", err)
		}
		return expanded
	}
}

// Config is the part of Prometheus' configuration that changes alerts on their way to Alertmanager.
type Config struct {
	Global struct {
		ExternalLabels map[string]string `yaml:"external_labels"`
	} `yaml:"global"`
	Alerting struct {
		Relabel       []*relabel.Config `yaml:"alert_relabel_configs"`
		Alertmanagers []struct {
			Relabel []*relabel.Config `yaml:"alert_relabel_configs"`
		} `yaml:"alertmanagers"`
	} `yaml:"alerting"`
}

// ParseConfig reads the configuration, in YAML.
func ParseConfig(text string) (Config, error) {
	var c Config
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		return Config{}, fmt.Errorf("reading the configuration of Prometheus: %w", err)
	}
	return c, nil
}

// process adds the external labels and relabels, as Prometheus does.
func (c Config) process(lb *labels.Builder) (labels.Labels, error) {
	for name, text := range c.Global.ExternalLabels {
		if lb.Get(name) == "" {
			lb.Set(name, text)
		}
	}
	all := c.Alerting.Relabel
	if len(c.Alerting.Alertmanagers) == 1 {
		all = slices.Concat(all, c.Alerting.Alertmanagers[0].Relabel)
	}
	for _, one := range all {
		one.NameValidationScheme = model.UTF8Validation
	}
	if !relabel.ProcessBuilder(lb, all...) {
		return labels.EmptyLabels(), errors.New("alert_relabel_configs of Prometheus drop the alert, so no Alertmanager gets it")
	}
	return lb.Labels(), nil
}

// notes say what relabeling an alert does not show: which of several sets an Alertmanager belongs to is not known.
func (c Config) notes() []string {
	if len(c.Alerting.Alertmanagers) < 2 {
		return nil
	}
	for _, set := range c.Alerting.Alertmanagers {
		if len(set.Relabel) > 0 {
			return []string{"Prometheus has several sets of Alertmanagers: their own alert_relabel_configs are not applied"}
		}
	}
	return nil
}
