//go:build integration

package controller_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

var ruleKind = monitoringv1.SchemeGroupVersion.WithKind(monitoringv1.PrometheusRuleKind)

// create creates the objects of a YAML text.
func create(c client.Client, text string) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(text), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if object.Object == nil {
			continue
		}
		if err := c.Create(context.Background(), &object, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
			return err
		}
	}
}

// newNamespace makes a namespace of the test's own, so that tests do not see each other's objects.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

// thresholdYAML is an AlertThreshold with the spec, itself YAML in braces.
func thresholdYAML(namespace, name, spec string) string {
	return fmt.Sprintf("apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThreshold\nmetadata: {namespace: %s, name: %s}\nspec: %s\n", namespace, name, spec)
}

func createThreshold(t *testing.T, namespace, name, spec string) {
	t.Helper()
	if err := create(admin, thresholdYAML(namespace, name, spec)); err != nil {
		t.Fatal(err)
	}
}

// setLevels replaces the levels of a threshold.
func setLevels(t *testing.T, namespace, name string, levels ...v1alpha1.Level) {
	t.Helper()
	threshold := getThreshold(t, admin, namespace, name)
	threshold.Spec.Levels = levels
	if err := admin.Update(t.Context(), threshold); err != nil {
		t.Fatal(err)
	}
}

func getThreshold(t *testing.T, c client.Client, namespace, name string) *v1alpha1.AlertThreshold {
	t.Helper()
	threshold := &v1alpha1.AlertThreshold{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, threshold); err != nil {
		t.Fatal(err)
	}
	return threshold
}

func getRule(t *testing.T, namespace, name string) *monitoringv1.PrometheusRule {
	t.Helper()
	rule := &monitoringv1.PrometheusRule{}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, rule); err != nil {
		t.Fatal(err)
	}
	return rule
}

// waitFor waits until the condition of the threshold's present generation has the reason, and returns the threshold.
func waitFor(t *testing.T, c client.Client, namespace, name, kind, reason string) *v1alpha1.AlertThreshold {
	t.Helper()
	var threshold *v1alpha1.AlertThreshold
	eventually(t, 30*time.Second, func() error {
		threshold = getThreshold(t, c, namespace, name)
		is := meta.FindStatusCondition(threshold.Status.Conditions, kind)
		if threshold.Status.ObservedGeneration != threshold.Generation || is == nil || is.Reason != reason {
			return fmt.Errorf("generation %d, want %s with reason %s, status is %+v", threshold.Generation, kind, reason, threshold.Status)
		}
		return nil
	})
	return threshold
}

// expectCondition checks a condition's status, generation and what its message says.
func expectCondition(t *testing.T, threshold *v1alpha1.AlertThreshold, kind string, status metav1.ConditionStatus, generation int64, says string) {
	t.Helper()
	is := meta.FindStatusCondition(threshold.Status.Conditions, kind)
	if is == nil {
		t.Fatalf("no condition %s", kind)
	}
	if is.Status != status || is.ObservedGeneration != generation || !strings.Contains(is.Message, says) {
		t.Errorf("condition is %+v, want %s of generation %d saying %q", *is, status, generation, says)
	}
}
