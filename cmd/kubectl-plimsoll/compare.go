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
	if err := o.replay(ctx, client, w, c, &before, &after); err != nil {
		return err
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

// replayJob replays what its side has of an expression.
type replayJob struct {
	expr string
	run  func(context.Context) error
}

// replay replays those versions of the sides that differ, those of one expression after each other: Prometheus is asked for it once.
func (o *backtestOptions) replay(ctx context.Context, client *promapi.Client, w backtest.Window, c *comparison, sides ...*side) error {
	client = client.Remembering()
	var jobs []replayJob
	for _, s := range sides {
		jobs = append(jobs, o.thresholdJobs(client, w, s, c)...)
		jobs = append(jobs, o.ruleJobs(ctx, client, w, s, c)...)
	}
	slices.SortStableFunc(jobs, func(a, b replayJob) int { return cmp.Compare(a.expr, b.expr) })
	for _, job := range jobs {
		if err := job.run(ctx); err != nil {
			return err
		}
	}
	for _, s := range sides {
		s.thresholds = slices.DeleteFunc(s.thresholds, func(b backtested) bool { return b.result == nil })
		s.ofRules = slices.DeleteFunc(s.ofRules, func(b backtestedRule) bool { return b.result == nil })
	}
	return nil
}

func (o *backtestOptions) thresholdJobs(client *promapi.Client, w backtest.Window, s *side, c *comparison) (jobs []replayJob) {
	levels := map[int][]*alertVersion{} // of each threshold
	for _, v := range s.versions {
		if c.differs[v] && v.threshold >= 0 {
			levels[v.threshold] = append(levels[v.threshold], v)
		}
	}
	s.thresholds = make([]backtested, len(s.targets))
	for i, t := range s.targets {
		if len(levels[i]) == 0 {
			continue
		}
		plan := *t.plan
		plan.Levels = nil
		for _, v := range levels[i] {
			plan.Levels = append(plan.Levels, t.plan.Levels[v.level])
		}
		jobs = append(jobs, replayJob{plan.Value.Expr, func(ctx context.Context) (err error) {
			b := &s.thresholds[i]
			if *b, err = o.backtest(ctx, client, target{t.resource, &plan}, w); err != nil {
				return fmt.Errorf("backtesting %s: %w", t, err)
			}
			for j, v := range levels[i] {
				v.result = &b.result.Levels[j]
			}
			return nil
		}})
	}
	return jobs
}

func (o *backtestOptions) ruleJobs(ctx context.Context, client *promapi.Client, w backtest.Window, s *side, c *comparison) (jobs []replayJob) {
	var b *promapi.RuleBacktester
	s.ofRules = make([]backtestedRule, len(s.versions))
	for i, v := range s.versions {
		if !c.differs[v] || v.threshold >= 0 {
			continue
		}
		if b == nil {
			b = client.NewRuleBacktester(ctx, w, s.rules)
			b.PutIn(c.records)
		}
		rule := b.Set.Alerts[v.rule]
		jobs = append(jobs, replayJob{rule.Expr, func(ctx context.Context) error {
			one, err := o.backtestRule(ctx, b, rule)
			switch {
			case err != nil:
				return err
			case one == nil:
				s.refused = true
			default:
				s.ofRules[i] = *one
				v.result = &one.result.Levels[0]
			}
			return nil
		}})
	}
	return jobs
}

// sideNotes say, once each, where signals had no value, where rules fail, and what is not exact.
func sideNotes(sides ...*side) (lines []string) {
	for _, s := range sides {
		found := notes(s.ofRules)
		for _, b := range s.thresholds {
			for _, note := range b.Notes {
				found = append(found, fmt.Sprintf("%s: %s", b.target, note))
			}
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
