//go:build integration

package controller_test

import (
	"fmt"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

const defaultCPU = `{alert: HighCPU, signal: {name: CPU}, levels: [{severity: warning, above: 90}]}`

// createDefault creates a threshold that is marked as a default.
func createDefault(t *testing.T, namespace, name, spec string) {
	t.Helper()
	text := fmt.Sprintf("apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThreshold\n"+
		"metadata: {namespace: %s, name: %s, labels: {%s: \"true\"}}\nspec: %s\n", namespace, name, v1alpha1.DefaultLabel, spec)
	if err := create(admin, text); err != nil {
		t.Fatal(err)
	}
}

// change writes a change of a threshold's metadata or spec.
func change(t *testing.T, namespace, name string, f func(*v1alpha1.AlertThreshold)) {
	t.Helper()
	at := getThreshold(t, admin, namespace, name)
	before := at.DeepCopy()
	f(at)
	if err := admin.Patch(t.Context(), at, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}

// expectNoRule checks that there is no rule of that name.
func expectNoRule(t *testing.T, namespace, name string) {
	t.Helper()
	err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &monitoringv1.PrometheusRule{})
	if client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("rule %s: error = %v, want none there", name, err)
	}
}

func TestOffRemovesTheRule(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)

	change(t, namespace, "cpu", func(at *v1alpha1.AlertThreshold) { at.Spec.Mode = v1alpha1.ModeOff })
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionProgrammed, v1alpha1.ReasonOff)
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, 2, "spec.mode is Off")
	expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, 2, "spec.mode is Off")
	if s := threshold.Status; s.State != v1alpha1.StateOff || s.Rule != nil || s.Threshold != "" {
		t.Errorf("status = %+v", s)
	}
	expectNoRule(t, namespace, "plimsoll-cpu")

	change(t, namespace, "cpu", func(at *v1alpha1.AlertThreshold) { at.Spec.Mode = v1alpha1.ModeEnforce })
	threshold = waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if threshold.Status.State == v1alpha1.StateOff {
		t.Errorf("state = %s", threshold.Status.State)
	}
	getRule(t, namespace, "plimsoll-cpu")
}

func TestOffLeavesAForeignRule(t *testing.T) {
	namespace := newNamespace(t)
	foreign := &monitoringv1.PrometheusRule{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "plimsoll-cpu"}}
	if err := admin.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	createThreshold(t, namespace, "cpu", `{alert: HighCPU, mode: "Off", signal: {name: CPU}, levels: [{severity: warning, above: 80}]}`)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonOff)
	if got := getRule(t, namespace, "plimsoll-cpu"); got.ResourceVersion != foreign.ResourceVersion {
		t.Errorf("the foreign rule was written: %+v", got)
	}
}

// TestOverrideTakesADefaultsPlace goes through all that can make one threshold supersede another, and stop it.
func TestOverrideTakesADefaultsPlace(t *testing.T) {
	namespace := newNamespace(t)
	present := func(what string) {
		t.Helper()
		waitFor(t, admin, namespace, "standard", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
		eventually(t, 5*time.Second, func() error {
			return admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "plimsoll-standard"}, &monitoringv1.PrometheusRule{})
		})
		if t.Failed() {
			t.Fatal(what)
		}
	}
	superseded := func(by string) {
		t.Helper()
		threshold := waitFor(t, admin, namespace, "standard", v1alpha1.ConditionProgrammed, v1alpha1.ReasonSuperseded)
		expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, threshold.Generation, "AlertThreshold "+by+" has the alert HighCPU too")
		expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, threshold.Generation, by)
		if threshold.Status.State != v1alpha1.StateSuperseded {
			t.Errorf("state = %s", threshold.Status.State)
		}
		expectNoRule(t, namespace, "plimsoll-standard")
	}
	createDefault(t, namespace, "standard", defaultCPU)
	createThreshold(t, namespace, "elsewhere", `{alert: OtherCPU, signal: {name: CPU}, levels: [{severity: warning, above: 80}]}`)
	present("created")

	createThreshold(t, namespace, "mine", cpuSpec)
	superseded("mine")
	waitFor(t, admin, namespace, "mine", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if err := admin.Delete(t.Context(), getThreshold(t, admin, namespace, "mine")); err != nil {
		t.Fatal(err)
	}
	present("the override was deleted")

	change(t, namespace, "elsewhere", func(at *v1alpha1.AlertThreshold) { at.Spec.Alert = "HighCPU" })
	superseded("elsewhere")
	change(t, namespace, "elsewhere", func(at *v1alpha1.AlertThreshold) { at.Spec.Alert = "OtherCPU" })
	present("the override has another alert")

	broken := func(at *v1alpha1.AlertThreshold) { at.Spec.Signal, at.Spec.Expr = nil, "sum((" }
	createThreshold(t, namespace, "typo", `{alert: HighCPU, expr: "sum((", levels: [{severity: warning, above: 80}]}`)
	waitFor(t, admin, namespace, "typo", v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSpec)
	change(t, namespace, "elsewhere", broken)
	waitFor(t, admin, namespace, "elsewhere", v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSpec)
	present("the override would leave the alert unwatched")
	change(t, namespace, "typo", func(at *v1alpha1.AlertThreshold) { at.Spec.Expr = "vector(1)" })
	superseded("typo")
	change(t, namespace, "typo", broken)
	waitFor(t, admin, namespace, "typo", v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSpec)
	superseded("typo") // by its last good rule
	if err := admin.Delete(t.Context(), getThreshold(t, admin, namespace, "typo")); err != nil {
		t.Fatal(err)
	}
	present("the override with the typo was deleted")

	change(t, namespace, "standard", func(at *v1alpha1.AlertThreshold) { at.Spec.Alert = "OtherCPU" })
	threshold := waitFor(t, admin, namespace, "standard", v1alpha1.ConditionReady, v1alpha1.ReasonSuperseded)
	expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, threshold.Generation, "has the alert OtherCPU too")
	change(t, namespace, "standard", func(at *v1alpha1.AlertThreshold) { delete(at.Labels, v1alpha1.DefaultLabel) })
	present("it is no default any more: two alerts of one name")
	getRule(t, namespace, "plimsoll-elsewhere")
}

// TestShadowRecordsOnly checks that nothing alerts in mode Shadow.
func TestShadowRecordsOnly(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "cpu", cpuSpec)
	waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	change(t, namespace, "cpu", func(at *v1alpha1.AlertThreshold) { at.Spec.Mode = v1alpha1.ModeShadow })
	threshold := waitFor(t, admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if threshold.Status.Threshold != "warning > 80%" {
		t.Errorf("threshold = %q", threshold.Status.Threshold)
	}
	for _, rule := range getRule(t, namespace, "plimsoll-cpu").Spec.Groups[0].Rules {
		if rule.Alert != "" {
			t.Errorf("alert %s", rule.Alert)
		}
	}
}
