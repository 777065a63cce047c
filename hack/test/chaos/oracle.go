package main

import (
	"fmt"
	"strconv"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// state is what the cluster holds at one time.
type state struct {
	thresholds []v1alpha1.AlertThreshold
	rules      []monitoringv1.PrometheusRule
}

// kind is what a violation means for users of the alerts.
type kind string

const (
	// lost: a threshold whose rule is missing, somebody else's, or not what its spec says.
	lost kind = "lost"
	// duplicate: a rule more than there should be.
	duplicate kind = "duplicate"
	// untold: a threshold whose status does not say what holds.
	untold kind = "untold"
)

// violation is one way in which the cluster is not as it should be.
type violation struct {
	kind   kind
	object types.NamespacedName // the threshold, or the rule that is too much
	what   string
}

func (f violation) String() string { return fmt.Sprintf("%s: %s %s", f.kind, f.object, f.what) }

// oracle knows what should be. The zero value is ready.
type oracle struct {
	plans map[types.UID]*planned
}

// planned is what internal/rules makes of one generation of a threshold.
type planned struct {
	generation int64
	valid      bool
	spec       monitoringv1.PrometheusRuleSpec
	// kept is the resourceVersion of the rule that was found to be as it should be.
	kept string
}

// plan is what internal/rules makes of t. It takes half a millisecond, so it is remembered.
func (o *oracle) plan(t *v1alpha1.AlertThreshold) *planned {
	if p, known := o.plans[t.UID]; known && p.generation == t.Generation {
		return p
	}
	p := &planned{generation: t.Generation}
	if plan, errs := rules.Resolve(t); len(errs) == 0 {
		p.valid, p.spec = true, plan.Rule(nil).Spec
	}
	if o.plans == nil {
		o.plans = map[types.UID]*planned{}
	}
	o.plans[t.UID] = p
	return p
}

// evaluate compares a state with what the pure functions of internal/rules make of its specs.
func (o *oracle) evaluate(s state) []violation {
	owned := map[types.UID]int{}
	byName := make(map[types.NamespacedName]*monitoringv1.PrometheusRule, len(s.rules))
	for i := range s.rules {
		rule := &s.rules[i]
		byName[types.NamespacedName{Namespace: rule.Namespace, Name: rule.Name}] = rule
		if owner := metav1.GetControllerOf(rule); owner != nil {
			owned[owner.UID]++
		}
	}
	overridden := overrides(s.thresholds)
	living := make(map[types.UID]bool, len(s.thresholds))
	var violations []violation
	for i := range s.thresholds {
		t := &s.thresholds[i]
		living[t.UID] = true
		if !t.DeletionTimestamp.IsZero() {
			continue
		}
		rule := byName[types.NamespacedName{Namespace: t.Namespace, Name: rules.Name(t.Name)}]
		report := func(k kind, format string, args ...any) {
			violations = append(violations, violation{k, types.NamespacedName{Namespace: t.Namespace, Name: t.Name}, fmt.Sprintf(format, args...)})
		}
		plan := o.plan(t)
		if !plan.valid {
			continue // the last good rule, whatever it was, is left alone
		}
		wanted := 1
		if reason := inactiveReason(t, overridden); reason != "" {
			wanted = 0
			if problem := statusProblem(t, metav1.ConditionFalse, reason); problem != "" {
				report(untold, "%s", problem)
			}
		} else {
			if problem := plan.differs(t, rule); problem != "" {
				report(lost, "%s", problem)
			}
			if problem := statusProblem(t, metav1.ConditionTrue, v1alpha1.ReasonRuleApplied); problem != "" {
				report(untold, "%s", problem)
			}
		}
		if owned[t.UID] > wanted {
			report(duplicate, "owns %d rules, not %d", owned[t.UID], wanted)
		}
	}
	return append(violations, orphanedRules(s.rules, living)...)
}

// differs says how the rule, or nil, is not the one that t should have.
func (p *planned) differs(t *v1alpha1.AlertThreshold, rule *monitoringv1.PrometheusRule) string {
	switch {
	case rule == nil:
		return "has no rule"
	case rule.ResourceVersion != "" && rule.ResourceVersion == p.kept:
		return ""
	case !metav1.IsControlledBy(rule, t):
		return "has a rule that it does not own"
	case !equality.Semantic.DeepEqual(rule.Spec, p.spec):
		return "has a rule of another spec"
	case rule.Annotations[v1alpha1.GenerationAnnotation] != strconv.FormatInt(t.Generation, 10):
		return fmt.Sprintf("has a rule of generation %s, not %d", rule.Annotations[v1alpha1.GenerationAnnotation], t.Generation)
	}
	p.kept = rule.ResourceVersion
	return ""
}

// statusProblem says how the status does not say that Programmed is such, for such a reason, in the present generation.
func statusProblem(t *v1alpha1.AlertThreshold, status metav1.ConditionStatus, reason string) string {
	is := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionProgrammed)
	switch {
	case is == nil:
		return "has no condition Programmed"
	case is.Status != status || is.Reason != reason:
		return fmt.Sprintf("is Programmed=%s (%s), not %s (%s)", is.Status, is.Reason, status, reason)
	case is.ObservedGeneration != t.Generation || t.Status.ObservedGeneration != t.Generation:
		return fmt.Sprintf("has the status of generation %d, not %d", is.ObservedGeneration, t.Generation)
	}
	return ""
}

// orphanedRules are the rules that Plimsoll made for none of the living thresholds.
func orphanedRules(all []monitoringv1.PrometheusRule, living map[types.UID]bool) []violation {
	var violations []violation
	for i := range all {
		rule := &all[i]
		owner := metav1.GetControllerOf(rule)
		ours := rule.Labels["app.kubernetes.io/managed-by"] == rules.ManagedBy || owner != nil && owner.Kind == v1alpha1.Kind
		if ours && (owner == nil || !living[owner.UID]) {
			violations = append(violations, violation{duplicate, types.NamespacedName{Namespace: rule.Namespace, Name: rule.Name}, "is a rule without a threshold"})
		}
	}
	return violations
}

// alertKey is an alert in a namespace.
type alertKey struct{ namespace, alert string }

// overrides are the alerts that some threshold other than a default has.
func overrides(all []v1alpha1.AlertThreshold) map[alertKey]bool {
	found := map[alertKey]bool{}
	for i := range all {
		if t := &all[i]; !isDefault(t) && t.DeletionTimestamp.IsZero() {
			found[alertKey{t.Namespace, t.Spec.Alert}] = true
		}
	}
	return found
}

func isDefault(t *v1alpha1.AlertThreshold) bool { return t.Labels[v1alpha1.DefaultLabel] == "true" }

// inactiveReason is the reason why t deliberately has no rule; empty when it should have one.
func inactiveReason(t *v1alpha1.AlertThreshold, overridden map[alertKey]bool) string {
	switch {
	case t.Spec.Mode == v1alpha1.ModeOff:
		return v1alpha1.ReasonOff
	case isDefault(t) && overridden[alertKey{t.Namespace, t.Spec.Alert}]:
		return v1alpha1.ReasonSuperseded
	}
	return ""
}

// count is how many violations are of that kind.
func count(violations []violation, k kind) int {
	n := 0
	for _, f := range violations {
		if f.kind == k {
			n++
		}
	}
	return n
}
