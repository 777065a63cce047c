package controller

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

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

func TestDecide(t *testing.T) {
	const group = "plimsoll.dev/v1alpha1"
	ours := ruleOwnedBy(group, "AlertThreshold", "cpu", "this")
	leaving := ruleOwnedBy(group, "AlertThreshold", "cpu", "this")
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	unowned := &ruleMetadata{}
	unowned.Name = "plimsoll-cpu"
	settled := settledRule(t, newThreshold())
	relabelled := settledRule(t, newThreshold())
	delete(relabelled.Labels, "team")
	oldLabels := settledRule(t, newThreshold())
	oldLabels.Annotations[v1alpha1.RuleLabelsAnnotation] = "app.kubernetes.io/managed-by,release,team"
	others := settledRule(t, newThreshold())
	others.Labels["theirs"], others.Annotations["theirs"] = "yes", "yes"
	invalid := func(at *v1alpha1.AlertThreshold) { at.Spec.Levels[0].Above = "2s" }
	off := func(at *v1alpha1.AlertThreshold) { at.Spec.Mode = v1alpha1.ModeOff }
	long := func(at *v1alpha1.AlertThreshold) {
		at.Spec.Annotations = map[string]string{"story": strings.Repeat("a", rules.MaxRuleBytes)}
	}
	overridden := []string{"cpu-mine", "cpu-too"}

	for name, tc := range map[string]struct {
		change func(*v1alpha1.AlertThreshold)
		seen   observed

		write      bool
		remove     bool
		ready      metav1.ConditionStatus
		reason     string // of Programmed
		generation int64  // of Programmed
		says       string // the message of Programmed
		lookAgain  bool
		fault      bool
	}{
		"no rule yet":               {seen: observed{}, write: true, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"our rule":                  {seen: observed{rule: ours}, write: true, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"settled":                   {seen: observed{rule: settled}, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"others' labels":            {seen: observed{rule: others}, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"a label of ours off":       {seen: observed{rule: relabelled}, write: true, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"a label taken off us":      {seen: observed{rule: oldLabels}, write: true, ready: "True", reason: v1alpha1.ReasonRuleApplied, generation: 3, says: "plimsoll-cpu"},
		"off":                       {change: off, seen: observed{}, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, our rule":             {change: off, seen: observed{rule: ours}, remove: true, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, our rule leaving":     {change: off, seen: observed{rule: leaving}, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, a predecessor's rule": {change: off, seen: observed{rule: ruleOwnedBy(group, "AlertThreshold", "cpu", "earlier")}, remove: true, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, another's rule":       {change: off, seen: observed{rule: ruleOwnedBy(group, "AlertThreshold", "other", "that")}, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"off, nobody's rule":        {change: off, seen: observed{rule: unowned}, ready: "True", reason: v1alpha1.ReasonOff, generation: 3, says: "spec.mode is Off"},
		"superseded":                {seen: observed{rule: ours, superseders: overridden}, remove: true, ready: "True", reason: v1alpha1.ReasonSuperseded, generation: 3, says: "AlertThreshold cpu-mine, cpu-too has the alert HighCPU too"},
		"invalid and superseded":    {change: invalid, seen: observed{rule: ours, superseders: overridden}, remove: true, ready: "False", reason: v1alpha1.ReasonSuperseded, generation: 3, says: "cpu-mine"},
		"off, and a fault":          {change: off, seen: observed{fault: errors.New("forbidden")}, ready: "False", reason: v1alpha1.ReasonApplyFailed, generation: 3, says: "could not be read, tried again: forbidden", fault: true},
		"too large, no rule":        {change: long, seen: observed{}, ready: "False", reason: v1alpha1.ReasonRuleTooLarge, generation: 3, says: "nothing is watched"},
		"too large, our rule":       {change: long, seen: observed{rule: ours}, ready: "False", reason: v1alpha1.ReasonRuleTooLarge, generation: 3, says: "of generation 2 stays"},
		"our rule, being deleted":   {seen: observed{rule: leaving}, ready: "False", reason: v1alpha1.ReasonRulePending, generation: 3, says: "is being removed"},
		"a predecessor's rule":      {seen: observed{rule: ruleOwnedBy(group, "AlertThreshold", "cpu", "earlier")}, remove: true, ready: "False", reason: v1alpha1.ReasonRulePending, generation: 3, says: "is being removed"},
		"another threshold's rule":  {seen: observed{rule: ruleOwnedBy(group, "AlertThreshold", "other", "that")}, ready: "False", reason: v1alpha1.ReasonRuleConflict, generation: 3, says: "belongs to AlertThreshold other"},
		"another operator's rule":   {seen: observed{rule: ruleOwnedBy("sloth.slok.dev/v1", "PrometheusServiceLevel", "cpu", "that")}, ready: "False", reason: v1alpha1.ReasonRuleConflict, generation: 3, says: "belongs to PrometheusServiceLevel cpu"},
		"nobody's rule":             {seen: observed{rule: unowned}, ready: "False", reason: v1alpha1.ReasonRuleConflict, generation: 3, says: "was not made by Plimsoll"},
		"no operator":               {seen: observed{operatorMissing: true}, ready: "False", reason: v1alpha1.ReasonOperatorMissing, generation: 3, says: "install the Prometheus Operator", lookAgain: true},
		"a fault":                   {seen: observed{fault: errors.New("forbidden")}, ready: "False", reason: v1alpha1.ReasonApplyFailed, generation: 3, says: "could not be read, tried again: forbidden", fault: true},
		"invalid, no rule":          {change: invalid, seen: observed{}, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "nothing is watched"},
		"invalid, our rule":         {change: invalid, seen: observed{rule: ours}, ready: "False", reason: v1alpha1.ReasonLastGoodRule, generation: 2, says: "of generation 2 stays"},
		"invalid, our rule leaving": {change: invalid, seen: observed{rule: leaving}, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "nothing is watched"},
		"invalid, nobody's rule":    {change: invalid, seen: observed{rule: unowned}, ready: "False", reason: v1alpha1.ReasonNoRule, generation: 3, says: "nothing is watched"},
		"invalid, and a fault":      {change: invalid, seen: observed{fault: errors.New("forbidden")}, ready: "False", reason: v1alpha1.ReasonApplyFailed, generation: 3, says: "forbidden", fault: true},
	} {
		t.Run(name, func(t *testing.T) {
			at := newThreshold()
			if tc.change != nil {
				tc.change(at)
			}
			d := decide(at, tc.seen, extraLabels)
			if d.write != tc.write || d.remove != tc.remove || (d.lookAgain > 0) != tc.lookAgain || (d.fault != nil) != tc.fault {
				t.Errorf("write = %v, remove = %v, look again after %v, fault = %v", d.write, d.remove, d.lookAgain, d.fault)
			}
			if d.ready().Status != tc.ready {
				t.Errorf("ready = %+v, want %s", d.ready(), tc.ready)
			}
			got := d.programmed
			if got.Reason != tc.reason || got.ObservedGeneration != tc.generation || !strings.Contains(got.Message, tc.says) {
				t.Errorf("programmed = %+v, want %s of generation %d saying %q", got, tc.reason, tc.generation, tc.says)
			}
			wantAccepted := metav1.ConditionTrue
			if at.Spec.Levels[0].Above == "2s" {
				wantAccepted = metav1.ConditionFalse
			}
			if d.accepted.Status != wantAccepted {
				t.Errorf("accepted = %+v, want %s", d.accepted, wantAccepted)
			}
		})
	}
}

func TestRecordKeepsTheLinesInForce(t *testing.T) {
	at := newThreshold()
	decide(at, observed{}, nil).record(&at.Status, 3)
	const lines = "warning > 80%, critical > 90%"
	if at.Status.Threshold != lines || len(at.Status.Levels) != 2 || at.Status.Rule.Name != "plimsoll-cpu" {
		t.Fatalf("status = %+v", at.Status)
	}

	ours := ruleOwnedBy("plimsoll.dev/v1alpha1", "AlertThreshold", "cpu", "this")
	at.Spec.Levels[0].Above = "2s"
	decide(at, observed{rule: ours}, nil).record(&at.Status, 4)
	if at.Status.Threshold != lines || at.Status.ObservedGeneration != 4 {
		t.Errorf("with a mistake in the spec, status = %+v", at.Status)
	}

	decide(at, observed{fault: errors.New("no answer")}, nil).record(&at.Status, 4)
	if at.Status.Threshold != lines {
		t.Errorf("with a fault, status = %+v", at.Status)
	}

	decide(at, observed{}, nil).record(&at.Status, 4)
	if at.Status.Threshold != "" || at.Status.Levels != nil || at.Status.Rule != nil {
		t.Errorf("without a rule, status = %+v", at.Status)
	}
}

func TestRecordOfAThresholdWithoutRule(t *testing.T) {
	at := newThreshold()
	decide(at, observed{}, nil).record(&at.Status, 3)
	at.Spec.Mode = v1alpha1.ModeOff
	decide(at, observed{}, nil).record(&at.Status, 4)
	if s := at.Status; s.State != v1alpha1.StateOff || s.Rule != nil || s.Levels != nil || s.Threshold != "" {
		t.Errorf("off, status = %+v", s)
	}
	at.Spec.Mode = ""
	decide(at, observed{superseders: []string{"other"}}, nil).record(&at.Status, 5)
	if s := at.Status; s.State != v1alpha1.StateSuperseded || s.Rule != nil {
		t.Errorf("superseded, status = %+v", s)
	}
	decide(at, observed{}, nil).record(&at.Status, 6)
	if s := at.Status; s.State != "" || s.Rule == nil {
		t.Errorf("back, status = %+v", s)
	}
}

func TestClip(t *testing.T) {
	for text, want := range map[string]string{
		"short":            "short",
		"exactly 10":       "exactly 10",
		"more than ten":    "more th...",
		"sechs ü, zu lang": "sechs ...",
	} {
		if got := truncate(text, 10); got != want {
			t.Errorf("clip(%q) = %q, want %q", text, got, want)
		}
	}
}
