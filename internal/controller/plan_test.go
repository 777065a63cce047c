package controller

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// newThreshold is a valid threshold ai/cpu of generation 3 with the uid "this".
func newThreshold() *v1alpha1.AlertThreshold {
	return &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "cpu", UID: "this", Generation: 3},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert:  "HighCPU",
			Signal: &v1alpha1.Signal{Name: "CPU"},
			Levels: []v1alpha1.Level{{Severity: "warning", Above: "80%"}, {Severity: "critical", Above: "90%"}},
		},
	}
}

// ruleOwnedBy is the metadata of the rule plimsoll-cpu, made from generation 2 and controlled by that owner.
func ruleOwnedBy(apiVersion, kind, name string, uid types.UID) *ruleMetadata {
	rule := &ruleMetadata{}
	rule.Namespace, rule.Name = "ai", "plimsoll-cpu"
	rule.Annotations = map[string]string{v1alpha1.GenerationAnnotation: "2"}
	controls := true
	rule.OwnerReferences = []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, UID: uid, Controller: &controls}}
	return rule
}

// extraLabels are those of --rule-labels.
var extraLabels = map[string]string{"team": "a"}

// settledRule is the rule of a threshold as the API server would give it back.
func settledRule(t *testing.T, at *v1alpha1.AlertThreshold) *ruleMetadata {
	t.Helper()
	plan, errs := rules.Resolve(at)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want, err := newDesiredRule(at, plan, extraLabels)
	if err != nil {
		t.Fatal(err)
	}
	text, err := want.object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	rule := &ruleMetadata{}
	if err := json.Unmarshal(text, rule); err != nil {
		t.Fatal(err)
	}
	return rule
}

// situation is what a threshold meets, what is then to be done, and what holds once that is done.
type situation struct {
	change func(*v1alpha1.AlertThreshold)
	seen   seen
	verb   verb

	ready      metav1.ConditionStatus
	reason     string // of Programmed
	generation int64  // of Programmed
	says       string // the message of Programmed
	requeues   bool
	fails      bool
}

func (s situation) threshold() *v1alpha1.AlertThreshold {
	at := newThreshold()
	if s.change != nil {
		s.change(at)
	}
	return at
}

func situations(t *testing.T) map[string]situation {
	t.Helper()
	const group = "plimsoll.dev/v1alpha1"
	ours := ruleOwnedBy(group, "AlertThreshold", "cpu", "this")
	terminating := ruleOwnedBy(group, "AlertThreshold", "cpu", "this")
	terminating.DeletionTimestamp = &metav1.Time{Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	unowned := &ruleMetadata{}
	unowned.Name = "plimsoll-cpu"
	settled := settledRule(t, newThreshold())
	relabelled := settledRule(t, newThreshold())
	delete(relabelled.Labels, "team")
	oldLabels := settledRule(t, newThreshold())
	oldLabels.Annotations[v1alpha1.RuleLabelsAnnotation] = "app.kubernetes.io/managed-by,release,team"
	unconfined := ruleOwnedBy(group, "AlertThreshold", "cpu", "this")
	unconfined.Annotations[v1alpha1.UnconfinedAnnotation] = "true"
	unconfinedTerminating := terminating.DeepCopyObject().(*ruleMetadata)
	unconfinedTerminating.Annotations[v1alpha1.UnconfinedAnnotation] = "true"
	othersUnconfined := ruleOwnedBy(group, "AlertThreshold", "other", "that")
	othersUnconfined.Annotations[v1alpha1.UnconfinedAnnotation] = "true"
	once := settledRule(t, newThreshold())
	once.Annotations[v1alpha1.UnconfinedAnnotation] = "true"
	others := settledRule(t, newThreshold())
	others.Labels["theirs"], others.Annotations["theirs"] = "yes", "yes"
	invalid := func(at *v1alpha1.AlertThreshold) { at.Spec.Levels[0].Above = "2s" }
	off := func(at *v1alpha1.AlertThreshold) { at.Spec.Mode = v1alpha1.ModeOff }
	long := func(at *v1alpha1.AlertThreshold) {
		at.Spec.Annotations = map[string]string{"story": strings.Repeat("a", rules.MaxRuleBytes)}
	}
	overridden := []string{"cpu-mine", "cpu-too"}

	return map[string]situation{
		"no rule yet":                   {seen: seen{}, verb: verbWrite, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"our rule":                      {seen: seen{rule: ours}, verb: verbWrite, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"settled":                       {seen: seen{rule: settled}, verb: verbWatch, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"others' labels":                {seen: seen{rule: others}, verb: verbWatch, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"a label of ours off":           {seen: seen{rule: relabelled}, verb: verbWrite, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"a label taken off us":          {seen: seen{rule: oldLabels}, verb: verbWrite, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"off":                           {change: off, seen: seen{}, verb: verbWatch, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, our rule":                 {change: off, seen: seen{rule: ours}, verb: verbDelete, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, our rule terminating":     {change: off, seen: seen{rule: terminating}, verb: verbWatch, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, a predecessor's rule":     {change: off, seen: seen{rule: ruleOwnedBy(group, "AlertThreshold", "cpu", "earlier")}, verb: verbDelete, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, another's rule":           {change: off, seen: seen{rule: ruleOwnedBy(group, "AlertThreshold", "other", "that")}, verb: verbWatch, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, nobody's rule":            {change: off, seen: seen{rule: unowned}, verb: verbWatch, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"superseded":                    {seen: seen{rule: ours, overrides: overridden}, verb: verbDelete, ready: "True", reason: v1alpha1.ReasonSuperseded, generation: 3, says: "AlertThreshold cpu-mine, cpu-too has the alert HighCPU too"},
		"invalid and superseded":        {change: invalid, seen: seen{rule: ours, overrides: overridden}, verb: verbDelete, ready: "False", reason: v1alpha1.ReasonSuperseded, generation: 3, says: "cpu-mine"},
		"off, and a fault":              {change: off, seen: seen{err: errors.New("forbidden")}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonApplyFailed, generation: 3, says: "could not be read, tried again: forbidden", fails: true},
		"too large, no rule":            {change: long, seen: seen{}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonRuleTooLarge, generation: 3, says: "no rule is in place"},
		"too large, our rule":           {change: long, seen: seen{rule: ours}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonRuleTooLarge, generation: 3, says: "of generation 2 stays"},
		"our rule, being deleted":       {seen: seen{rule: terminating}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonRulePending, generation: 3, says: "is being removed"},
		"a predecessor's rule":          {seen: seen{rule: ruleOwnedBy(group, "AlertThreshold", "cpu", "earlier")}, verb: verbDelete, ready: "False", reason: v1alpha1.ReasonRulePending, generation: 3, says: "is being removed"},
		"another threshold's rule":      {seen: seen{rule: ruleOwnedBy(group, "AlertThreshold", "other", "that")}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonRuleConflict, generation: 3, says: "belongs to AlertThreshold other"},
		"another operator's rule":       {seen: seen{rule: ruleOwnedBy("sloth.slok.dev/v1", "PrometheusServiceLevel", "cpu", "that")}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonRuleConflict, generation: 3, says: "belongs to PrometheusServiceLevel cpu"},
		"nobody's rule":                 {seen: seen{rule: unowned}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonRuleConflict, generation: 3, says: "was not made by Plimsoll"},
		"no operator":                   {seen: seen{err: fmt.Errorf("reading the PrometheusRule: %w", &meta.NoKindMatchError{})}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonOperatorMissing, generation: 3, says: "install the Prometheus Operator", requeues: true},
		"a fault":                       {seen: seen{err: errors.New("forbidden")}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonApplyFailed, generation: 3, says: "could not be read, tried again: forbidden", fails: true},
		"invalid, no rule":              {change: invalid, seen: seen{}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "no rule is in place"},
		"invalid, our rule":             {change: invalid, seen: seen{rule: ours}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonLastGoodRule, generation: 2, says: "of generation 2 stays"},
		"invalid, our rule terminating": {change: invalid, seen: seen{rule: terminating}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "no rule is in place"},
		"once unconfined":               {seen: seen{rule: once}, verb: verbWrite, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"invalid, once unconfined":      {change: invalid, seen: seen{rule: unconfined}, verb: verbDelete, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "was removed"},
		"too large, once unconfined":    {change: long, seen: seen{rule: unconfined}, verb: verbDelete, ready: "False", reason: v1alpha1.ReasonRuleTooLarge, generation: 3, says: "no rule is in place"},
		"invalid, unconfined going":     {change: invalid, seen: seen{rule: unconfinedTerminating}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "no rule is in place"},
		"invalid, another's unconfined": {change: invalid, seen: seen{rule: othersUnconfined}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "no rule is in place"},
		"invalid, nobody's rule":        {change: invalid, seen: seen{rule: unowned}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "no rule is in place"},
		"invalid, and a fault":          {change: invalid, seen: seen{err: errors.New("forbidden")}, verb: verbWatch, ready: "False", reason: v1alpha1.ReasonApplyFailed, generation: 3, says: "forbidden", fails: true},
	}
}

func TestPlan(t *testing.T) {
	for name, tc := range situations(t) {
		t.Run(name, func(t *testing.T) {
			a := plan(tc.threshold(), tc.seen, extraLabels, rules.Options{})
			if a.verb != tc.verb || a.err != nil {
				t.Errorf("verb = %s (%v), want %s", a.verb, a.err, tc.verb)
			}
			if hasRule := tc.reason == v1alpha1.ReasonRuleApplied; (a.rule != nil) != hasRule || (a.contentHash() != ruleHash{}) != hasRule {
				t.Errorf("rule = %+v, want one: %v", a.rule, hasRule)
			}
		})
	}
}

// TestPlanUnconfined: what a namespace that is listed may read stays while its spec is broken, and is written as it is.
func TestPlanUnconfined(t *testing.T) {
	o := rules.Options{UnconfinedNamespaces: []string{"ai"}}
	at := newThreshold()
	at.Spec.Signal, at.Spec.Expr, at.Spec.Levels = nil, `up{namespace="bank"}`, []v1alpha1.Level{{Severity: "warning", Below: "1"}}
	a := plan(at, seen{}, extraLabels, o)
	if a.rule == nil || a.verb != verbWrite || a.rule.object.GetAnnotations()[v1alpha1.UnconfinedAnnotation] != "true" {
		t.Fatalf("action is %+v, want an unconfined rule", a)
	}
	if c := conclude(at, seen{}, a, nil); !strings.Contains(c.accepted.Message, "the spec is valid; spec.expr may read series of every namespace") {
		t.Errorf("accepted says %q", c.accepted.Message)
	}
	rule := ruleOwnedBy("plimsoll.dev/v1alpha1", "AlertThreshold", "cpu", "this")
	rule.Annotations[v1alpha1.UnconfinedAnnotation] = "true"
	for name, tc := range map[string]struct {
		options rules.Options
		verb    verb
		reason  string
	}{
		"listed":     {o, verbWatch, v1alpha1.ReasonLastGoodRule},
		"not listed": {rules.Options{UnconfinedNamespaces: []string{"ai2"}}, verbDelete, v1alpha1.ReasonNoRule},
	} {
		broken := at.DeepCopy()
		broken.Spec.Levels = nil
		s := seen{rule: rule}
		a := plan(broken, s, extraLabels, tc.options)
		if c := conclude(broken, s, a, nil); a.verb != tc.verb || c.programmed.Reason != tc.reason {
			t.Errorf("%s: %s, %+v; want %s, %s", name, a.verb, c.programmed, tc.verb, tc.reason)
		}
	}
}
