package chain

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// accepted checks that the spec is valid and that the controller has seen it.
func (r *Report) accepted(t *v1alpha1.AlertThreshold, errs field.ErrorList) {
	condition := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionAccepted)
	switch {
	case len(errs) > 0:
		r.add("accepted", Fail, "%v", errs.ToAggregate())
	case condition == nil || condition.ObservedGeneration < t.Generation:
		who := "the controller"
		if t.Status.Controller != "" {
			who += " " + t.Status.Controller
		}
		r.add("accepted", Fail, "%s has not looked at generation %d: check that it runs, leads and watches namespace %s", who, t.Generation, t.Namespace)
	case condition.Status != metav1.ConditionTrue:
		r.add("accepted", Fail, "%s", condition.Message)
	default:
		r.add("accepted", OK, "%s", condition.Message)
	}
}

// rule checks that the PrometheusRule is the one that the plan wants. It reports whether there is one to look for further
// on.
func (r *Report) rule(seen Seen, plan *rules.Plan) bool {
	t, name := seen.Threshold, rules.Name(seen.Threshold.Name)
	programmed := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionProgrammed)
	switch {
	case plan.Mode == v1alpha1.ModeOff:
		r.State = v1alpha1.StateOff
		r.add("rule", Fail, "spec.mode is Off: there is no rule, and nothing is watched")
		return false
	case programmed != nil && programmed.Reason == v1alpha1.ReasonSuperseded:
		r.State = v1alpha1.StateSuperseded
		r.add("rule", Fail, "%s", programmed.Message)
		return false
	case meta.IsNoMatchError(seen.RuleFault):
		r.add("rule", Fail, "the cluster does not know the kind PrometheusRule: install the Prometheus Operator or its CRDs")
		return false
	case seen.RuleFault != nil:
		r.add("rule", Unknown, "%v", seen.RuleFault)
		return true
	case seen.Rule == nil && programmed != nil && programmed.Status == metav1.ConditionFalse:
		r.add("rule", Fail, "PrometheusRule %s does not exist: %s", name, programmed.Message)
		return false
	case seen.Rule == nil:
		r.add("rule", Fail, "PrometheusRule %s does not exist: check that the controller runs", name)
		return false
	case !metav1.IsControlledBy(seen.Rule, t):
		r.add("rule", Fail, "PrometheusRule %s exists and is not this threshold's: delete or rename one of the two", name)
		return false
	case !equality.Semantic.DeepEqual(seen.Rule.Spec, plan.Rule(nil).Spec):
		r.add("rule", Fail, "PrometheusRule %s is not what generation %d wants: check that the controller runs, and its version", name, t.Generation)
	default:
		r.add("rule", OK, "PrometheusRule %s is as generation %d wants it", name, t.Generation)
	}
	return true
}
