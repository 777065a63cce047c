package main

import (
	"strconv"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// healthy is a state in which all is as it should be: one threshold each that is enforced, off, superseded by these two,
// and not accepted.
func healthy(t *testing.T) state {
	t.Helper()
	r := &harness{}
	var s state
	for i, name := range []string{"enforced", "off", "superseded", "mistaken"} {
		threshold := r.threshold(types.NamespacedName{Namespace: "ai", Name: name}, 0)
		threshold.UID, threshold.Generation = types.UID(name), int64(i+1)
		status, reason := metav1.ConditionTrue, v1alpha1.ReasonRuleApplied
		switch name {
		case "off":
			threshold.Spec.Mode = v1alpha1.ModeOff
			status, reason = metav1.ConditionFalse, v1alpha1.ReasonOff
		case "superseded":
			threshold.Labels = map[string]string{v1alpha1.DefaultLabel: "true"}
			status, reason = metav1.ConditionFalse, v1alpha1.ReasonSuperseded
		case "mistaken":
			threshold.Spec.Signal, threshold.Spec.Expr = nil, "rate(errors[5m]"
			status, reason = metav1.ConditionFalse, v1alpha1.ReasonNoRule
		default:
			plan, errs := rules.Resolve(threshold)
			if len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
			rule := plan.Rule(nil)
			rule.Annotations = map[string]string{v1alpha1.GenerationAnnotation: strconv.FormatInt(threshold.Generation, 10)}
			rule.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(threshold, v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))}
			s.rules = append(s.rules, *rule)
		}
		threshold.Status.ObservedGeneration = threshold.Generation
		threshold.Status.Conditions = []metav1.Condition{{
			Type: v1alpha1.ConditionProgrammed, Status: status, Reason: reason, ObservedGeneration: threshold.Generation}}
		s.thresholds = append(s.thresholds, *threshold)
	}
	return s
}

// TestEvaluate breaks the state in one way at a time: each is found, and called by its name.
func TestEvaluate(t *testing.T) {
	const enforced, off, superseded = 0, 1, 2
	for name, tc := range map[string]struct {
		breaks func(*state)
		want   map[kind]int
	}{
		"nothing":            {func(*state) {}, nil},
		"a rule is missing":  {func(s *state) { s.rules = nil }, map[kind]int{lost: 1}},
		"another expression": {func(s *state) { s.rules[0].Spec.Groups[0].Rules[0].Expr = intstr.FromString("vector(0)") }, map[kind]int{lost: 1}},
		"a group more": {func(s *state) {
			s.rules[0].Spec.Groups = append(s.rules[0].Spec.Groups, monitoringv1.RuleGroup{Name: "x"})
		}, map[kind]int{lost: 1}},
		"an earlier rule":      {func(s *state) { s.rules[0].Annotations[v1alpha1.GenerationAnnotation] = "0" }, map[kind]int{lost: 1}},
		"a changed spec":       {func(s *state) { s.thresholds[enforced].Spec.Levels[0].Above = "3s" }, map[kind]int{lost: 1}},
		"no owner":             {func(s *state) { s.rules[0].OwnerReferences = nil }, map[kind]int{lost: 1, duplicate: 1}},
		"a predecessor's rule": {func(s *state) { s.rules[0].OwnerReferences[0].UID = "earlier" }, map[kind]int{lost: 1, duplicate: 1}},
		"two rules": {func(s *state) {
			second := s.rules[0].DeepCopy()
			second.Name = "plimsoll-second"
			s.rules = append(s.rules, *second)
		}, map[kind]int{duplicate: 1}},
		"a rule without a threshold": {func(s *state) { s.thresholds = s.thresholds[off:] }, map[kind]int{duplicate: 1}},
		"a rule of one that is off": {func(s *state) { s.thresholds[enforced].Spec.Mode = v1alpha1.ModeOff },
			map[kind]int{duplicate: 1, untold: 1}},
		"a rule of one that is superseded": {func(s *state) { s.thresholds[enforced].Labels = s.thresholds[superseded].Labels },
			map[kind]int{duplicate: 1, untold: 1}},
		"no condition":       {func(s *state) { s.thresholds[enforced].Status.Conditions = nil }, map[kind]int{untold: 1}},
		"says not":           {func(s *state) { s.thresholds[enforced].Status.Conditions[0].Status = metav1.ConditionFalse }, map[kind]int{untold: 1}},
		"of a generation":    {func(s *state) { s.thresholds[enforced].Status.Conditions[0].ObservedGeneration = 0 }, map[kind]int{untold: 1}},
		"an earlier status":  {func(s *state) { s.thresholds[off].Status.ObservedGeneration = 1 }, map[kind]int{untold: 1}},
		"off and says it is": {func(s *state) { s.thresholds[off].Status.Conditions[0].Reason = v1alpha1.ReasonRuleApplied }, map[kind]int{untold: 1}},
		"one that is being deleted": {func(s *state) {
			now := metav1.Now()
			s.thresholds[enforced].DeletionTimestamp, s.rules[0].Spec.Groups = &now, nil // the rule goes soon
		}, nil},
		"somebody else's rule": {func(s *state) {
			s.rules = append(s.rules, monitoringv1.PrometheusRule{ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "theirs"}})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(t)
			tc.breaks(&s)
			violations := (&oracle{}).evaluate(s)
			for _, k := range []kind{lost, duplicate, untold} {
				if got := count(violations, k); got != tc.want[k] {
					t.Errorf("%d %s, want %d: %v", got, k, tc.want[k], violations)
				}
			}
		})
	}
}
