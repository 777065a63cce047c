package chain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// Alertmanager is what an Alertmanager answered.
type Alertmanager struct {
	URL string
	// Fault is why it did not answer.
	Fault error
	// Alerts are those of the threshold.
	Alerts []Alert
}

// Alert is an alert that an Alertmanager has.
type Alert struct {
	Labels map[string]string
	// SilencedBy are the silences that mute it, InhibitedBy the alerts that do.
	SilencedBy, InhibitedBy []string
	Receivers               []string
}

// alertmanager checks that what fires has got to an Alertmanager, and is not muted there.
func (r *Report) alertmanager(p Prometheus) {
	const name = "alertmanager"
	answering := slices.DeleteFunc(slices.Clone(p.Alertmanagers), func(a Alertmanager) bool { return a.Fault != nil })
	switch {
	case p.AlertmanagersFault != nil:
		r.add(name, Unknown, "%v", p.AlertmanagersFault)
		return
	case len(p.Alertmanagers) == 0:
		r.add(name, Fail, "Prometheus sends to no Alertmanager: nobody is told of what fires; set alerting.alertmanagers in its configuration")
		return
	case len(answering) == 0:
		r.add(name, Unknown, "%v: if it is the cluster's alone to reach, use --alertmanager-url URL", p.Alertmanagers[0].Fault)
		return
	}
	alerts := firing(p.Group)
	if len(alerts) == 0 {
		r.add(name, OK, "%s answers; there is nothing to send", answering[0].URL)
		return
	}
	for _, alert := range alerts {
		r.delivered(name, alert, answering)
	}
}

// firing are the alerts of the group that fire.
func firing(group *promapi.Group) []promapi.Alert {
	var all []promapi.Alert
	if group == nil {
		return nil
	}
	for _, rule := range group.Rules {
		for _, alert := range rule.Alerts {
			if alert.State == prometheusv1.AlertStateFiring {
				all = append(all, alert)
			}
		}
	}
	return all
}

func (r *Report) delivered(name string, alert promapi.Alert, all []Alertmanager) {
	labels := map[string]string{}
	for label, value := range alert.Labels {
		labels[string(label)] = string(value)
	}
	what := "the " + labels["severity"] + " alert" + told(without(labels, "alertname", "severity"))
	got := find(labels, all)
	switch {
	case got == nil:
		r.add(name, Fail, "%s does not have %s, which is active since %s: look into Prometheus' log, and at "+
			"prometheus_notifications_errors_total and alert_relabel_configs", urls(all), what, alert.ActiveAt.UTC().Format(time.RFC3339))
	case len(got.SilencedBy) > 0:
		r.add(name, Fail, "%s is silenced: amtool silence query --id %s", what, strings.Join(got.SilencedBy, " "))
	case len(got.InhibitedBy) > 0:
		r.add(name, Idle, "%s is inhibited by %s: that alert tells of it", what, strings.Join(got.InhibitedBy, ", "))
	default:
		r.add(name, OK, "%s goes to %s", what, strings.Join(got.Receivers, ", "))
	}
}

// find is the alert with all these labels; it may have more, Prometheus' external ones.
func find(labels map[string]string, all []Alertmanager) *Alert {
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

func without(labels map[string]string, names ...string) map[string]string {
	left := map[string]string{}
	for name, value := range labels {
		if !slices.Contains(names, name) {
			left[name] = value
		}
	}
	return left
}

func urls(all []Alertmanager) string {
	names := make([]string, len(all))
	for i, alertmanager := range all {
		names[i] = alertmanager.URL
	}
	return fmt.Sprintf("Alertmanager %s", strings.Join(names, ", "))
}
