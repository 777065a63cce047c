package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

// Problem is what is wrong with a rule or a group, in the words of Prometheus.
type Problem struct {
	// Line and Column are counted from 1, in the document.
	Line, Column int
	Message      string
}

// Error gives the message.
func (p Problem) Error() string { return p.Message }

// group is a rule group as Prometheus, Thanos, Mimir and the operator write it. What it has beyond these fields, such as
// source_tenants and partial_response_strategy, does not change what an expression gives.
type group struct {
	Name        string            `yaml:"name"`
	Interval    model.Duration    `yaml:"interval"`
	QueryOffset *model.Duration   `yaml:"query_offset"`
	Delay       *model.Duration   `yaml:"evaluation_delay"` // Mimir's older name of query_offset
	Limit       int               `yaml:"limit"`
	Labels      map[string]string `yaml:"labels"`
	Rules       []yaml.Node       `yaml:"rules"`
}

// chartLabel is the label by which Helm charts say what they are.
const chartLabel = "chart"

// FromNode reads the rules of a YAML or JSON document: a PrometheusRule, a rule file, one group, or groups by namespace as
// Mimir's API gives them. isRules is false when it is none of these. Rules with problems are left out.
func FromNode(node *yaml.Node) (set Set, problems []Problem, isRules bool) {
	node = resolve(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return Set{}, nil, false
	}
	r := reader{}
	kind := text(field(node, "kind"))
	switch groups := field(node, "groups"); {
	case kind == monitoringv1.PrometheusRuleKind:
		metadata := field(node, "metadata")
		r.at = Ref{
			Namespace: text(field(metadata, "namespace")), Object: text(field(metadata, "name")),
			Chart: text(field(field(metadata, "labels"), chartLabel)),
		}
		r.groups(field(field(node, "spec"), "groups"))
	case kind != "":
		return Set{}, nil, false
	case groups != nil:
		r.at = Ref{Object: text(field(node, "namespace"))}
		r.groups(groups)
	case field(node, "rules") != nil:
		r.group(node)
	case holdsGroups(node):
		for i := 0; i+1 < len(node.Content); i += 2 {
			r.at = Ref{Object: node.Content[i].Value}
			r.groups(node.Content[i+1])
		}
	default:
		return Set{}, nil, false
	}
	return r.set, r.problems, true
}

// FromPrometheusRule reads the rules of a PrometheusRule. The error joins the problems; the rules without are in the set.
func FromPrometheusRule(object *monitoringv1.PrometheusRule) (Set, error) {
	encoded, err := json.Marshal(object.Spec)
	if err != nil {
		return Set{}, fmt.Errorf("reading PrometheusRule %s/%s: %w", object.Namespace, object.Name, err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(encoded, &root); err != nil {
		return Set{}, fmt.Errorf("reading PrometheusRule %s/%s: %w", object.Namespace, object.Name, err)
	}
	r := reader{at: Ref{Namespace: object.Namespace, Object: object.Name, Chart: object.Labels[chartLabel]}}
	r.groups(field(root.Content[0], "groups"))
	for i := range r.set.Alerts {
		r.set.Alerts[i].Line = 0
	}
	for i := range r.set.Records {
		r.set.Records[i].Line = 0
	}
	var errs []error
	for _, p := range r.problems {
		errs = append(errs, fmt.Errorf("reading PrometheusRule %s/%s: %w", object.Namespace, object.Name, p))
	}
	return r.set, errors.Join(errs...)
}

// reader reads the groups of one document.
type reader struct {
	at       Ref
	seen     map[string]bool
	set      Set
	problems []Problem
}

func (r *reader) problem(node *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, Problem{Line: node.Line, Column: node.Column, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) groups(node *yaml.Node) {
	if node == nil {
		return
	}
	if node.Kind != yaml.SequenceNode {
		r.problem(node, "groups must be a list")
		return
	}
	r.seen = map[string]bool{}
	for _, one := range node.Content {
		r.group(one)
	}
}

func (r *reader) group(node *yaml.Node) {
	var g group
	if err := node.Decode(&g); err != nil {
		r.problem(node, "the group cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	switch {
	case g.Name == "":
		r.problem(node, "the group must have a name")
	case r.seen[g.Name]:
		r.problem(node, "group %q is in the file twice: rename one of the two", g.Name)
	}
	if r.seen != nil {
		r.seen[g.Name] = true
	}
	evaluation := Evaluation{Interval: time.Duration(g.Interval), Limit: g.Limit, QueryOffset: duration(g.QueryOffset)}
	if evaluation.QueryOffset == nil {
		evaluation.QueryOffset = duration(g.Delay)
	}
	for i := range g.Rules {
		r.rule(g, evaluation, i)
	}
}

func (r *reader) rule(g group, evaluation Evaluation, index int) {
	node := &g.Rules[index]
	var rule rulefmt.Rule
	if err := node.Decode(&rule); err != nil {
		r.problem(node, "group %q, rule %d cannot be read: %s", g.Name, index+1, strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	ref := r.at
	ref.Group, ref.Index, ref.Line, ref.Name = g.Name, index, node.Line, rule.Alert+rule.Record
	if found := rule.Validate(rulefmt.RuleNode{}, model.UTF8Validation, promQL); len(found) > 0 {
		for i := range found {
			r.problem(node, "%s: %s", ref, errors.Unwrap(&found[i]))
		}
		return
	}
	labels := maps.Clone(g.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, rule.Labels)
	if rule.Record != "" {
		r.set.Records = append(r.set.Records, Record{Ref: ref, Evaluation: evaluation, Expr: rule.Expr, Labels: labels})
		return
	}
	r.set.Alerts = append(r.set.Alerts, Rule{
		Ref: ref, Evaluation: evaluation, Expr: rule.Expr, Labels: labels, Annotations: rule.Annotations,
		For: time.Duration(rule.For), KeepFiringFor: time.Duration(rule.KeepFiringFor),
	})
}

func duration(d *model.Duration) *time.Duration { return (*time.Duration)(d) }

// holdsGroups reports whether the mapping has nothing but lists of groups.
func holdsGroups(node *yaml.Node) bool {
	for i := 0; i+1 < len(node.Content); i += 2 {
		groups := resolve(node.Content[i+1])
		if groups.Kind != yaml.SequenceNode {
			return false
		}
		for _, one := range groups.Content {
			if field(one, "name") == nil || field(one, "rules") == nil {
				return false
			}
		}
	}
	return len(node.Content) > 0
}

// field is the value of the mapping's key; nil when there is none.
func field(node *yaml.Node, key string) *yaml.Node {
	node = resolve(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return resolve(node.Content[i+1])
		}
	}
	return nil
}

func text(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}

// resolve is what a document or an alias stands for.
func resolve(node *yaml.Node) *yaml.Node {
	switch {
	case node == nil:
		return nil
	case node.Kind == yaml.AliasNode:
		return node.Alias
	case node.Kind == yaml.DocumentNode && len(node.Content) > 0:
		return node.Content[0]
	}
	return node
}
