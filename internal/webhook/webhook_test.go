//go:build integration

package webhook_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

const (
	goodSpec = `{alert: HighCPU, signal: {name: CPU}, levels: [{severity: warning, above: 80%, for: 5m}]}`
	// badSpec is one that the API server itself lets through.
	badSpec = `{alert: HighCPU, signal: {name: CPU}, levels: [{severity: warning, above: 2s}]}`
)

func TestRefuses(t *testing.T) {
	serve(t)
	namespace := newNamespace(t)
	for name, tc := range map[string]struct {
		spec string
		says []string
	}{
		"a unit": {badSpec, []string{`spec.levels[0].above: Invalid value: "2s"`, `such as "80%"`, "because CPU is measured in Percent"}},
		"PromQL": {`{alert: A, expr: "rate(x[5m]", levels: [{severity: w, above: 5}]}`, []string{"spec.expr", "unclosed left parenthesis"}},
		"another namespace": {`{alert: A, expr: 'up{namespace="kube-system"}', levels: [{severity: w, above: 5}]}`,
			[]string{"spec.expr", "remove the namespace matcher"}},
		"all at once": {`{alert: A, signal: {name: CPU, by: [model]}, annotations: {summary: "{{ $val }}"}, levels: [{severity: w, above: 2s}]}`,
			[]string{"spec.levels[0].above", "spec.signal.by[0]", "spec.annotations[summary]"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := admin.Create(t.Context(), threshold(t, namespace, "bad", tc.spec))
			if !apierrors.IsInvalid(err) {
				t.Fatalf("error = %v, want one of an invalid object", err)
			}
			for _, say := range append(tc.says, webhook.Name) {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("message %q does not say %q", err, say)
				}
			}
		})
	}
}

func TestDryRun(t *testing.T) {
	serve(t)
	namespace := newNamespace(t)
	if err := admin.Create(t.Context(), threshold(t, namespace, "bad", badSpec), client.DryRunAll); !apierrors.IsInvalid(err) {
		t.Errorf("error = %v, want a refusal", err)
	}
	if err := admin.Create(t.Context(), threshold(t, namespace, "good", goodSpec), client.DryRunAll); err != nil {
		t.Error(err)
	}
	var stored v1alpha1.AlertThresholdList
	if err := admin.List(t.Context(), &stored, client.InNamespace(namespace)); err != nil || len(stored.Items) > 0 {
		t.Errorf("stored %v, %v", stored.Items, err)
	}
}

// TestAway has no webhook running at first, so a mistake gets in; later nobody is kept from mending or removing it.
func TestAway(t *testing.T) {
	namespace := newNamespace(t)
	bad := threshold(t, namespace, "bad", badSpec)
	start := time.Now()
	if err := admin.Create(t.Context(), bad); err != nil {
		t.Fatal("nobody listens, and yet:", err)
	}
	t.Logf("apply with no webhook took %s", time.Since(start).Round(time.Millisecond))
	stop := serve(t)

	change := func(t *testing.T, what func(*v1alpha1.AlertThreshold)) error {
		before := bad.DeepCopy()
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(bad), before); err != nil {
			t.Fatal(err)
		}
		after := before.DeepCopy()
		what(after)
		return admin.Patch(t.Context(), after, client.MergeFrom(before))
	}
	if err := change(t, func(a *v1alpha1.AlertThreshold) {
		a.Labels, a.Finalizers = map[string]string{"team": "ai"}, []string{"example.com/hold"}
	}); err != nil {
		t.Error("label and finalizer:", err)
	}
	if err := change(t, func(a *v1alpha1.AlertThreshold) { a.Spec.Levels[0].For = "1m" }); !apierrors.IsInvalid(err) {
		t.Errorf("another spec with the mistake: error = %v, want a refusal", err)
	}
	if err := change(t, func(a *v1alpha1.AlertThreshold) { a.Labels[v1alpha1.DefaultLabel] = "true" }); !apierrors.IsInvalid(err) {
		t.Errorf("made a default: error = %v, want a refusal", err)
	}
	if err := admin.Delete(t.Context(), bad); err != nil {
		t.Error("deletion:", err)
	}
	if err := change(t, func(a *v1alpha1.AlertThreshold) { a.Finalizers = nil }); err != nil {
		t.Error("finalizer off:", err)
	}
	if err := admin.Create(t.Context(), threshold(t, namespace, "bad", goodSpec)); err != nil {
		t.Error("mended:", err)
	}

	stop()
	if err := admin.Create(t.Context(), threshold(t, namespace, "later", badSpec)); err != nil {
		t.Error("nobody listens any more, and yet:", err)
	}
}

// refuses returns nil when the webhook judges.
func refuses(t *testing.T) error {
	err := admin.Create(t.Context(), threshold(t, "default", "probe", badSpec), client.DryRunAll)
	if apierrors.IsInvalid(err) {
		return nil
	}
	return fmt.Errorf("a mistake is not refused: error = %v", err)
}

// threshold is an AlertThreshold with the spec, itself YAML in braces.
func threshold(t *testing.T, namespace, name, spec string) *v1alpha1.AlertThreshold {
	t.Helper()
	text := fmt.Sprintf("metadata: {namespace: %s, name: %s}\nspec: %s\n", namespace, name, spec)
	object := &v1alpha1.AlertThreshold{}
	if err := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(text), 4096).Decode(object); err != nil {
		t.Fatal(err)
	}
	return object
}

// newNamespace makes a namespace of the test's own.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}
