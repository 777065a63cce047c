//go:build integration

package controller_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// TestOperatorMissing has a cluster of its own, in which nobody has installed the Prometheus Operator yet.
func TestOperatorMissing(t *testing.T) {
	cfg, c := ownCluster(t, thresholdCRDs)
	stopController, err := runController(cfg, manager.Options{Namespaces: []string{"default"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopController(); err != nil {
			t.Error(err)
		}
	})

	if err := create(c, thresholdYAML("default", "cpu", cpuSpec)); err != nil {
		t.Fatal(err)
	}
	threshold := waitFor(t, c, "default", "cpu", v1alpha1.ConditionProgrammed, v1alpha1.ReasonOperatorMissing)
	expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionTrue, 1, "")
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, 1, "install the Prometheus Operator")

	if err := installCRDs(cfg, ruleCRD); err != nil {
		t.Fatal(err)
	}
	waitFor(t, c, "default", "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
}
