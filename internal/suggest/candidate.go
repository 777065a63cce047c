// Package suggest says which AlertThresholds could watch what a namespace has, with which levels, and why not. It is pure: no
// client, no I/O.
package suggest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

const (
	// forDuration is the for of suggested levels: as long as rates look back, so that no burst of a few seconds fires.
	forDuration = 5 * time.Minute
	// keepFiringForDuration is their keepFiringFor: with a value that wavers, one incident is one alert.
	keepFiringForDuration = 10 * time.Minute
)

// Candidate is a signal of a source that a namespace has, or lacks, and the threshold that would watch it.
type Candidate struct {
	signal.Discovered

	// Threshold watches the signal. Its level says comparison and durations; its value is none that anybody wants.
	Threshold *v1alpha1.AlertThreshold
	// Plan is the threshold's; nil when Because says why the signal cannot be watched.
	Plan    *rules.Plan
	Because string
	// WatchedBy are the thresholds that watch the signal already, with what narrows them.
	WatchedBy []string
}

// Candidates returns one for each signal that was discovered, given the thresholds that the namespace has.
func Candidates(namespace string, found []signal.Discovered, existing []v1alpha1.AlertThreshold, options rules.Options) []Candidate {
	taken := map[string]bool{}
	for _, t := range existing {
		taken[t.Spec.Alert], taken[t.Name] = true, true
	}
	all := make([]Candidate, len(found))
	for i, d := range found {
		c := Candidate{Discovered: d, WatchedBy: watchedBy(d, existing)}
		if c.Because = whyNot(d); c.Because == "" {
			c.Threshold = threshold(namespace, d, taken)
			c.resolve(options)
		}
		all[i] = c
	}
	return all
}

// whyNot says why the signal cannot be watched; empty when it can.
func whyNot(d signal.Discovered) string {
	switch {
	case d.Missing != nil:
		return d.Missing.Error()
	case len(d.Others) > 0 && (len(d.Jobs) != 1 || slices.Contains(d.Others, d.Jobs[0])):
		return fmt.Sprintf("other programs have metrics of the same names (job %s): write a threshold with matchLabels that tell them apart",
			quoteAll(d.Others))
	default:
		return ""
	}
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = fmt.Sprintf("%q", word)
	}
	return strings.Join(quoted, ", ")
}

// threshold watches the signal, under a name and an alert that are not taken.
func threshold(namespace string, d signal.Discovered, taken map[string]bool) *v1alpha1.AlertThreshold {
	s := &v1alpha1.Signal{Name: v1alpha1.SignalName(d.Name), Source: v1alpha1.SignalSource(d.Source), Prefix: d.Prefix, By: by(d)}
	if len(d.Others) > 0 {
		s.MatchLabels = map[string]string{"job": d.Jobs[0]}
	}
	level := v1alpha1.Level{
		Severity: "warning",
		For:      v1alpha1.Duration(backtest.FormatDuration(forDuration)), KeepFiringFor: v1alpha1.Duration(backtest.FormatDuration(keepFiringForDuration)),
	}
	if d.Falls {
		level.Below = v1alpha1.Value(d.Unit.Format(d.Max))
	} else {
		level.Above = v1alpha1.Value(d.Unit.Format(0))
	}
	alert := freeAlert(d, taken)
	return &v1alpha1.AlertThreshold{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.Kind},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: rules.ThresholdName(alert)},
		Spec:       v1alpha1.AlertThresholdSpec{Alert: alert, Signal: s, Levels: []v1alpha1.Level{level}},
	}
}

// by tells models apart, where the source does. Money is not: a budget is for all of them.
func by(d signal.Discovered) []string {
	switch {
	case d.Name == signal.Availability:
		return []string{"job"}
	case d.Unit != unit.USD && slices.Contains(d.By, "model"):
		return []string{"model"}
	default:
		return nil
	}
}

// freeAlert is the signal's alert with the source before it, and a number after it if that is taken. It takes the name.
func freeAlert(d signal.Discovered, taken map[string]bool) string {
	base := d.Alert
	if d.Source != signal.Plimsoll {
		base = string(d.Source) + base
	}
	alert := base
	for n := 2; taken[alert] || taken[rules.ThresholdName(alert)]; n++ {
		alert = fmt.Sprintf("%s%d", base, n)
	}
	taken[alert], taken[rules.ThresholdName(alert)] = true, true
	return alert
}

// resolve sets the plan, or why there is none.
func (c *Candidate) resolve(options rules.Options) {
	plan, errs := options.Resolve(c.Threshold)
	if len(errs) > 0 {
		c.Because = errs.ToAggregate().Error()
		return
	}
	c.Plan = plan
}

// watchedBy are the names of the thresholds of the same signal, source and prefix.
func watchedBy(d signal.Discovered, existing []v1alpha1.AlertThreshold) []string {
	var all []string
	for _, t := range existing {
		s := t.Spec.Signal
		if s == nil || string(s.Name) != d.Name || cmp.Or(signal.Source(s.Source), signal.Plimsoll) != d.Source {
			continue
		}
		if from, err := d.From(d.Source, s.Prefix); err != nil || len(d.Metrics) > 0 && from.Metrics[0].Name != d.Metrics[0].Name {
			continue
		}
		all = append(all, t.Name+narrowed(t))
	}
	return all
}

// narrowed says what keeps the threshold from watching the whole signal; empty when nothing does.
func narrowed(t v1alpha1.AlertThreshold) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.Spec.Signal.MatchLabels)) {
		parts = append(parts, fmt.Sprintf("%s=%q", name, t.Spec.Signal.MatchLabels[name]))
	}
	if t.Spec.Mode == v1alpha1.ModeOff || t.Spec.Mode == v1alpha1.ModeShadow {
		parts = append(parts, "mode "+string(t.Spec.Mode))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
