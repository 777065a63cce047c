package tuner

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// rule is any alerting rule that is tuned.
type rule struct {
	rule alert.Rule
	// split is the rule's value and level; hasLevel is false where there is none to move.
	split    alert.Split
	hasLevel bool
}

// NewRule returns a target of an alerting rule. Without a level, only its durations can be changed.
func NewRule(r alert.Rule) Target {
	_, err := backtest.RuleLevel(r)
	split, _ := r.Split()
	return &rule{rule: r, split: split, hasLevel: err == nil}
}

// RuleValue is the expression whose samples a rule's tuner holds: the value that the rule compares, or all of it when it has no level.
func RuleValue(r alert.Rule) string {
	if _, err := backtest.RuleLevel(r); err != nil {
		return r.Expr
	}
	split, _ := r.Split()
	return split.Value
}

func (r *rule) header() header {
	return header{Kind: "Rule", Namespace: r.rule.Namespace, Name: r.rule.Object, Alert: r.rule.Name, Expr: RuleValue(r.rule), Unit: string(unit.Number)}
}

func (r *rule) value() rules.Value {
	return rules.Value{Unit: unit.Number, Min: math.Inf(-1), Max: math.Inf(1)}
}

// present is the level with the number that is written in the expression: that of a rule with >= is replayed a hair lower.
func (r *rule) present() []Level {
	level, _ := backtest.RuleLevel(r.rule)
	if !r.hasLevel {
		return []Level{{Severity: level.Severity, For: level.For.Seconds(), KeepFiringFor: level.KeepFiringFor.Seconds(), Fixed: true}}
	}
	level.Value = r.split.Level
	return []Level{newLevel(level)}
}

func (r *rule) change(levels []Level) (*Change, error) {
	present := r.present()
	if err := checkSeverities(present, levels); err != nil {
		return nil, err
	}
	changed, was := r.rule, present[0]
	moved := was
	if len(levels) > 0 {
		moved = levels[0]
	}
	if err := moved.checkNumbers(); err != nil {
		return nil, err
	}
	if !sameSides(was, moved) {
		return nil, fmt.Errorf("level %s: above and below must be given if and only if the level has them", was.Severity)
	}
	for _, side := range [][2]*float64{{was.Above, moved.Above}, {was.Below, moved.Below}} {
		if side[0] != nil && *side[0] != *side[1] {
			changed = changed.WithLevel(*side[1])
		}
	}
	var err error
	if changed.For, changed.KeepFiringFor, err = moved.durations(); err != nil {
		return nil, err
	}
	level, err := backtest.RuleLevel(changed)
	if err != nil && r.hasLevel {
		return nil, errors.New("the expression cannot be written with that level")
	}
	answer := changeAnswer{
		Expr: changed.Expr, YAML: describeRule(changed),
		Changed: changed.Expr != r.rule.Expr || changed.For != r.rule.For || changed.KeepFiringFor != r.rule.KeepFiringFor,
	}
	return &Change{
		levels: []rules.Level{level}, shown: NewRule(changed).present(), answer: answer, fixed: !r.hasLevel,
		ruleOf: func(rules.Level) alert.Rule { return changed },
	}, nil
}

// sameSides reports whether both levels have the same of above and below.
func sameSides(a, b Level) bool {
	return (a.Above == nil) == (b.Above == nil) && (a.Below == nil) == (b.Below == nil)
}

// describeRule writes what a tuner changes of a rule, as a rule file has it.
func describeRule(r alert.Rule) string {
	text := fmt.Sprintf("- alert: %s\n  expr: %q\n", r.Name, r.Expr)
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"for", r.For}, {"keep_firing_for", r.KeepFiringFor}} {
		if d.value > 0 {
			text += fmt.Sprintf("  %s: %s\n", d.field, formatDuration(d.value))
		}
	}
	return text
}

func (r *rule) isByLevel(s *history.Samples) bool { return r.hasLevel && s.IsByLevel(r.rule) }
