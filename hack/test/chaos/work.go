package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	namespacePrefix = "chaos-"
	// namespaces is over how many the thresholds are spread.
	namespaces = 20
	// writers is how many objects are written at once.
	writers = 8
)

func spread(i int) string { return fmt.Sprintf("%s%02d", namespacePrefix, i%namespaces) }

// threshold is the i-th threshold. They are not all alike: some are off, in shadow, defaults that another supersedes.
func (r *harness) threshold(key types.NamespacedName, i int) *v1alpha1.AlertThreshold {
	t := &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: fmt.Sprintf("SlowResponse%d", i),
			Signal: &v1alpha1.Signal{Name: "HTTPLatency", Quantile: "0.95", Window: "5m", By: []string{"endpoint"},
				MatchLabels: map[string]string{"service": "assistant"}},
			Levels: []v1alpha1.Level{
				{Severity: "warning", Above: "2s", For: "10m"},
				{Severity: "critical", Above: "5s", For: "10m", KeepFiringFor: "5m"},
			},
			Labels: map[string]string{"team": "assistants"},
		},
	}
	switch i % 50 {
	case 10:
		t.Spec.Mode = v1alpha1.ModeOff
	case 20:
		t.Spec.Mode = v1alpha1.ModeShadow
	case 30:
		t.Labels = map[string]string{v1alpha1.DefaultLabel: "true"}
		t.Spec.Alert = fmt.Sprintf("SlowResponse%d", i-namespaces) // a neighbour in the same namespace
	}
	return t
}

// add creates n more thresholds in a namespace, or spread over the harness's when it is empty.
func (r *harness) add(ctx context.Context, n int, into string) error {
	first := r.serial
	r.serial += n
	keys := make([]types.NamespacedName, n)
	for i := range keys {
		keys[i] = types.NamespacedName{Namespace: into, Name: fmt.Sprintf("slow-response-%d", first+i)}
		if into == "" {
			keys[i].Namespace = spread(first + i)
		}
	}
	r.names = append(r.names, keys...)
	r.changes += n
	return each(ctx, n, func(ctx context.Context, i int) error { return r.create(ctx, keys[i], first+i) })
}

func (r *harness) create(ctx context.Context, key types.NamespacedName, i int) error {
	return retry(ctx, func() error {
		t := r.threshold(key, i)
		err := r.client.Create(ctx, t)
		if apierrors.IsAlreadyExists(err) {
			return nil // an earlier try got through after all
		}
		r.written.add(t)
		return err
	})
}

// makeNamespace makes a namespace for thresholds.
func (r *harness) makeNamespace(ctx context.Context, name string) error {
	return retry(ctx, func() error {
		err := r.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

// createThresholds makes the thresholds that are there through every fault.
func (r *harness) createThresholds(ctx context.Context) error {
	for i := range namespaces {
		if err := r.makeNamespace(ctx, spread(i)); err != nil {
			return err
		}
	}
	return r.add(ctx, r.o.thresholds, "")
}

// work gives the controller something to do: of n thresholds at random it changes the specs of three fifths, deletes the
// rules of one, and replaces the last by new ones.
func (r *harness) work(ctx context.Context, n int) error {
	n = min(n, len(r.names))
	first := r.serial
	r.serial += n
	r.changes += n
	chosen := rand.Perm(len(r.names))[:n]
	return each(ctx, n, func(ctx context.Context, i int) error {
		key := &r.names[chosen[i]] // every place is chosen once
		switch i % 5 {
		case 0:
			return r.deleteRule(ctx, *key)
		case 1:
			if err := r.delete(ctx, *key); err != nil {
				return err
			}
			key.Name = fmt.Sprintf("slow-response-%d", first+i)
			return r.create(ctx, *key, first+i)
		default:
			return r.change(ctx, *key, first+i)
		}
	})
}

// change changes the spec: to another level, which every rule holds, in every mode.
func (r *harness) change(ctx context.Context, key types.NamespacedName, serial int) error {
	patch := fmt.Appendf(nil, `[{"op": "replace", "path": "/spec/levels/0/above", "value": "%dms"}]`, 1000+serial%3000)
	return retry(ctx, func() error {
		t := named(key, &v1alpha1.AlertThreshold{})
		err := r.client.Patch(ctx, t, client.RawPatch(types.JSONPatchType, patch))
		r.written.add(t)
		return err
	})
}

func (r *harness) delete(ctx context.Context, key types.NamespacedName) error {
	return retry(ctx, func() error {
		return client.IgnoreNotFound(r.client.Delete(ctx, named(key, &v1alpha1.AlertThreshold{})))
	})
}

func (r *harness) deleteRule(ctx context.Context, key types.NamespacedName) error {
	return retry(ctx, func() error { return client.IgnoreNotFound(r.client.Delete(ctx, ruleOf(key))) })
}

func ruleOf(key types.NamespacedName) *monitoringv1.PrometheusRule {
	return named(types.NamespacedName{Namespace: key.Namespace, Name: rules.Name(key.Name)}, &monitoringv1.PrometheusRule{})
}

func named[T client.Object](key types.NamespacedName, object T) T {
	object.SetNamespace(key.Namespace)
	object.SetName(key.Name)
	return object
}

// written is the last version of a threshold that the harness has written, of all thresholds; who has not heard of it is
// behind. The zero value is ready.
type written struct {
	mu      sync.Mutex
	version string
}

// add takes the version of a threshold that was written.
func (w *written) add(t *v1alpha1.AlertThreshold) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if later(t.ResourceVersion, w.version) {
		w.version = t.ResourceVersion
	}
}

// isSeen reports whether one of the thresholds is as late.
func (w *written) isSeen(all []v1alpha1.AlertThreshold) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version == "" || slices.ContainsFunc(all, func(t v1alpha1.AlertThreshold) bool { return !later(w.version, t.ResourceVersion) })
}

// later reports whether version a is later than b; an empty one is the earliest.
func later(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return a != "" && (b == "" || err == nil && order > 0)
}

// retry tries what the API server, just back, may not do at once.
func retry(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// each does something n times, several at once, until one fails.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for first := range writers {
		running.Go(func() {
			for i := first; i < n && ctx.Err() == nil; i += writers {
				if err := do(ctx, i); err != nil {
					cancel(fmt.Errorf("write %s: %w", strconv.Itoa(i), err))
				}
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// edit changes the threshold's rule as somebody with an editor would.
func (r *harness) edit(ctx context.Context, key types.NamespacedName) error {
	const patch = `[{"op": "replace", "path": "/spec/groups/0/rules/0/expr", "value": "vector(0)"}]`
	return transient(r.client.Patch(ctx, ruleOf(key), client.RawPatch(types.JSONPatchType, []byte(patch))))
}

// applyAsRival applies another controller's idea of the rule by force, with a group of its own.
func (r *harness) applyAsRival(ctx context.Context, key types.NamespacedName) error {
	rule := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"groups": []any{
		map[string]any{"name": key.Name, "rules": []any{map[string]any{"record": "rival:value", "expr": "vector(1)"}}},
		map[string]any{"name": "rival", "rules": []any{map[string]any{"record": "rival:other", "expr": "vector(2)"}}},
	}}}}
	rule.SetGroupVersionKind(monitoringv1.SchemeGroupVersion.WithKind(monitoringv1.PrometheusRuleKind))
	rule.SetNamespace(key.Namespace)
	rule.SetName(rules.Name(key.Name))
	return transient(r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(rule), client.FieldOwner("rival"), client.ForceOwnership))
}

// transient is err, unless the other writer was quicker or the rule is not there just now.
func transient(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
