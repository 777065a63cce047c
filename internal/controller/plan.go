package controller

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// verb is what an action does with a threshold's rule, as the participle that messages use.
type verb string

const (
	// verbWatch leaves the rule as it is, and only watches it.
	verbWatch verb = "watched"
	// verbWrite makes the rule as the spec says.
	verbWrite verb = "written"
	// verbDelete deletes the rule that was seen, which is the threshold's own or a deleted predecessor's.
	verbDelete verb = "removed"
)

// action is what to do with a threshold's rule, and why.
type action struct {
	verb verb
	// resolved is what the spec says; nil when it is not accepted, as errs say.
	resolved *rules.Plan
	errs     field.ErrorList
	// inactive is why a threshold should have no rule although nothing is wrong; nil when it should have one.
	inactive *inactivity
	// rule is the rule as it should be; nil when there should be none, a foreign one is in its place, or err is set.
	rule *desiredRule
	err  error
}

// contentHash is that of the rule as it should be; zero for none.
func (a action) contentHash() ruleHash {
	if a.rule == nil {
		return ruleHash{}
	}
	return a.rule.contentHash
}

// plan decides what to do, with ruleLabels on every rule. It is pure.
func plan(t *v1alpha1.AlertThreshold, s seen, ruleLabels map[string]string, o rules.Options) action {
	a := action{verb: verbWatch, inactive: inactiveReason(t, s.overrides)}
	a.resolved, a.errs = o.Resolve(t)
	isDeleting := s.rule != nil && !s.rule.DeletionTimestamp.IsZero()
	switch {
	case s.err != nil: // without knowing what is there, nothing is done
	case a.inactive != nil:
		if s.rule != nil && ownerNamed(s.rule, t.Name) && !isDeleting {
			a.verb = verbDelete
		}
	case a.resolved == nil && s.rule != nil && isOurs(s.rule, t) && !isDeleting && s.rule.Annotations[v1alpha1.UnconfinedAnnotation] != "" && o.Confines(t.Namespace):
		a.verb = verbDelete // it reads what the namespace may read no more
	case a.resolved == nil: // what is in the cluster stays
	case s.rule == nil, isOurs(s.rule, t) && !isDeleting:
		a.rule, a.err = newDesiredRule(t, a.resolved, ruleLabels)
		if a.err == nil && (s.rule == nil || s.rule.contentHash(a.rule.labelNames) != a.rule.contentHash) {
			a.verb = verbWrite
		}
	case isTerminating(s.rule, t) && !isDeleting:
		a.verb = verbDelete
	}
	return a
}

// inactivity says why a threshold has no rule although nothing is wrong: a reason of Programmed and its message.
type inactivity struct{ reason, message string }

// inactiveReason returns why the threshold should have no rule; nil when it should have one.
func inactiveReason(t *v1alpha1.AlertThreshold, overrides []string) *inactivity {
	switch {
	case t.Spec.Mode == v1alpha1.ModeOff:
		return &inactivity{v1alpha1.ReasonOff, "spec.mode is Off: no rule is in place"}
	case len(overrides) > 0:
		return &inactivity{v1alpha1.ReasonSuperseded, fmt.Sprintf("this default has no rule because AlertThreshold %s has the alert %s too; "+
			"it comes back when that goes", strings.Join(overrides, ", "), t.Spec.Alert)}
	}
	return nil
}
