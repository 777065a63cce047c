package diagnose

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Alertmanager is what an Alertmanager answered.
type Alertmanager struct {
	URL string
	// Err is why it did not answer.
	Err error
	// Alerts are those of the threshold or the rule.
	Alerts []promapi.ReceivedAlert
}

// alertmanager checks that an Alertmanager has every firing alert, and that it is not muted there.
func (r *Report) alertmanager(s trackedRule) {
	const name = "alertmanager"
	p := s.prometheus
	answering := slices.DeleteFunc(slices.Clone(p.Alertmanagers), func(a Alertmanager) bool { return a.Err != nil })
	switch {
	case p.AlertmanagersErr != nil:
		r.add(name, Unknown, "%v", p.AlertmanagersErr)
	case len(p.Alertmanagers) == 0:
		r.add(name, Fail, "Prometheus sends to no Alertmanager, so nobody is notified: set alerting.alertmanagers in its configuration")
	case len(answering) == 0:
		r.add(name, Unknown, "%v: if it can be reached only inside the cluster, use --alertmanager-url URL", p.Alertmanagers[0].Err)
	case len(p.Firing) == 0:
		r.add(name, OK, "%s answers; there is nothing to send", answering[0].URL)
	default:
		for _, sample := range p.Firing {
			r.delivered(name, alertLabels(sample.Metric), answering, s.implied)
		}
	}
}

// alertLabels returns the labels of the alert that a sample of ALERTS stands for.
func alertLabels(metric model.Metric) map[string]string {
	set := map[string]string{}
	for label, value := range metric {
		if label != model.MetricNameLabel && label != "alertstate" {
			set[string(label)] = string(value)
		}
	}
	return set
}

func (r *Report) delivered(name string, labels map[string]string, all []Alertmanager, implied []string) {
	alert := strings.TrimSuffix("the "+labels[rules.SeverityLabel], " ") + " alert" + formatLabels(labels, append(slices.Clone(implied), model.AlertNameLabel, rules.SeverityLabel)...)
	received := match(labels, all)
	switch {
	case received == nil:
		r.add(name, Fail, "Alertmanager %s does not have %s, which fires: check the log of Prometheus, "+
			"prometheus_notifications_errors_total and alert_relabel_configs", joinURLs(all), alert)
	case len(received.SilencedBy) > 0:
		r.add(name, Fail, "%s is silenced: amtool silence query --id %s", alert, strings.Join(received.SilencedBy, " "))
	case len(received.InhibitedBy) > 0:
		r.add(name, NotApplicable, "%s is inhibited by %s, which is notified instead", alert, strings.Join(received.InhibitedBy, ", "))
	default:
		r.add(name, OK, "%s goes to %s", alert, strings.Join(received.Receivers, ", "))
	}
}

// match returns the alert that has all these labels, and perhaps Prometheus' external ones; nil if there is none.
func match(labels map[string]string, all []Alertmanager) *promapi.ReceivedAlert {
	for _, alertmanager := range all {
		for i, alert := range alertmanager.Alerts {
			same := true
			for name, value := range labels {
				same = same && alert.Labels[name] == value
			}
			if same {
				return &alertmanager.Alerts[i]
			}
		}
	}
	return nil
}

func joinURLs(all []Alertmanager) string {
	urls := make([]string, len(all))
	for i, alertmanager := range all {
		urls[i] = alertmanager.URL
	}
	return strings.Join(urls, ", ")
}
