package main

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// alertID names an alert of one side of a comparison, as -o json prints it.
type alertID struct {
	Namespace string `json:"namespace,omitempty"`
	// Name is the AlertThreshold's or the PrometheusRule's.
	Name     string `json:"name,omitempty"`
	Group    string `json:"group,omitempty"`
	Alert    string `json:"alert"`
	Severity string `json:"severity,omitempty"`
}

// alertVersion is an alert as one side has it: a level of a threshold, or an alerting rule.
type alertVersion struct {
	alertID
	// keys say which version of the other side is the same alert, the surest first: see matchVersions.
	keys []string
	// fields are what decides when the alert fires and what it is, each with its name.
	fields []versionField
	// threshold and level, or rule, say where its side has it: threshold is -1 for a rule.
	threshold, level, rule int
	// result is what it would have done; nil when it was not replayed.
	result *backtest.LevelResult
}

type versionField struct{ name, value string }

const levelField = "level"

func (v *alertVersion) field(name string) string {
	for _, f := range v.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// How versions are the same alert. Of the last, of a group that was renamed or moved, there may be only one on each side.
const (
	inEveryField = iota
	byPlaceAndLabels
	byPlaceAndSeverity
	byLabels
)

// thresholdVersions are those of every level of the targets.
func thresholdVersions(targets []target) (all []*alertVersion) {
	for i, t := range targets {
		for j, level := range t.plan.Levels {
			v := &alertVersion{threshold: i, level: j}
			v.alertID = alertID{Namespace: t.resource.Namespace, Name: t.resource.Name, Alert: t.plan.Alert, Severity: level.Severity}
			v.fields = []versionField{
				{levelField, level.String()}, {"expression", t.plan.Value.Expr}, {"for", model.Duration(level.For).String()},
				{"keepFiringFor", model.Duration(level.KeepFiringFor).String()}, {"alert", t.plan.Alert},
				{"labels", labels.FromMap(t.plan.Labels).String()}, {"mode", string(t.plan.Mode)}, {"noData", string(t.plan.NoData)},
			}
			place := fmt.Sprintf("threshold %q %q %q", v.Namespace, v.Name, v.Severity)
			v.keys = []string{place + fmt.Sprint(v.fields), place}
			all = append(all, v)
		}
	}
	return all
}

// ruleVersions are those of every alerting rule, with the expressions of records that the two sides do not share put in.
func ruleVersions(set alert.Set, changedRecords map[string]bool) (all []*alertVersion) {
	for i, rule := range set.Alerts {
		v := &alertVersion{threshold: -1, rule: i}
		v.alertID = alertID{rule.Namespace, rule.Object, rule.Group, rule.Name, rule.Labels[rules.SeverityLabel]}
		expanded := set.With(rule, changedRecords)
		expr := expanded.Expr
		if split, ok := expanded.Split(); ok {
			expr = split.Value
		}
		v.fields = []versionField{
			{levelField, levelOf(expanded)}, {"expression", expr}, {"for", model.Duration(rule.For).String()},
			{"keep_firing_for", model.Duration(rule.KeepFiringFor).String()}, {"labels", labels.FromMap(rule.Labels).String()},
			{"interval", orDefault(rule.Interval)}, {"query_offset", model.Duration(rule.Offset()).String()}, {"limit", fmt.Sprint(rule.Limit)},
		}
		named := fmt.Sprintf("rule %q %q", rule.Name, v.field("labels"))
		place := fmt.Sprintf("%q %q %q ", rule.Namespace, rule.Object, rule.Group)
		v.keys = []string{
			inEveryField: place + named + fmt.Sprint(v.fields), byPlaceAndLabels: place + named,
			byPlaceAndSeverity: place + fmt.Sprintf("rule %q %q", rule.Name, v.Severity), byLabels: named,
		}
		all = append(all, v)
	}
	return all
}

func orDefault(interval time.Duration) string {
	if interval == 0 {
		return "default"
	}
	return model.Duration(interval).String()
}

// pairing is an alert of both sides; one of the two is nil when it was added or removed.
type pairing struct{ before, after *alertVersion }

// matchVersions finds for each version the one of the other side, in the order of the second side; what was removed comes last.
func matchVersions(before, after []*alertVersion) (pairs []pairing) {
	partner := map[*alertVersion]*alertVersion{}
	for pass := inEveryField; pass <= byLabels; pass++ {
		was, is := byKey(before, pass, partner), byKey(after, pass, partner)
		for key, olds := range was {
			news := is[key]
			if pass != inEveryField && len(olds) != len(news) || pass == byLabels && len(olds) > 1 {
				continue
			}
			for i := range min(len(olds), len(news)) {
				partner[olds[i]], partner[news[i]] = news[i], olds[i]
			}
		}
	}
	for _, v := range after {
		pairs = append(pairs, pairing{partner[v], v})
	}
	for _, v := range before {
		if partner[v] == nil {
			pairs = append(pairs, pairing{before: v})
		}
	}
	return pairs
}

// byKey are those without a partner that have a key of this pass.
func byKey(all []*alertVersion, pass int, partner map[*alertVersion]*alertVersion) map[string][]*alertVersion {
	found := map[string][]*alertVersion{}
	for _, v := range all {
		if partner[v] == nil && pass < len(v.keys) {
			found[v.keys[pass]] = append(found[v.keys[pass]], v)
		}
	}
	return found
}

// changed are the names of the fields that differ; of an alert that one side alone has, "added" or "removed".
func (p pairing) changed() []string {
	switch {
	case p.before == nil:
		return []string{"added"}
	case p.after == nil:
		return []string{"removed"}
	}
	var names []string
	for _, f := range p.after.fields {
		if f.value != p.before.field(f.name) {
			names = append(names, f.name)
		}
	}
	return names
}

// named returns the version that the pairing is named by.
func (p pairing) named() *alertVersion {
	if p.after != nil {
		return p.after
	}
	return p.before
}
