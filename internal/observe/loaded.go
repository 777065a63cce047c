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

// unreachable is the condition when Prometheus could not be asked.
func unreachable(fault string) Condition {
	return Condition{metav1.ConditionUnknown, v1alpha1.ReasonPrometheusUnreachable,
		Truncate(fault, MaxText) + "; the rule stays as it is, and Prometheus is asked again at every interval"}
}

// loadedCondition says whether Prometheus holds the expected rules and evaluates them.
func (s *TrackedThreshold) loadedCondition(snap *Snapshot, h *loaded, f match) Condition {
	complete := f.complete(h, len(s.expected))
	switch {
	case complete && !notEvaluated(h.rules):
		s.absence = absence{}
		if failed := firstFailed(h.rules); failed != nil {
			return Condition{metav1.ConditionFalse, v1alpha1.ReasonEvaluationFailed,
				fmt.Sprintf("Prometheus cannot evaluate the rule %s: %s", failed.name, Truncate(failed.lastError, MaxText))}
		}
		return Condition{metav1.ConditionTrue, v1alpha1.ReasonLoaded,
			"Prometheus holds the rule and evaluates it every " + model.Duration(snap.Interval).String() + s.notes(snap) + s.confinedNote(f)}
	case len(h.rules) == 0:
		return s.absentCondition(snap)
	case complete:
		return s.delayedCondition(snap.At, v1alpha1.ReasonNotYetEvaluated, "Prometheus has loaded the rule and has not evaluated it yet",
			"look into Prometheus' log, and at prometheus_rule_group_iterations_missed_total")
	default:
		return s.delayedCondition(snap.At, v1alpha1.ReasonExpressionDiffers, s.difference(h, f),
			"look whether the Prometheus Operator and Prometheus' last reload of its configuration succeeded "+
				"(prometheus_config_last_reload_successful)"+s.excludeHint())
	}
}

// absentCondition is that when Prometheus has nothing of the rule. One that is not selected is not on its way: its time begins
// when it is.
func (s *TrackedThreshold) absentCondition(snap *Snapshot) Condition {
	if s.ofFile {
		return Condition{metav1.ConditionFalse, v1alpha1.ReasonNotYetLoaded, "Prometheus does not have " + s.title + ": " + applyFile}
	}
	fix, url := "set ruleLabels in Helm (the controller's --rule-labels), or label the namespace, to match one",
		"prometheus.url in Helm (the controller's --prometheus-url)"
	if s.foreign {
		fix, url = "label the PrometheusRule, or the namespace, to match one", "--prometheus-url"
	}
	if why := snap.Selection.WhyNotSelected(s.key.Namespace, fix); why != "" {
		s.absence = absence{}
		return Condition{metav1.ConditionFalse, v1alpha1.ReasonNotSelected, why}
	}
	return s.delayedCondition(snap.At, v1alpha1.ReasonNotYetLoaded, "Prometheus does not have "+s.title+" yet",
		"check that the ruleSelector and ruleNamespaceSelector of a Prometheus or ThanosRuler match it, that "+url+
			" is that one's, and the log of the Prometheus Operator")
}

// applyFile is what to do about a rule of a file that is not loaded as it is there.
const applyFile = "apply the file, or check that --prometheus-url is its Prometheus"

// absence is since when Prometheus has been seen without the rule as it should be, and the reason, of the condition Loaded,
// that says in which way; that is empty when it is not known. The zero value is for a rule that is there, not selected, or not
// known of.
type absence struct {
	since  time.Time
	reason string
}

// absenceReasons are those of the condition Loaded that say that the rule is missing.
var absenceReasons = []string{v1alpha1.ReasonNotYetLoaded, v1alpha1.ReasonNotYetEvaluated, v1alpha1.ReasonExpressionDiffers}

// What is said, of a rule that is loaded, about where the values come from.
const (
	severalNote = "; the URL leads to several Prometheus servers, whose values may differ, and this is what one of them says: " +
		"set prometheus.url in Helm (the controller's --prometheus-url) to one of them, or to a Thanos Query over all"
	contradictionNote = "; its alerts and its values contradict each other, as those of different servers do, so that the states are not known: " +
		"use the URL of one server, past any proxy that shares requests out"
)

// notes returns what to know of the servers and their targets.
func (s *TrackedThreshold) notes(snap *Snapshot) (text string) {
	if snap.Servers == SeveralServers {
		text = severalNote
	}
	return text + snap.Selection.sharded(s.key.Namespace)
}

// valueNotes say why no level can be compared with what is recorded, and which alert of a shadow Prometheus could not evaluate.
func (s *TrackedThreshold) valueNotes(h *loaded) (text string) {
	if why := h.kind.WhyNoValue(); why != "" {
		text = "; there is no value: " + why
	}
	if len(s.failing) > 0 {
		text += "; in mode Enforce Prometheus could not evaluate the alert of level " + strings.Join(s.failing, " and ") +
			", for several series would be one (vector contains metrics with the same labelset after applying alert labels)"
	}
	return text
}

// confinedNote says when the Prometheus Operator confines a rule that is meant to read every namespace.
func (s *TrackedThreshold) confinedNote(f match) string {
	if !s.unconfined || f.signal == nil {
		return ""
	}
	for i := range s.expected {
		ours, held := parse(s.expected[i].query), parse(f.signal.query)
		if !s.expected[i].givesValue || ours == nil || held == nil {
			continue
		}
		if all := added(selectors(ours), selectors(held)); len(all) > 0 {
			return fmt.Sprintf("; but the Prometheus Operator adds %s to it, so that it reads no other namespace%s", all[0], s.excludeHint())
		}
	}
	return ""
}

// excludeHint says how the Prometheus Operator leaves a rule as it is that is meant to read every namespace.
func (s *TrackedThreshold) excludeHint() string {
	if !s.unconfined {
		return ""
	}
	return fmt.Sprintf("; where the Prometheus object has enforcedNamespaceLabel, exclude the rule: excludedFromEnforcement: "+
		"[{group: monitoring.coreos.com, resource: prometheusrules, namespace: %s, name: %s}]", s.key.Namespace, rules.Name(s.key.Name))
}

// unlessResumed returns the condition or, of a rule that was loaded at a start and still is, the one that the status had, as long
// as it is not known how many servers there are: nothing is written only because that has to be found out again.
func (s *TrackedThreshold) unlessResumed(snap *Snapshot, now Condition) Condition {
	if snap.Servers != ServersUnknown {
		s.resumed = Condition{}
	}
	if now.Status == metav1.ConditionTrue && s.resumed.Status == metav1.ConditionTrue {
		return s.resumed
	}
	return now
}

// delayedCondition is unknown while the rule may be on its way, and says what to check after that. When the reason why it is
// absent changes, its time begins.
func (s *TrackedThreshold) delayedCondition(at time.Time, reason, what, check string) Condition {
	if s.ofFile {
		return Condition{metav1.ConditionFalse, reason, what + ": " + applyFile}
	}
	if s.absence.since.IsZero() || s.absence.reason != reason && s.absence.reason != "" {
		s.absence.since = at
	}
	s.absence.reason = reason
	if at.Sub(s.absence.since) < Grace {
		return Condition{metav1.ConditionUnknown, reason, what + ": it takes about a minute as a rule"}
	}
	return Condition{metav1.ConditionFalse, reason, what + ", after more than " + model.Duration(Grace).String() + ": " + check}
}

// difference says what Prometheus holds instead of the rules.
func (s *TrackedThreshold) difference(h *loaded, f match) string {
	switch {
	case f.different != nil && !f.different.sameExpr(f.other.query):
		return fmt.Sprintf("Prometheus holds another expression of the rule %s: %s", f.different.title(), Truncate(f.other.query, MaxText))
	case f.different != nil:
		return fmt.Sprintf("Prometheus holds another for or keep_firing_for of the rule %s: %s and %s", f.different.title(),
			model.Duration(f.other.forDuration), model.Duration(f.other.keepFiringFor))
	case f.absent != nil:
		return fmt.Sprintf("Prometheus holds the rule group without the rule %s, or with other labels of it", f.absent.title())
	default:
		return fmt.Sprintf("Prometheus holds %d rules instead of %d", len(h.rules), len(s.expected))
	}
}

// MaxText is how much is quoted of what others say, in bytes; it is also the longest text that the API server takes in an event.
const MaxText = 1024

// Truncate cuts a text to at most limit bytes, between two characters.
func Truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const ellipsis = "..."
	return strings.ToValidUTF8(text[:limit-len(ellipsis)], "") + ellipsis
}

// firstFailed returns the first rule that Prometheus cannot evaluate: what follows it may fail only because of it.
func firstFailed(held []loadedRule) *loadedRule {
	for i := range held {
		if held[i].health == prometheusv1.RuleHealthBad {
			return &held[i]
		}
	}
	return nil
}

// notEvaluated reports whether a rule has not been evaluated yet.
func notEvaluated(held []loadedRule) bool {
	for i := range held {
		if held[i].health == prometheusv1.RuleHealthUnknown {
			return true
		}
	}
	return false
}
