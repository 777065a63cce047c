package snapshot

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// Rule is what a Prometheus holds of an alerting rule that is no threshold's.
type Rule struct {
	*observe.Snapshot
	// Firing are its firing alerts, each with its labels.
	Firing model.Vector
}

// ReadRules reads the rules of a PrometheusRule, with the values that they compare; in their order. As for Read, one server must
// answer.
func ReadRules(ctx context.Context, from *promapi.Client, object types.UID, set []alert.Rule) ([]Rule, error) {
	groups, err := readGroups(ctx, from, set)
	if err != nil {
		return nil, err
	}
	groups = slices.DeleteFunc(groups, func(g promapi.Group) bool { return !mayBeOf(g, object) })
	now := time.Now()
	all := make([]Rule, len(set))
	for i, rule := range set {
		all[i].Snapshot = observe.NewSnapshot(now)
		if !all[i].add(groups, rule) {
			continue
		}
		if err := all[i].readValues(ctx, from, rule, rule.Expr); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ReadFileRules reads rules of files, of which nothing tells whether they were applied: so the values are there for those that are not
// loaded too. Of them records that the server lacks are put in, if the set has them.
func ReadFileRules(ctx context.Context, from *promapi.Client, set alert.Set) ([]Rule, error) {
	groups, err := readGroups(ctx, from, set.Alerts)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	b := from.NewRuleBacktester(ctx, backtest.WindowUntil(now, lookback, lookback), set)
	all := make([]Rule, len(set.Alerts))
	for i, rule := range set.Alerts {
		all[i].Snapshot = observe.NewSnapshot(now)
		all[i].add(slices.DeleteFunc(slices.Clone(groups), func(g promapi.Group) bool { return !mayBeOfManifest(g, rule) }), rule)
		query, err := b.Query(ctx, rule)
		if err == nil {
			err = all[i].readValues(ctx, from, rule, query.Expr)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// lookback is in how much time a record has a sample that the server has.
const lookback = 5 * time.Minute

// readGroups reads the groups that have the names of the rules' groups.
func readGroups(ctx context.Context, from *promapi.Client, set []alert.Rule) (groups []promapi.Group, err error) {
	for group, err := range from.Rules(ctx, "") {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(set, func(r alert.Rule) bool { return r.Group == group.Name }) {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// ofOperator is the end of the files that the Prometheus Operator writes, one for each PrometheusRule, with its UID.
var ofOperator = regexp.MustCompile(`-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.yaml$`)

// mayBeOf reports whether the group is the PrometheusRule's, as far as its file tells.
func mayBeOf(group promapi.Group, object types.UID) bool {
	return !ofOperator.MatchString(group.File) || strings.HasSuffix(group.File, "-"+string(object)+".yaml")
}

// mayBeOfManifest reports whether the group is that of the rule's manifest, whose UID nobody knows.
func mayBeOfManifest(group promapi.Group, rule alert.Rule) bool {
	return rule.Namespace == "" || !ofOperator.MatchString(group.File) ||
		ofOperator.ReplaceAllString(path.Base(group.File), "") == rule.Namespace+"-"+rule.Object
}

// add adds what the groups have of the rule, and reports whether they have it.
func (r *Rule) add(groups []promapi.Group, rule alert.Rule) bool {
	group, found := find(groups, rule)
	if found == nil {
		return false
	}
	r.AddRule(observe.RuleKey(rule), group, *found)
	for _, one := range found.Alerts {
		if one.State == prometheusv1.AlertStateFiring {
			r.Firing = append(r.Firing, &model.Sample{Metric: model.Metric(one.Labels)})
		}
	}
	return true
}

// readValues reads the values that the rule compares. Its expression may have records put in.
func (r *Rule) readValues(ctx context.Context, from *promapi.Client, rule alert.Rule, expr string) error {
	asked := rule
	asked.Expr = expr
	if _, err := backtest.RuleLevel(asked); err != nil {
		return nil //nolint:nilerr // a rule without a level has no value either
	}
	at := r.ValuesAt()
	if !at.IsZero() {
		at = at.Add(-rule.Offset())
	}
	split, _ := asked.Split()
	values, err := from.Query(ctx, split.Value, at)
	if promapi.IsRefused(err) {
		return nil // and so is the rule, which its health tells
	}
	r.AddValues(observe.RuleKey(rule), values)
	return err
}

// find returns the rule at the same place, else the first of its name, with its group; nil when there is none.
func find(groups []promapi.Group, rule alert.Rule) (in promapi.Group, found *promapi.Rule) {
	for _, group := range groups {
		if group.Name != rule.Group {
			continue
		}
		for i := range group.Rules {
			one := &group.Rules[i]
			if one.Type == prometheusv1.RuleTypeAlerting && one.Name == rule.Name && (found == nil || i == rule.Index) {
				in, found = group, one
			}
		}
	}
	return in, found
}
