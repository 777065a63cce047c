//go:build integration

package controller_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestShardsDoNotTouchEachOther: two controllers, each of a namespace of its own, in one cluster. Each keeps its own rules
// and lets the other's be, also when the other is gone; a namespace of neither is nobody's.
func TestShardsDoNotTouchEachOther(t *testing.T) {
	cfg, c := ownCluster(t, thresholdCRDs, ruleCRD)
	const spec = `{alert: A, expr: up, levels: [{severity: w, above: 5}]}`
	stops := map[string]func() error{}
	for _, namespace := range []string{"one", "two", "neither"} {
		if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
			t.Fatal(err)
		}
		if err := create(c, thresholdYAML(namespace, "shard", spec)); err != nil {
			t.Fatal(err)
		}
		if namespace == "neither" {
			continue
		}
		o := manager.Options{Namespaces: []string{namespace}, RuleLabels: map[string]string{"shard": namespace}}
		stop, err := runController(cfg, o)
		if err != nil {
			t.Fatal(err)
		}
		stops[namespace] = stop
	}
	shard := func(namespace string) string {
		rule := &metav1.PartialObjectMetadata{}
		rule.SetGroupVersionKind(ruleKind)
		if err := c.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: rules.Name("shard")}, rule); err != nil {
			return err.Error()
		}
		return rule.Labels["shard"]
	}
	spoil := func(namespace string) {
		t.Helper()
		rule := &metav1.PartialObjectMetadata{}
		rule.SetGroupVersionKind(ruleKind)
		rule.Namespace, rule.Name = namespace, rules.Name("shard")
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"shard":"spoilt"}}}`))
		if err := c.Patch(t.Context(), rule, patch); err != nil {
			t.Fatal(err)
		}
	}
	wantShard := func(namespace string) {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			if got := shard(namespace); got != namespace {
				return fmt.Errorf("the rule in %s is of shard %q", namespace, got)
			}
			return nil
		})
	}
	for namespace := range stops {
		waitFor(t, c, namespace, "shard", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
		wantShard(namespace)
	}
	if err := stops["one"](); err != nil {
		t.Fatal(err)
	}
	spoil("one")
	spoil("two")
	wantShard("two")
	time.Sleep(2 * time.Second) // the other's repair, if there were one, would have been as quick
	if got := shard("one"); got != "spoilt" {
		t.Errorf("the rule of the shard that is gone is of %q: the other has touched it", got)
	}
	if at := getThreshold(t, c, "neither", "shard"); at.Status.ObservedGeneration != 0 {
		t.Errorf("a threshold in nobody's namespace has the status %+v", at.Status)
	}
	if err := stops["two"](); err != nil {
		t.Fatal(err)
	}
}
