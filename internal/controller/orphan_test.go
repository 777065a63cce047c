//go:build integration

package controller_test

import (
	"context"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller"
)

// TestOrphan has a cluster of its own, where no controller runs: the rules are made by hand, and their thresholds reconciled
// once. The garbage collector would delete the rules of absent owners too, half a minute later.
func TestOrphan(t *testing.T) {
	cfg, admin := ownCluster(t, thresholdCRDs, ruleCRD)
	live := newLive(t, cfg)
	blind := interceptor.NewClient(live, interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, o ...client.GetOption) error {
		if _, asked := into.(*v1alpha1.AlertThreshold); asked {
			return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
		}
		return c.Get(ctx, key, into, o...)
	}})
	const living = types.UID("that of the threshold")
	for name, tc := range map[string]struct {
		owner   *metav1.OwnerReference
		holds   string // a finalizer
		exists  bool   // the threshold
		cache   client.Client
		removes bool
	}{
		"gone":               {owner: &metav1.OwnerReference{Kind: "AlertThreshold", Name: "gone", UID: "earlier"}, cache: live, removes: true},
		"made-again":         {owner: &metav1.OwnerReference{Kind: "AlertThreshold", Name: "made-again", UID: "earlier"}, exists: true, cache: blind, removes: true},
		"there-after-all":    {owner: &metav1.OwnerReference{Kind: "AlertThreshold", Name: "there-after-all", UID: living}, exists: true, cache: blind},
		"gone-its-rule-too":  {cache: live},
		"rule-of-nobody":     {owner: &metav1.OwnerReference{}, cache: live},
		"rule-of-another":    {owner: &metav1.OwnerReference{Kind: "AlertThreshold", Name: "another", UID: "that"}, cache: live},
		"rule-of-other-kind": {owner: &metav1.OwnerReference{Kind: "Silence", Name: "rule-of-other-kind", UID: "that"}, cache: live},
		"terminating":        {owner: &metav1.OwnerReference{Kind: "AlertThreshold", Name: "terminating", UID: "earlier"}, holds: "example.org/holds", cache: live},
	} {
		t.Run(name, func(t *testing.T) {
			key := types.NamespacedName{Namespace: "default", Name: name}
			if tc.exists {
				if err := create(admin, thresholdYAML(key.Namespace, name, cpuSpec)); err != nil {
					t.Fatal(err)
				}
			}
			if tc.owner != nil {
				rule := &monitoringv1.PrometheusRule{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: controller.RuleOf(key).Name}}
				if tc.holds != "" {
					rule.Finalizers = []string{tc.holds}
				}
				if owner := tc.owner; owner.Name != "" {
					controls := true
					owner.APIVersion, owner.Controller = v1alpha1.GroupVersion.String(), &controls
					if owner.UID == living {
						owner.UID = getThreshold(t, admin, key.Namespace, name).UID
					}
					rule.OwnerReferences = []metav1.OwnerReference{*owner}
				}
				if err := admin.Create(t.Context(), rule); err != nil {
					t.Fatal(err)
				}
				if tc.holds != "" {
					if err := admin.Delete(t.Context(), rule); err != nil {
						t.Fatal(err)
					}
				}
			}
			r, err := controller.NewReconciler(tc.cache, live)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
				t.Fatal(err)
			}
			if removed := r.RulesDeleted(); (removed == 1) != tc.removes || removed > 1 {
				t.Errorf("rules removed = %v, want %v", removed, tc.removes)
			}
			err = admin.Get(t.Context(), controller.RuleOf(key), &monitoringv1.PrometheusRule{})
			if there := tc.owner != nil && !tc.removes; client.IgnoreNotFound(err) != nil || (err == nil) != there {
				t.Errorf("rule: error = %v, want it there: %v", err, there)
			}
		})
	}
}
