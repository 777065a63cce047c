package observe

import (
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// NewTrackedRule returns an alerting rule of a PrometheusRule that is no threshold's, of which nothing is known yet. It has one
// level, which says nothing of the value when the rule's expression has none. Its values are asked for beside its evaluation, and
// so never contradict its alerts.
func NewTrackedRule(rule alert.Rule) *TrackedThreshold {
	level, err := backtest.RuleLevel(rule)
	var sides []rules.Level
	if err == nil {
		sides = level.Sides()
	}
	return &TrackedThreshold{
		key:    RuleKey(rule),
		title:  "the rule " + rule.String(),
		unit:   unit.Number,
		levels: []rules.Level{level},
		sides:  sides,
		expected: []expectedRule{{
			kind: prometheusv1.RuleTypeAlerting, name: rule.Name, labels: rule.Labels, query: printed(rule.Expr), givesValue: true,
			forDuration: rule.For, keepFiringFor: rule.KeepFiringFor,
		}},
		foreign: true, valueless: err != nil,
	}
}

// RuleKey is the PrometheusRule of the rule.
func RuleKey(rule alert.Rule) types.NamespacedName {
	return types.NamespacedName{Namespace: rule.Namespace, Name: rule.Object}
}

// AddRule adds a rule that is no threshold's, and its group's evaluation. A snapshot has one such rule at most.
func (s *Snapshot) AddRule(key types.NamespacedName, group promapi.Group, rule promapi.Rule) {
	s.addEvaluation(group)
	h := s.threshold(key)
	h.rules = append(h.rules, newLoadedRule(rule))
	h.levels++
}

// AddValues adds values that were asked for, as nothing records them: those that such a rule compares, and those of a threshold
// of a file. They replace recorded ones.
func (s *Snapshot) AddValues(key types.NamespacedName, samples model.Vector) {
	if h := s.threshold(key); !h.asked {
		h.asked, h.series = true, nil
	}
	s.addSeries(func(model.Metric) types.NamespacedName { return key }, samples)
}
