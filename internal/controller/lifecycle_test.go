//go:build integration

package controller_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const cpuSpec = `{alert: HighCPU, signal: {name: CPU}, levels: [{severity: warning, above: 80, for: 5m}]}`

func TestSpecChangeReachesTheRule(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	setLevels(t, namespace, "cpu", v1alpha1.Level{Severity: "critical", Above: "90%"})
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, 2, "plimsoll-cpu")
	if threshold.Status.Threshold != "critical > 90%" {
		t.Errorf("threshold = %q", threshold.Status.Threshold)
	}
	got := getRule(t, namespace, "plimsoll-cpu").Spec.Groups[0].Rules
	want := fmt.Sprintf(`plimsoll:signal{namespace=%q,alertthreshold="cpu"} > 90`, namespace)
	if last := got[len(got)-1].Expr.String(); len(got) != 3 || last != want {
		t.Errorf("%d rules, the last %s, want %s", len(got), last, want)
	}
}

func TestLastGoodRuleStays(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	good := getRule(t, namespace, "plimsoll-cpu")

	setLevels(t, namespace, "cpu", v1alpha1.Level{Severity: "warning", Above: "100%"})
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalidSpec)
	expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionFalse, 2, "the alert could never fire")
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, 1, "of generation 1 stays until the spec is fixed")
	expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionFalse, 2, "the alert could never fire")
	if threshold.Status.Threshold != "warning > 80%" {
		t.Errorf("threshold = %q, want the level in force", threshold.Status.Threshold)
	}
	if got := getRule(t, namespace, "plimsoll-cpu"); got.ResourceVersion != good.ResourceVersion {
		t.Errorf("the rule was written: %+v", got.Spec)
	}

	// A second mistake must not pass for the generation that the rule was made from.
	setLevels(t, namespace, "cpu", v1alpha1.Level{Severity: "warning", Above: "110%"})
	threshold = waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalidSpec)
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, 1, "of generation 1 stays")

	if err := admin.Delete(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	threshold = waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionProgrammed, v1alpha1.ReasonNoRule)
	if threshold.Status.Threshold != "" || threshold.Status.Rule != nil {
		t.Errorf("status still claims a level: %+v", threshold.Status)
	}

	setLevels(t, namespace, "cpu", v1alpha1.Level{Severity: "warning", Above: "85%"})
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
}

// TestMovedFieldsAfterAnUpgrade: a threshold that was stored with fields that the signal has now, which would be about all series
// of the namespace without them, keeps its rule until they are moved.
func TestMovedFieldsAfterAnUpgrade(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "slow", `{alert: Slow, signal: {name: HTTPLatency, matchLabels: {service: shop}}, levels: [{severity: warning, above: 2s}]}`)
	waitFor(t, admin, namespace, "slow", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	good := getRule(t, namespace, "plimsoll-slow")
	patch := func(text string) {
		t.Helper()
		threshold := &v1alpha1.AlertThreshold{}
		threshold.Namespace, threshold.Name = namespace, "slow"
		if err := admin.Patch(t.Context(), threshold, client.RawPatch(types.MergePatchType, []byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	patch(`{"spec": {"selector": {"service": "shop"}, "minTraffic": 1, "signal": {"matchLabels": null}}}`)
	threshold := waitFor(t, admin, namespace, "slow", v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalidSpec)
	for _, says := range []string{"move it to spec.signal.matchLabels", "move it to spec.signal.minTraffic"} {
		expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionFalse, 2, says)
	}
	if got := getRule(t, namespace, "plimsoll-slow"); got.ResourceVersion != good.ResourceVersion {
		t.Errorf("the rule was written: %+v", got.Spec)
	}
	patch(`{"spec": {"selector": null, "minTraffic": null, "signal": {"matchLabels": {"service": "shop"}, "minTraffic": 1}}}`)
	threshold = waitFor(t, admin, namespace, "slow", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if threshold.Status.ObservedGeneration != 3 {
		t.Errorf("generation %d was observed, want 3", threshold.Status.ObservedGeneration)
	}
}

func TestDriftIsPutBack(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	want := getRule(t, namespace, "plimsoll-cpu")

	for name, change := range map[string]func(*monitoringv1.PrometheusRule){
		"another expression": func(r *monitoringv1.PrometheusRule) {
			r.Spec.Groups[0].Rules[2].Expr = intstr.FromString("vector(0) > 1")
		},
		"a rule less": func(r *monitoringv1.PrometheusRule) {
			r.Spec.Groups[0].Rules = r.Spec.Groups[0].Rules[:1]
		},
		"an interval": func(r *monitoringv1.PrometheusRule) {
			interval := monitoringv1.Duration("1h")
			r.Spec.Groups[0].Interval = &interval
		},
		"a group more": func(r *monitoringv1.PrometheusRule) {
			r.Spec.Groups = append(r.Spec.Groups, monitoringv1.RuleGroup{Name: "mine", Rules: []monitoringv1.Rule{{Record: "a:b", Expr: intstr.FromString("up")}}})
		},
		"no groups":   func(r *monitoringv1.PrometheusRule) { r.Spec.Groups = nil },
		"a label off": func(r *monitoringv1.PrometheusRule) { delete(r.Labels, "release") },
	} {
		t.Run(name, func(t *testing.T) {
			changed := getRule(t, namespace, "plimsoll-cpu")
			change(changed)
			if err := admin.Update(t.Context(), changed); err != nil {
				t.Fatal(err)
			}
			eventually(t, 5*time.Second, func() error {
				got := getRule(t, namespace, "plimsoll-cpu")
				if !equality.Semantic.DeepEqual(got.Spec, want.Spec) || !equality.Semantic.DeepEqual(got.Labels, want.Labels) {
					return fmt.Errorf("the rule is %v %+v, want %v %+v", got.Labels, got.Spec, want.Labels, want.Spec)
				}
				return nil
			})
		})
	}

	t.Run("deleted", func(t *testing.T) {
		if err := admin.Delete(t.Context(), getRule(t, namespace, "plimsoll-cpu")); err != nil {
			t.Fatal(err)
		}
		eventually(t, 5*time.Second, func() error {
			return admin.Get(t.Context(), client.ObjectKeyFromObject(want), &monitoringv1.PrometheusRule{})
		})
	})
	expectEvent(t, namespace, "cpu", v1alpha1.ReasonRuleRestored)
}

func TestForeignRuleIsLeftAlone(t *testing.T) {
	namespace := newNamespace(t)
	foreign := &monitoringv1.PrometheusRule{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "plimsoll-cpu"},
		Spec:       monitoringv1.PrometheusRuleSpec{Groups: []monitoringv1.RuleGroup{{Name: "mine"}}},
	}
	if err := admin.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	createThreshold(t, namespace, "cpu", cpuSpec)
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionProgrammed, v1alpha1.ReasonRuleConflict)
	expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionTrue, 1, "")
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, 1, "plimsoll-cpu exists and was not made by Plimsoll")
	expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionFalse, 1, "delete or rename it, or rename this AlertThreshold")
	if got := getRule(t, namespace, "plimsoll-cpu"); got.ResourceVersion != foreign.ResourceVersion {
		t.Errorf("the foreign rule was written: %+v", got)
	}
	expectEvent(t, namespace, "cpu", v1alpha1.ReasonRuleConflict)

	if err := admin.Delete(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
}

// TestApplyNoticesAnotherRule replaces the rule between looking and writing: by another one, and by none.
func TestApplyNoticesAnotherRule(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	foreign := &monitoringv1.PrometheusRule{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "theirs"}}
	if err := admin.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	c := newLive(t, adminConfig)
	r, err := controller.NewReconciler(c, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"theirs", "gone"} {
		if err := r.WriteRule(t.Context(), threshold, controller.Seen(namespace, name, "another", "1")); !apierrors.IsConflict(err) {
			t.Errorf("writing over %s: error = %v, want a conflict", name, err)
		}
	}
	if err := r.DeleteRule(t.Context(), controller.Seen(namespace, "theirs", "another", "1")); !apierrors.IsConflict(err) {
		t.Errorf("deleting: error = %v, want a conflict", err)
	}
	if got := getRule(t, namespace, "theirs"); got.ResourceVersion != foreign.ResourceVersion {
		t.Errorf("the foreign rule was written: %+v", got)
	}
}

// TestWarningsAreTold checks that warnings are in the status, and in one event.
func TestWarningsAreTold(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", `{alert: HighCPU, signal: {name: CPU}, labels: {now: "{{ $value }}"}, levels: [{severity: warning, above: 80}]}`)
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionTrue, 1, "the spec is valid, but spec.labels[now]: makes another alert whenever the value changes")
	expectEvent(t, namespace, "cpu", v1alpha1.ReasonSpecWarning)
}

// TestTooLargeARule checks that the last good rule stays when the next would be too large.
func TestTooLargeARule(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	good := getRule(t, namespace, "plimsoll-cpu")
	change(t, namespace, "cpu", func(at *v1alpha1.AlertThreshold) {
		at.Spec.Annotations = map[string]string{"story": strings.Repeat("a", rules.MaxRuleBytes)}
	})
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionProgrammed, v1alpha1.ReasonRuleTooLarge)
	expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionTrue, 2, "valid")
	expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionFalse, 2, "of generation 1 stays until then")
	if threshold.Status.Threshold != "warning > 80%" {
		t.Errorf("threshold = %q, want the level in force", threshold.Status.Threshold)
	}
	if got := getRule(t, namespace, "plimsoll-cpu"); got.ResourceVersion != good.ResourceVersion {
		t.Errorf("the rule was written: %+v", got.Spec)
	}
}

// TestDeleteAndCreateAgain checks that a rule goes with its threshold, and that the next of that name gets one of its own.
func TestDeleteAndCreateAgain(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	first := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if err := admin.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() error {
		rule := &monitoringv1.PrometheusRule{}
		err := admin.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: "plimsoll-cpu"}, rule)
		if err == nil {
			return fmt.Errorf("the rule is still there: %+v", rule.ObjectMeta)
		}
		return client.IgnoreNotFound(err)
	})

	// Deleted and created at once, the new one finds the old one's rule and waits for it to go.
	createThreshold(t, namespace, "cpu", cpuSpec)
	second := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if err := admin.Delete(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	createThreshold(t, namespace, "cpu", cpuSpec)
	third := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if rule := getRule(t, namespace, "plimsoll-cpu"); !metav1.IsControlledBy(rule, third) {
		t.Errorf("owners of the rule are %v, want %s", rule.OwnerReferences, third.UID)
	}
}

// TestNothingIsWrittenAtRest checks that a settled threshold and its rule stay as they are, also when reconciled again.
func TestNothingIsWrittenAtRest(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	createThreshold(t, namespace, "bad", `{alert: A, expr: "rate(", levels: [{severity: w, above: 1}]}`)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	waitFor(t, admin, namespace, "bad", v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalidSpec)

	versions := func() string {
		return getThreshold(t, admin, namespace, "cpu").ResourceVersion + " " +
			getThreshold(t, admin, namespace, "bad").ResourceVersion + " " +
			getRule(t, namespace, "plimsoll-cpu").ResourceVersion
	}
	settled := versions()
	time.Sleep(2 * time.Second)
	if now := versions(); now != settled {
		t.Fatalf("versions went from %s to %s", settled, now)
	}

	// A label of somebody else's makes the controller reconcile again; it does not mind it.
	rule := getRule(t, namespace, "plimsoll-cpu")
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]string{"theirs": "yes"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.Patch(t.Context(), rule, client.RawPatch(types.MergePatchType, patch)); err != nil {
		t.Fatal(err)
	}
	settled = versions()
	time.Sleep(2 * time.Second)
	if now := versions(); now != settled {
		t.Errorf("versions went from %s to %s after a foreign label", settled, now)
	}
}

// expectEvent waits for an event about the threshold with that reason.
func expectEvent(t *testing.T, namespace, name, reason string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		var list eventsv1.EventList
		if err := admin.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
			return err
		}
		var seen []string
		for _, event := range list.Items {
			if event.Regarding.Name == name && event.Reason == reason {
				return nil
			}
			seen = append(seen, event.Regarding.Name+" "+event.Reason)
		}
		return fmt.Errorf("no event %s about %s, only %q", reason, name, seen)
	})
}
