// Package audit says of alerting rules how much noise they made over a window, and what is wrong with them. It is pure: what the
// rules did, and which metrics there were, is given to it.
package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Kind names what is wrong with a rule.
type Kind string

// What can be wrong with a rule.
const (
	// NoData: what the rule reads had no series at any time of the window, so that it could not fire.
	NoData Kind = "NoData"
	// CannotFire: no value meets its comparisons, whatever the data, or none that the buckets can show.
	CannotFire Kind = "CannotFire"
	// AlwaysFiring: some alert of it fired throughout the window.
	AlwaysFiring Kind = "AlwaysFiring"
	// Fails: Prometheus refused some evaluation, or every one.
	Fails Kind = "Fails"
	// ShortFor: for is shorter than two evaluations.
	ShortFor Kind = "ShortFor"
	// NotLoaded: the Prometheus has no such rule.
	NotLoaded Kind = "NotLoaded"
	// Unknown: there was no answer about the rule.
	Unknown Kind = "Unknown"
)

// Problem is what is wrong with a rule.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
}

// FlapWithin is how soon after its last end an alert must fire again to be called a flap.
const FlapWithin = 10 * time.Minute

// Evidence is what is known of a rule.
type Evidence struct {
	// Query is what was asked for it, and Result what it did; nil where Err says why that is not known.
	Query  alert.Query
	Result *backtest.Result
	Err    error
	// IsRefused is set when Err is the server's answer to the expression: asking again gives the same.
	IsRefused bool
	// Buckets are those that the values are quantiles of; nil when they are not, or that is not known.
	Buckets *bucket.Histogram
	// Absent reports whether no series of the selector had a sample in the window; false too when that is not known.
	Absent func(alert.Selector) bool
	// IsNotLoaded is set when the Prometheus is known not to have the rule.
	IsNotLoaded bool
}

// NeedsBuckets reports whether buckets could be why the rule did not fire: then Split has the value whose buckets they are.
func (e Evidence) NeedsBuckets() bool {
	_, hasLevel := e.Split()
	return hasLevel && e.Result != nil && e.Result.Levels[0].Fires == 0
}

// Split returns the value and level of what was asked.
func (e Evidence) Split() (alert.Split, bool) { return alert.Rule{Expr: e.Query.Expr}.Split() }

// beyondBuckets says why the buckets show no value that crosses the level; empty when they do.
func (e Evidence) beyondBuckets() string {
	split, hasLevel := e.Split()
	if !hasLevel || e.Buckets == nil || len(e.Buckets.Bounds) == 0 {
		return ""
	}
	above, isAbove := split.Above()
	below, isBelow := split.Below()
	if isAbove && e.Buckets.Fit(above, true) == bucket.Never || isBelow && e.Buckets.Fit(below, false) == bucket.Never {
		return fmt.Sprintf("the buckets of %s end at %g: they show no value %s %g",
			e.Buckets, e.Buckets.Bounds[len(e.Buckets.Bounds)-1], split.Op, split.Level)
	}
	return ""
}

// Judge says what the rule did and what is wrong with it.
func Judge(rule alert.Rule, e Evidence) Rule {
	r := Rule{
		Namespace: rule.Namespace, Object: rule.Object, Group: rule.Group, Alert: rule.Name, Severity: rule.Labels[rules.SeverityLabel],
		Labels: rule.Labels, Expr: rule.Expr, Inexact: e.Query.Inexact,
	}
	if e.Result != nil {
		r.count(e.Result)
	}
	r.judgeFires(rule, e)
	r.judgeErrors(e)
	if two := 2 * rule.Interval; rule.For > 0 && rule.For < two {
		r.add(ShortFor, "for %s is shorter than two evaluations, which are %s apart: write for %s or more, or none",
			backtest.FormatDuration(rule.For), backtest.FormatDuration(rule.Interval), backtest.FormatDuration(two))
	}
	if e.IsNotLoaded {
		r.add(NotLoaded, "no group that this Prometheus has loaded has the rule")
	}
	return r
}

func (r *Rule) add(kind Kind, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{kind, fmt.Sprintf(format, args...)})
}

// judgeFires says why a rule did not fire, or that it did throughout.
func (r *Rule) judgeFires(rule alert.Rule, e Evidence) {
	if part := alert.Contradiction(rule.Expr); part != "" {
		r.add(CannotFire, "no value meets %s", part)
	}
	if r.Fires > 0 {
		// One that reads nothing, as a dead man's switch does, fires by design.
		if throughout(rule, e.Result) && len(alert.Selectors(rule.Expr)) > 0 {
			r.add(AlwaysFiring, "some alert fired throughout the window")
		}
		return
	}
	if why := e.beyondBuckets(); why != "" {
		r.add(CannotFire, "%s", why)
	}
	missing := alert.Missing(e.Query.Expr, e.Absent)
	if len(missing) == 0 {
		return
	}
	var texts []string
	for _, s := range missing {
		if s.Metric != "" && !e.Absent(alert.Selector{Metric: s.Metric, Text: s.Metric}) {
			texts = append(texts, fmt.Sprintf("%s has series, but none is %s", s.Metric, s.Text))
		} else {
			texts = append(texts, s.Text+" is absent")
		}
	}
	r.add(NoData, "%s, at all times of the window", strings.Join(texts, ", "))
}

// throughout reports whether some alert fired from the first evaluation at which one could until the end.
func throughout(rule alert.Rule, result *backtest.Result) bool {
	step := result.Window.Step
	pending := (rule.For + step - 1) / step * step
	return result.Levels[0].Firing >= result.Window.Length()-pending && pending < result.Window.Length()
}

func (r *Rule) judgeErrors(e Evidence) {
	switch {
	case e.Err != nil && e.IsRefused:
		r.add(Fails, "%v", e.Err)
	case e.Err != nil:
		r.add(Unknown, "%v", e.Err)
	case e.Result.Failed > 0:
		r.add(Fails, "%d of %d evaluations fail: %v", e.Result.Failed, e.Result.Window.Evaluations(), e.Result.Failure)
	}
}
