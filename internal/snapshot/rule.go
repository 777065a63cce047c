package snapshot

import (
	"context"
	"regexp"
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
	now := time.Now()
	wanted := map[string]bool{}
	for _, rule := range set {
		wanted[rule.Group] = true
	}
	var groups []promapi.Group
	for group, err := range from.Rules(ctx, "") {
		if err != nil {
			return nil, err
		}
		if wanted[group.Name] && mayBeOf(group, object) {
			groups = append(groups, group)
		}
	}
	all := make([]Rule, len(set))
	for i, rule := range set {
		all[i].Snapshot = observe.NewSnapshot(now)
		if err := all[i].read(ctx, from, groups, rule); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ofOperator is the end of the files that the Prometheus Operator writes, one for each PrometheusRule, with its UID.
var ofOperator = regexp.MustCompile(`-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.yaml$`)

// mayBeOf reports whether the group is the PrometheusRule's, as far as its file tells.
func mayBeOf(group promapi.Group, object types.UID) bool {
	return !ofOperator.MatchString(group.File) || strings.HasSuffix(group.File, "-"+string(object)+".yaml")
}

func (r *Rule) read(ctx context.Context, from *promapi.Client, groups []promapi.Group, rule alert.Rule) error {
	group, found := find(groups, rule)
	if found == nil {
		return nil
	}
	r.AddRule(observe.RuleKey(rule), group, *found)
	for _, one := range found.Alerts {
		if one.State == prometheusv1.AlertStateFiring {
			r.Firing = append(r.Firing, &model.Sample{Metric: model.Metric(one.Labels)})
		}
	}
	if _, err := backtest.RuleLevel(rule); err != nil {
		return nil //nolint:nilerr // a rule without a level has no value either
	}
	at := r.ValuesAt()
	if !at.IsZero() {
		at = at.Add(-rule.Offset())
	}
	split, _ := rule.Split()
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
