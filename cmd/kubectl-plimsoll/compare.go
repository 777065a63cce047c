package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// side is what OLD or NEW holds, and what was replayed of it.
type side struct {
	targets  []target
	rules    alert.Set
	versions []*alertVersion

	thresholds []backtested
	ofRules    []backtestedRule
	// refused says that Prometheus refuses a rule.
	refused bool
}

func (o *backtestOptions) runCompare(ctx context.Context, client *promapi.Client, w backtest.Window, paths []string) error {
	if len(paths) != 2 || paths[0] == manifest.Stdin && paths[1] == manifest.Stdin {
		return usageErrorf("--compare must have two files or folders, OLD and NEW, of which one may be - for standard input")
	}
	if len(o.paths) > 0 || o.rule != "" || o.selection.isSet() {
		return usageErrorf("must be either --compare, --rule, -f or a choice: remove the others")
	}
	before, err := o.loadOld(paths[0])
	if err != nil {
		return err
	}
	after, err := o.loadNew(paths[1])
	if err != nil {
		return err
	}
	c := o.newComparison(&before, &after, w)
	if o.alert != "" && len(before.versions)+len(after.versions) == 0 {
		return fmt.Errorf("comparing: neither side has the alert %q", o.alert)
	}
	for _, s := range []*side{&before, &after} {
		if err := o.replay(ctx, client, w, s, c); err != nil {
			return err
		}
	}
	if err := c.print(o.Out, o.output.format, sideNotes(&before, &after)); err != nil {
		return err
	}
	var refused error
	if after.refused {
		refused = errCheckFailed
	}
	return cmp.Or(o.checkFires(after.thresholds, after.ofRules), refused)
}

// reading is the loader for one side.
func (o *backtestOptions) reading(path string) loader {
	l := o.loader
	l.paths, l.mayBeEmpty = []string{path}, true
	return l
}

// loadOld reads what there was. What is invalid in it was so before, so it is only said.
func (o *backtestOptions) loadOld(path string) (side, error) {
	l := o.reading(path)
	all, result, err := l.validateFiles()
	s := side{rules: l.alerts}
	for _, e := range result.Errors {
		fmt.Fprintln(o.ErrOut, e)
	}
	for _, t := range all {
		if t.plan != nil {
			s.targets = append(s.targets, t)
		}
	}
	return s, err
}

func (o *backtestOptions) loadNew(path string) (side, error) {
	l := o.reading(path)
	targets, err := l.loadFiles()
	return side{targets: targets, rules: l.alerts}, err
}

// newComparison pairs what the two sides have, or only the alerts named by --alert.
func (o *backtestOptions) newComparison(before, after *side, w backtest.Window) *comparison {
	records := alert.ChangedRecords(before.rules, after.rules)
	for _, s := range []*side{before, after} {
		for _, v := range append(thresholdVersions(s.targets), ruleVersions(s.rules, records)...) {
			if o.wants(v.Alert) {
				s.versions = append(s.versions, v)
			}
		}
	}
	return newComparison(matchVersions(before.versions, after.versions), w, records)
}

// replay replays those versions of the side that differ.
func (o *backtestOptions) replay(ctx context.Context, client *promapi.Client, w backtest.Window, s *side, c *comparison) error {
	levels := map[int][]*alertVersion{} // of each threshold
	var ofRules []*alertVersion
	for _, v := range s.versions {
		switch {
		case !c.differs[v]:
		case v.threshold < 0:
			ofRules = append(ofRules, v)
		default:
			levels[v.threshold] = append(levels[v.threshold], v)
		}
	}
	for i, t := range s.targets {
		if len(levels[i]) == 0 {
			continue
		}
		plan := *t.plan
		plan.Levels = nil
		for _, v := range levels[i] {
			plan.Levels = append(plan.Levels, t.plan.Levels[v.level])
		}
		b, err := o.backtest(ctx, client, target{t.resource, &plan}, w)
		if err != nil {
			return fmt.Errorf("backtesting %s: %w", t, err)
		}
		for j, v := range levels[i] {
			v.result = &b.result.Levels[j]
		}
		s.thresholds = append(s.thresholds, b)
	}
	return o.replayRules(ctx, client, w, s, ofRules, c.records)
}

func (o *backtestOptions) replayRules(ctx context.Context, client *promapi.Client, w backtest.Window, s *side, wanted []*alertVersion, records map[string]bool) error {
	if len(wanted) == 0 {
		return nil
	}
	b := client.NewRuleBacktester(ctx, w, s.rules)
	b.PutIn(records)
	for _, v := range wanted {
		one, err := o.backtestRule(ctx, b, b.Set.Alerts[v.rule])
		switch {
		case err != nil:
			return err
		case one == nil:
			s.refused = true
		default:
			v.result = &one.result.Levels[0]
			s.ofRules = append(s.ofRules, *one)
		}
	}
	return nil
}

// sideNotes say, once each, where signals had no value, where rules fail, and what is not exact.
func sideNotes(sides ...*side) (lines []string) {
	for _, s := range sides {
		found := notes(s.ofRules)
		for _, b := range s.thresholds {
			if b.result.Coverage == 0 {
				found = append(found, fmt.Sprintf("%s: the signal had no value in the window", b.target))
			}
		}
		for _, line := range found {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
