package main

import (
	"context"
	"fmt"
	"io"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// recommendedRule is the recommendation for an alerting rule, as -o json prints it.
type recommendedRule struct {
	Namespace string            `json:"namespace,omitempty"`
	Object    string            `json:"object,omitempty"`
	Group     string            `json:"group"`
	Alert     string            `json:"alert"`
	Labels    map[string]string `json:"labels,omitempty"`
	Expr      string            `json:"expr"`
	// Recommended is the expression with the recommended level; empty when there is none, or it is the present one.
	Recommended string     `json:"recommended,omitempty"`
	Level       levelCurve `json:"level"`
	// Inexact says why Prometheus' own evaluations could give something else.
	Inexact []string `json:"inexact,omitempty"`

	rule, changed alert.Rule
	result        backtest.Recommendation
}

// recommendRules recommends levels for the rules of the set, or those with the name of --alert. Of one that has no level, or that
// Prometheus refuses, the reason is printed, and the others go on.
func (o *recommendOptions) recommendRules(ctx context.Context, client *promapi.Client, w backtest.Window, set alert.Set) (all []recommendedRule, failed error) {
	if len(set.Alerts) == 0 {
		return nil, nil
	}
	b := client.NewRuleBacktester(ctx, w, set)
	for i, written := range set.Alerts {
		if !o.wants(written.Name) {
			continue
		}
		present, err := backtest.RuleLevel(written)
		if err != nil {
			fmt.Fprintf(o.ErrOut, "%s: %v\n", written.Ref, err)
			failed = errCheckFailed
			continue
		}
		sweep, query, err := b.Sweep(ctx, b.Set.Alerts[i])
		switch {
		case promapi.IsRefused(err):
			fmt.Fprintf(o.ErrOut, "recommending a level of %s: %v\n", written.Ref, err)
			failed = errCheckFailed
			continue
		case err != nil:
			return nil, fmt.Errorf("recommending a level of %s: %w", written.Ref, err)
		}
		r := recommendedRule{
			Namespace: written.Namespace, Object: written.Object, Group: written.Group, Alert: written.Name, Labels: written.Labels,
			Expr: written.Expr, Inexact: query.Inexact, rule: written, result: sweep.Recommend(o.perWeek)[0],
		}
		r.Level = newLevelCurve(r.result, present, levelOf(written))
		if r.result.Found && r.result.Level != present {
			r.changed = written.WithLevel(r.result.Level.Value)
			r.Recommended = r.changed.Expr
		}
		all = append(all, r)
	}
	if len(all) == 0 && failed == nil {
		return nil, fmt.Errorf("recommending levels: no rule has the alert %q", o.alert)
	}
	return all, failed
}

// print writes what recommended.print does, and the changed expression instead of the patch.
func (r recommendedRule) print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", r.rule.Ref)
	if err := printCurves(w, []backtest.Recommendation{r.result}, []levelCurve{r.Level}); err != nil {
		return err
	}
	if r.Recommended != "" {
		fmt.Fprintf(w, "\nexpr: %s\n", r.Recommended)
	}
	for _, reason := range r.Inexact {
		fmt.Fprintf(w, "\n%s is not exact: %s\n", r.rule.Ref, reason)
	}
	return nil
}

// printChangedRules writes a rule file of the rules that change, each as it should be, after a separator.
func printChangedRules(all []recommendedRule, w io.Writer) error {
	var groups []rulefmt.RuleGroup
	for _, r := range all {
		if r.Recommended == "" {
			continue
		}
		if n := len(groups); n == 0 || groups[n-1].Name != r.Group {
			groups = append(groups, rulefmt.RuleGroup{Name: r.Group, Interval: model.Duration(r.rule.Interval), QueryOffset: (*model.Duration)(r.rule.QueryOffset), Limit: r.rule.Limit})
		}
		last := &groups[len(groups)-1]
		last.Rules = append(last.Rules, rulefmt.Rule{
			Alert: r.Alert, Expr: r.Recommended, For: model.Duration(r.rule.For), KeepFiringFor: model.Duration(r.rule.KeepFiringFor),
			Labels: r.rule.Labels, Annotations: r.rule.Annotations,
		})
	}
	if len(groups) == 0 {
		return nil
	}
	fmt.Fprintln(w, "---")
	return yaml.NewEncoder(w).Encode(rulefmt.RuleGroups{Groups: groups})
}
