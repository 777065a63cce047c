package observe

import (
	"fmt"
	"strings"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Grace is how long a rule may take to get into Prometheus, through the operator, a mounted file and a reload, before
// something is taken to be wrong.
const Grace = 2 * time.Minute

// unreachable is the verdict when Prometheus could not be asked.
func unreachable(fault string) Verdict {
	return Verdict{metav1.ConditionUnknown, v1alpha1.ReasonPrometheusUnreachable,
		clip(fault) + "; the rule stays as it is, and Prometheus is asked again at every interval"}
}

// loaded judges whether Prometheus holds the rules as they should be and evaluates them.
func (s *Subject) loaded(snap *Snapshot, h *held, f found) Verdict {
	complete := f.complete(h, len(s.wanted))
	if complete && !pending(h.rules) {
		s.missing = time.Time{}
		if failed := failing(h.rules); failed != nil {
			return Verdict{metav1.ConditionFalse, v1alpha1.ReasonEvaluationFailed,
				fmt.Sprintf("Prometheus cannot evaluate the rule %s: %s", failed.name, clip(failed.lastError))}
		}
		return Verdict{metav1.ConditionTrue, v1alpha1.ReasonLoaded,
			"Prometheus holds the rule and evaluates it every " + model.Duration(snap.Interval).String()}
	}

	if s.missing.IsZero() {
		s.missing = snap.At
	}
	late := snap.At.Sub(s.missing) >= Grace
	switch {
	case len(h.rules) == 0:
		return s.absent(snap.Selection, late)
	case complete:
		return verdict(late, v1alpha1.ReasonNotYetLoaded, "Prometheus has loaded the rule and has not evaluated it yet",
			"look into Prometheus' log, and at prometheus_rule_group_iterations_missed_total")
	default:
		return verdict(late, v1alpha1.ReasonExpressionDiffers, s.difference(h, f),
			"look whether the Prometheus Operator and Prometheus' last reload of its configuration succeeded "+
				"(prometheus_config_last_reload_successful)")
	}
}

// absent is the verdict when Prometheus has nothing of the rule.
func (s *Subject) absent(selection *Selection, late bool) Verdict {
	if why := selection.misses(s.key.Namespace); why != "" {
		return Verdict{metav1.ConditionFalse, v1alpha1.ReasonNotSelected, why}
	}
	return verdict(late, v1alpha1.ReasonNotYetLoaded, "Prometheus does not have PrometheusRule "+rules.Name(s.key.Name)+" yet",
		"check that a Prometheus' ruleSelector and ruleNamespaceSelector match it, that the controller's --prometheus-url is that one's, "+
			"and the log of the Prometheus Operator")
}

// verdict is unknown while the rule may be on its way, and says what to check when it should have come.
func verdict(late bool, reason, what, check string) Verdict {
	if !late {
		return Verdict{metav1.ConditionUnknown, reason, what + ": it takes about a minute as a rule"}
	}
	return Verdict{metav1.ConditionFalse, reason, what + ", after more than " + model.Duration(Grace).String() + ": " + check}
}

// difference says what Prometheus holds instead of the rules.
func (s *Subject) difference(h *held, f found) string {
	switch {
	case f.different != nil && f.other.query != f.different.query:
		return fmt.Sprintf("Prometheus holds another expression of the rule %s: %s", f.different.title(), clip(f.other.query))
	case f.different != nil:
		return fmt.Sprintf("Prometheus holds another for or keep_firing_for of the rule %s: %s and %s", f.different.title(),
			model.Duration(f.other.wait), model.Duration(f.other.keep))
	case f.absent != nil:
		return fmt.Sprintf("Prometheus holds the rule group without the rule %s, or with other labels of it", f.absent.title())
	default:
		return fmt.Sprintf("Prometheus holds %d rules instead of %d", len(h.rules), len(s.wanted))
	}
}

// maxQuote is how much is quoted of what Prometheus says, in bytes.
const maxQuote = 1024

// clip cuts what Prometheus says to what a person reads.
func clip(text string) string {
	if len(text) <= maxQuote {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuote], "") + "..."
}

// failing is the first rule that Prometheus cannot evaluate: what follows it may fail only because of it.
func failing(held []heldRule) *heldRule {
	for i := range held {
		if held[i].health == prometheusv1.RuleHealthBad {
			return &held[i]
		}
	}
	return nil
}

// pending reports whether a rule has not been evaluated yet.
func pending(held []heldRule) bool {
	for i := range held {
		if held[i].health == prometheusv1.RuleHealthUnknown {
			return true
		}
	}
	return false
}
