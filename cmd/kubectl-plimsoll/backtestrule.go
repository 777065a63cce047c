package main

import (
	"context"
	"fmt"
	"io"
	"maps"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// backtestedRule is the backtest of an alerting rule, as -o json prints it.
type backtestedRule struct {
	Namespace string             `json:"namespace,omitempty"`
	Object    string             `json:"object,omitempty"`
	Group     string             `json:"group"`
	Alert     string             `json:"alert"`
	Labels    map[string]string  `json:"labels,omitempty"`
	Expr      string             `json:"expr"`
	Backtest  *v1alpha1.Backtest `json:"backtest"`
	// Failed is at how many evaluations the rule fails, and Failure why.
	Failed  int    `json:"failed,omitempty"`
	Failure string `json:"failure,omitempty"`
	// Inexact says why Prometheus' own evaluations could give something else.
	Inexact []string `json:"inexact,omitempty"`

	rule   alert.Rule
	result *backtest.Result
	// signal is read only for a picture.
	signal worstSeries
}

// backtestRules replays the rules of the set, or those with the name of --alert. Of one that Prometheus refuses, the reason is
// printed, and the others go on.
func (o *backtestOptions) backtestRules(ctx context.Context, client *promapi.Client, w backtest.Window, set alert.Set) (all []backtestedRule, failed error) {
	if len(set.Alerts) == 0 {
		return nil, nil
	}
	b := client.NewRuleBacktester(ctx, w, set)
	for _, rule := range b.Set.Alerts {
		if !o.wants(rule.Name) {
			continue
		}
		one, err := o.backtestRule(ctx, b, rule)
		switch {
		case err != nil:
			return nil, err
		case one == nil:
			failed = errCheckFailed
		default:
			all = append(all, *one)
		}
	}
	if len(all) == 0 && failed == nil {
		return nil, fmt.Errorf("backtesting: no rule has the alert %q", o.alert)
	}
	return all, failed
}

// backtestRule replays a rule. Of one that Prometheus refuses, the reason is printed, and there is no result.
func (o *backtestOptions) backtestRule(ctx context.Context, b *promapi.RuleBacktester, rule alert.Rule) (*backtestedRule, error) {
	result, query, err := b.Backtest(ctx, rule)
	switch {
	case promapi.IsRefused(err):
		fmt.Fprintf(o.ErrOut, "backtesting %s: %v\n", rule.Ref, err)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("backtesting %s: %w", rule.Ref, err)
	}
	one := newBacktestedRule(rule, result, query)
	if o.draws() {
		if one.signal, err = ruleValues(ctx, b, rule); err != nil {
			return nil, fmt.Errorf("backtesting %s: reading its values: %w", rule.Ref, err)
		}
	}
	return &one, nil
}

func newBacktestedRule(rule alert.Rule, result *backtest.Result, query alert.Query) backtestedRule {
	b := backtestedRule{
		Namespace: rule.Namespace, Object: rule.Object, Group: rule.Group, Alert: rule.Name, Labels: rule.Labels, Expr: rule.Expr,
		Backtest: result.Status(0), Failed: result.Failed, Inexact: query.Inexact, rule: rule, result: result,
	}
	b.Backtest.Coverage = "" // what an expression of any form has no sample of is not missing
	if result.Failure != nil {
		b.Failure = result.Failure.Error()
	}
	return b
}

// printRules writes one table of all rules, and below it what is not exact.
func printRules(w io.Writer, all []backtestedRule) error {
	last := all[0].result.Window
	fmt.Fprintf(w, "%s over %s until %s\n\n", manifest.Count(len(all), "alerting rule"),
		backtest.FormatDuration(last.Length()), formatTime(last.End))
	table := printers.GetNewTabWriter(w)
	fmt.Fprintln(table, "ALERT\tSEVERITY\tLEVEL\tFIRES\tFIRING\tLONGEST\tLAST FIRED\tWORST SERIES")
	for _, b := range all {
		level, lastFired := b.Backtest.Levels[0], "-"
		if level.LastFired != nil {
			lastFired = formatTime(level.LastFired.Time)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", b.Alert, orDash(level.Severity), levelOf(b.rule), level.Fires,
			level.Firing, orDash(level.Longest), lastFired, b.worst())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, note := range notes(all) {
		fmt.Fprintf(w, "\n%s", note)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// notes say where rules fail, and what is not exact.
func notes(all []backtestedRule) (lines []string) {
	for _, b := range all {
		if b.Failed > 0 {
			lines = append(lines, fmt.Sprintf("%s fails at %s: %s", b.rule.Ref, manifest.Count(b.Failed, "evaluation"), b.Failure))
		}
		for _, reason := range b.Inexact {
			lines = append(lines, fmt.Sprintf("%s is not exact: %s", b.rule.Ref, reason))
		}
	}
	return lines
}

// levelOf is the number that the rule compares with; a dash when it fires where its expression has a sample.
func levelOf(rule alert.Rule) string {
	split, ok := rule.Split()
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%s %g", split.Op, split.Level)
}

// worst are the labels of the alert that fired for the longest time, without those that all alerts of the rule have.
func (b backtestedRule) worst() string {
	worst := maps.Clone(b.Backtest.Levels[0].WorstLabels)
	maps.DeleteFunc(worst, func(name, value string) bool { return name == model.AlertNameLabel || b.rule.Labels[name] == value })
	return formatLabels(labels.FromMap(worst))
}
