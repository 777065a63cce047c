package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// Rule is the audit of an alerting rule, as -o json prints it.
type Rule struct {
	Namespace string `json:"namespace,omitempty"`
	// Object is the PrometheusRule, or the file where the server read the rule.
	Object   string            `json:"object,omitempty"`
	Group    string            `json:"group"`
	Alert    string            `json:"alert"`
	Severity string            `json:"severity,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Expr     string            `json:"expr"`
	// Fires is how often an alert began to fire, and Share that part of the fires of all rules, from 0 to 1.
	Fires int     `json:"fires"`
	Share float64 `json:"share"`
	// Firing is how long some alert fired, and Longest the longest that one did without a break; Prometheus durations.
	Firing  string `json:"firing"`
	Longest string `json:"longest,omitempty"`
	// LastFired is when an alert last began to fire; nil when none did.
	LastFired *time.Time `json:"lastFired,omitempty"`
	// Flaps is how many of the fires began within FlapWithin of the end of the same alert's last one.
	Flaps    int       `json:"flaps"`
	Problems []Problem `json:"problems,omitempty"`
	// Inexact says why Prometheus' own evaluations could give something else.
	Inexact []string `json:"inexact,omitempty"`

	firing time.Duration
}

// String names the rule in a sentence, without the file where the server read it.
func (r Rule) String() string {
	ref := alert.Ref{Namespace: r.Namespace, Group: r.Group, Name: r.Alert}
	if r.Namespace != "" {
		ref.Object = r.Object
	}
	return ref.String()
}

// count takes over what the rule did.
func (r *Rule) count(result *backtest.Result) {
	level := result.Levels[0]
	r.Fires, r.firing, r.Firing, r.Flaps = level.Fires, level.Firing, backtest.FormatDuration(level.Firing), flaps(level.Episodes)
	if level.Fires > 0 {
		last := level.LastFired.UTC()
		r.Longest, r.LastFired = backtest.FormatDuration(level.Longest), &last
	}
}

// flaps counts the episodes, which are in the order of their beginning, that follow the same alert's last one within FlapWithin.
func flaps(episodes []backtest.Episode) (n int) {
	ended := map[string]time.Time{}
	for _, e := range episodes {
		key := labels.FromMap(e.Labels).String()
		if last, again := ended[key]; again && e.FiredAt.Sub(last) <= FlapWithin {
			n++
		}
		ended[key] = e.ResolvedAt
	}
	return n
}

// Unselected is a PrometheusRule of the cluster none of whose groups is loaded.
type Unselected struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Alerts is how many alerting rules it has.
	Alerts int `json:"alerts"`
	// Because says what would select it; empty when that is not known.
	Because string `json:"because,omitempty"`
}

// Report is the audit of all rules, as -o json prints it.
type Report struct {
	// Window is how long the window is, as a Prometheus duration, and Until its end.
	Window string    `json:"window"`
	Until  time.Time `json:"until"`
	// Total is how many rules were to be audited: more than there are in Rules when it was interrupted.
	Total int `json:"total"`
	// Fires is how often alerts of all the rules began to fire.
	Fires int `json:"fires"`
	// Rules are in order of noise: those that fired most often first.
	Rules []Rule `json:"rules"`
	// NotLoaded are the PrometheusRules of the cluster of which Prometheus has loaded nothing.
	NotLoaded []Unselected `json:"notLoaded,omitempty"`
}

// NewReport sorts the rules, and gives each its share of the fires of all.
func NewReport(w backtest.Window, total int, all []Rule) Report {
	report := Report{Window: backtest.FormatDuration(w.Length()), Until: w.End.UTC(), Total: total, Rules: slices.Clone(all)}
	for _, r := range all {
		report.Fires += r.Fires
	}
	for i := range report.Rules {
		report.Rules[i].Share = float64(report.Rules[i].Fires) / float64(max(report.Fires, 1))
	}
	slices.SortStableFunc(report.Rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(b.Fires, a.Fires), cmp.Compare(b.firing, a.firing), cmp.Compare(len(b.Problems), len(a.Problems)),
			cmp.Compare(a.String(), b.String()))
	})
	return report
}

// IsLoaded reports whether one of the loaded rules is the rule, by its group and name.
func IsLoaded(rule alert.Rule, loaded []alert.Rule) bool {
	return slices.ContainsFunc(loaded, func(l alert.Rule) bool { return l.Group == rule.Group && l.Name == rule.Name })
}
