// Package chain follows a threshold from its spec to Alertmanager and checks link by link, to tell why its alert does not
// reach anybody. It is pure: what was read is given to it.
package chain

import (
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Result is what was found at a link.
type Result string

const (
	// OK means that the link holds.
	OK Result = "OK"
	// Fail means that the link is broken, and no alert gets past it.
	Fail Result = "FAIL"
	// Unknown means that the link could not be looked at.
	Unknown Result = "?"
	// Idle means that the link has nothing to do, as long as no line is crossed or since one before it is broken.
	Idle Result = "-"
)

// Link is one link of the chain.
type Link struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
	// Detail says what was found and, of a broken link, what to do.
	Detail string `json:"detail"`
}

// Seen is what was read of a threshold.
type Seen struct {
	Now       time.Time
	Threshold *v1alpha1.AlertThreshold
	// Rule is the threshold's PrometheusRule, nil when there is none; RuleFault is why it could not be read.
	Rule      *monitoringv1.PrometheusRule
	RuleFault error
	// Prometheus is nil when it was not asked.
	Prometheus *Prometheus
}

// Prometheus is what a Prometheus answered.
type Prometheus struct {
	// Fault is why it did not answer; then there is nothing else.
	Fault error
	// Snapshot is the same as the next three, as observe judges it.
	Snapshot *observe.Snapshot
	// Group is the threshold's rule group; nil when Prometheus does not have it.
	Group *promapi.Group
	// Signal is the recorded value.
	Signal model.Vector
	// Alertmanagers are those that Prometheus sends to, or the one that was named; AlertmanagersFault is why they are not
	// known.
	Alertmanagers      []Alertmanager
	AlertmanagersFault error
}

// Report is what is to be said of a threshold.
type Report struct {
	// State, Current, Headroom and Levels are those of the resource's status, as they are now.
	State    v1alpha1.State         `json:"state"`
	Current  string                 `json:"current,omitempty"`
	Headroom string                 `json:"headroom,omitempty"`
	Levels   []v1alpha1.LevelStatus `json:"levels,omitempty"`
	Links    []Link                 `json:"links"`
}

// Whole reports whether no link is broken.
func (r Report) Whole() bool {
	for _, link := range r.Links {
		if link.Result == Fail {
			return false
		}
	}
	return true
}

func (r *Report) add(name string, result Result, format string, args ...any) {
	r.Links = append(r.Links, Link{name, result, fmt.Sprintf(format, args...)})
}

// Check checks the chain.
func Check(seen Seen) Report {
	r := Report{State: v1alpha1.StateUnknown}
	t := seen.Threshold
	r.add("resource", OK, "generation %d", t.Generation)
	plan, errs := rules.Resolve(t)
	r.accepted(t, errs)
	if plan == nil {
		return r
	}
	if !r.rule(seen, plan) {
		return r
	}
	if seen.Prometheus == nil {
		r.add("loaded", Unknown, "Prometheus was not asked: use --prometheus-url URL")
		return r
	}
	if seen.Prometheus.Fault != nil {
		r.add("loaded", Fail, "%v", seen.Prometheus.Fault)
		return r
	}
	now := observed(seen, plan)
	r.State, r.Current, r.Headroom = now.State, now.Current, now.Headroom
	r.loaded(now)
	r.evaluated(seen)
	r.series(seen, plan, now)
	r.levels(seen, plan, now)
	r.alertmanager(*seen.Prometheus)
	return r
}
