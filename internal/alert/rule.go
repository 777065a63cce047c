// Package alert is any alerting rule: of a PrometheusRule, a rule file of Prometheus, Mimir or Thanos, or the rules API. It
// says what a rule asks, which part of that is a level, and what its alerts are called, so that internal/backtest can replay
// it as Prometheus evaluates it. It is pure.
package alert

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// Ref says where a rule stands.
type Ref struct {
	// Namespace and Object are the PrometheusRule's. A rule file has no namespace; its object is the namespace that Mimir's
	// tools write into it, or empty. Of a rule from the rules API it is the file as the server names it.
	Namespace, Object string
	// Chart is the PrometheusRule's label of that name, which Helm charts set, such as kube-prometheus-stack-77.0.0.
	Chart string
	// Group is the rule group's name, Index the rule's place in it, from 0.
	Group string
	Index int
	// Name is the alert's, or that of the recorded series.
	Name string
	// File and Line are where the rule was read; empty and 0 when that was no file.
	File string
	Line int
}

// String names the rule in a sentence, such as "monitoring/node-exporter node.rules/NodeClockSkew".
func (r Ref) String() string {
	text := r.Group + "/" + r.Name
	if object := strings.Trim(r.Namespace+"/"+r.Object, "/"); object != "" {
		text = object + " " + text
	}
	return text
}

// sameGroup reports whether one group has both rules, so that they are evaluated at the same times, one after the other.
func (r Ref) sameGroup(o Ref) bool {
	return r.Namespace == o.Namespace && r.Object == o.Object && r.File == o.File && r.Group == o.Group
}

// Evaluation is what a group says about the evaluation of its rules.
type Evaluation struct {
	// Interval between evaluations; zero for the server's own.
	Interval time.Duration
	// QueryOffset is how far in the past expressions are evaluated; nil for the server's own, which mostly is 0.
	QueryOffset *time.Duration
	// Limit is how many alerts, or series, one rule may give; zero for any number.
	Limit int
	// At is a time at which the group is evaluated, and so at all whole intervals from it; zero when it is not known.
	At time.Time
}

// Offset is how far in the past the expressions are evaluated, as far as it is known.
func (e Evaluation) Offset() time.Duration {
	if e.QueryOffset == nil {
		return 0
	}
	return *e.QueryOffset
}

// Rule is an alerting rule.
type Rule struct {
	Ref
	Evaluation
	Expr               string
	For, KeepFiringFor time.Duration
	// Labels are the rule's and its group's; their values may be templates. So may those of Annotations.
	Labels, Annotations map[string]string
}

// Record is a recording rule.
type Record struct {
	Ref
	Evaluation
	Expr   string
	Labels map[string]string
}

// Set is the rules that were read together, in their order.
type Set struct {
	Alerts  []Rule
	Records []Record
}

// Add takes the rules of another set in.
func (s *Set) Add(other Set) {
	s.Alerts = append(s.Alerts, other.Alerts...)
	s.Records = append(s.Records, other.Records...)
}

// SetInterval gives the groups without an interval the server's own.
func (s *Set) SetInterval(interval time.Duration) {
	for i := range s.Alerts {
		s.Alerts[i].Interval = cmp.Or(s.Alerts[i].Interval, interval)
	}
	for i := range s.Records {
		s.Records[i].Interval = cmp.Or(s.Records[i].Interval, interval)
	}
}

// promQL reads every expression that some Prometheus does: whether this one has the feature switched on is its own matter.
var promQL = parser.NewParser(parser.Options{
	EnableExperimentalFunctions: true, ExperimentalDurationExpr: true,
	EnableExtendedRangeSelectors: true, EnableBinopFillModifiers: true,
})

// Parse reads every expression that some Prometheus does.
func Parse(expr string) (parser.Expr, error) { return parse(expr) }

func parse(expr string) (parser.Expr, error) {
	parsed, err := promQL.ParseExpr(expr)
	if err != nil {
		return nil, fmt.Errorf("parsing the expression: %w", err)
	}
	return parsed, nil
}
