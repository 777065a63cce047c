package diagnose

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// accepted shows the condition Accepted, or that the controller has not reconciled the generation.
func (r *Report) accepted(t *v1alpha1.AlertThreshold, errs field.ErrorList) {
	condition := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionAccepted)
	switch {
	case len(errs) > 0:
		r.add("accepted", Fail, "%v", errs.ToAggregate())
	case condition == nil || condition.ObservedGeneration < t.Generation:
		controller := "the controller"
		if t.Status.Controller != "" {
			controller += " " + t.Status.Controller
		}
		r.add("accepted", Fail, "%s has not reconciled generation %d: check that it runs, leads and watches namespace %s",
			controller, t.Generation, t.Namespace)
	default:
		r.addCondition("accepted", condition.Status, condition.Message)
	}
}

// written shows what a file says, which may or may not be what is in the cluster.
func (r *Report) written(plan *rules.Plan, errs field.ErrorList) {
	if len(errs) > 0 {
		r.add("file", Fail, "%v", errs.ToAggregate())
		return
	}
	r.add("file", OK, "the spec is valid, its mode is %s", plan.Mode)
}

// rule shows why there is no PrometheusRule of this generation, as the condition Programmed has it, or compares the rule
// with the plan: they differ only while no controller runs. It reports whether Prometheus may have a rule of the threshold.
func (r *Report) rule(in Input, plan *rules.Plan) bool {
	t, name := in.Threshold, rules.Name(in.Threshold.Name)
	programmed := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionProgrammed)
	switch {
	case plan.Mode == v1alpha1.ModeOff:
		r.State = v1alpha1.StateOff
		r.add("rule", Fail, "spec.mode is Off: no rule is in place")
		return false
	case in.OfFile:
		return true
	case programmed != nil && programmed.Status == metav1.ConditionFalse:
		if programmed.Reason == v1alpha1.ReasonSuperseded {
			r.State = v1alpha1.StateSuperseded
		}
		r.add("rule", Fail, "%s", programmed.Message)
		return in.Rule != nil && metav1.IsControlledBy(in.Rule, t)
	case in.RuleErr != nil:
		r.add("rule", Unknown, "%v", in.RuleErr)
	case in.Rule == nil:
		r.add("rule", Fail, "PrometheusRule %s does not exist: check that the controller runs", name)
		return false
	case !equality.Semantic.DeepEqual(in.Rule.Spec, plan.Rule(nil).Spec):
		r.add("rule", Fail, "PrometheusRule %s does not match generation %d: check that the controller runs, and its version", name, t.Generation)
	default:
		r.add("rule", OK, "PrometheusRule %s matches generation %d", name, t.Generation)
	}
	return true
}
