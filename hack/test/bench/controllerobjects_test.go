package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

var ruleKind = monitoringv1.SchemeGroupVersion.WithKind(monitoringv1.PrometheusRuleKind)

// threshold is the i-th threshold, as people write them.
func (b *controllerBench) threshold(i int) *v1alpha1.AlertThreshold {
	return &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: benchNamespace, Name: fmt.Sprintf("slow-response-%d", i)},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: fmt.Sprintf("SlowResponse%d", i),
			Signal: &v1alpha1.Signal{Name: "HTTPLatency", Quantile: "0.95", Window: "5m", By: []string{"endpoint"},
				MatchLabels: map[string]string{"service": "assistant"}},
			Levels: []v1alpha1.Level{
				{Severity: "warning", Above: "2s", For: "10m"},
				{Severity: "critical", Above: "5s", For: "10m", KeepFiringFor: "5m"},
			},
			Labels:      map[string]string{"team": "assistants"},
			Annotations: map[string]string{"runbook_url": "https://runbooks.example.org/slow-response"},
		},
	}
}

// create creates the i-th threshold.
func (b *controllerBench) create(ctx context.Context, i int) error {
	return b.client.Create(ctx, b.threshold(i))
}

// createAndWrite creates the i-th threshold and does the controller's work for it.
func (b *controllerBench) createAndWrite(ctx context.Context, i int) error {
	at := b.threshold(i)
	if err := b.client.Create(ctx, at); err != nil {
		return err
	}
	return b.writeLikeTheController(ctx, at)
}

// writeLikeTheController writes what the controller would for a threshold: its rule by server-side apply, then its
// status by one patch.
func (b *controllerBench) writeLikeTheController(ctx context.Context, at *v1alpha1.AlertThreshold) error {
	plan, errs := rules.Resolve(at)
	if len(errs) > 0 {
		return errs.ToAggregate()
	}
	rule := plan.Rule(nil)
	spec, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&rule.Spec)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(ruleKind)
	object.SetNamespace(rule.Namespace)
	object.SetName(rule.Name)
	object.SetLabels(rule.Labels)
	object.SetAnnotations(map[string]string{v1alpha1.GenerationAnnotation: "1", v1alpha1.RuleLabelsAnnotation: "app.kubernetes.io/managed-by"})
	object.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(at, v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))})
	if err := b.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("bench"), client.ForceOwnership); err != nil {
		return err
	}
	before := at.DeepCopy()
	at.Status = v1alpha1.AlertThresholdStatus{ObservedGeneration: 1, Rule: &v1alpha1.RuleReference{Name: rule.Name}, Threshold: "warning > 2s, critical > 5s"}
	for _, level := range plan.Levels {
		at.Status.Levels = append(at.Status.Levels, v1alpha1.LevelStatus{Severity: level.Severity, Threshold: level.String()})
	}
	for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionProgrammed, v1alpha1.ConditionReady} {
		at.Status.Conditions = append(at.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, ObservedGeneration: 1,
			Reason: "Bench", Message: "as long a message as the controller's own", LastTransitionTime: metav1.Now()})
	}
	return b.client.Status().Patch(ctx, at, client.MergeFrom(before), client.FieldOwner("bench"))
}

// clear deletes all thresholds and rules, and returns when they are gone.
func (b *controllerBench) clear(ctx context.Context) error {
	for _, object := range []client.Object{&v1alpha1.AlertThreshold{}, &monitoringv1.PrometheusRule{}} {
		if err := b.client.DeleteAllOf(ctx, object, client.InNamespace(benchNamespace)); err != nil {
			return err
		}
	}
	return poll(ctx, func() (bool, error) { return b.seen.empty(), nil })
}

func (b *controllerBench) deleteRule(ctx context.Context, threshold string) error {
	return b.client.Delete(ctx, b.ruleNamed(threshold))
}

func (b *controllerBench) editRule(ctx context.Context, threshold string) error {
	const patch = `[{"op": "replace", "path": "/spec/groups/0/rules/0/expr", "value": "vector(0)"}]`
	return b.client.Patch(ctx, b.ruleNamed(threshold), client.RawPatch(types.JSONPatchType, []byte(patch)))
}

func (b *controllerBench) ruleNamed(threshold string) *monitoringv1.PrometheusRule {
	return &monitoringv1.PrometheusRule{ObjectMeta: metav1.ObjectMeta{Namespace: benchNamespace, Name: rules.Name(threshold)}}
}

// watched is what watches have told of rules and thresholds, by the threshold's name.
type watched struct {
	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every event
	rules    map[string]ruleSeen
	statuses map[string]time.Time
}

// ruleSeen is a rule as last told of, and when.
type ruleSeen struct {
	uid        types.UID
	generation int64
	at         time.Time
}

// watch watches rules and thresholds from now on, until ctx ends; a watch that breaks is taken up again.
func watch(ctx context.Context, cfg *rest.Config, scheme *runtime.Scheme) (*watched, error) {
	w := &watched{changed: make(chan struct{}), rules: map[string]ruleSeen{}, statuses: map[string]time.Time{}}
	objects, err := cache.New(cfg, cache.Options{Scheme: scheme, DefaultNamespaces: map[string]cache.Config{benchNamespace: {}}})
	if err != nil {
		return nil, err
	}
	rule := &metav1.PartialObjectMetadata{}
	rule.SetGroupVersionKind(ruleKind)
	for _, object := range []client.Object{rule, &v1alpha1.AlertThreshold{}} {
		informer, err := objects.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, err
		}
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { w.tell(object, false) },
			UpdateFunc: func(_, object any) { w.tell(object, false) },
			DeleteFunc: func(object any) {
				if unseen, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
					object = unseen.Obj
				}
				w.tell(object, true)
			},
		})
		if err != nil {
			return nil, err
		}
	}
	go func() { _ = objects.Start(ctx) }()
	if !objects.WaitForCacheSync(ctx) {
		return nil, errors.New("the watches did not begin")
	}
	return w, nil
}

func (w *watched) tell(object any, gone bool) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := object.(type) {
	case *metav1.PartialObjectMetadata:
		name, _ := rules.Threshold(o.Name)
		if w.rules[name] = (ruleSeen{o.UID, o.Generation, now}); gone {
			delete(w.rules, name)
		}
	case *v1alpha1.AlertThreshold:
		_, had := w.statuses[o.Name]
		switch {
		case gone:
			delete(w.statuses, o.Name)
		case o.Status.Rule != nil && !had:
			w.statuses[o.Name] = now
		}
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// until waits, for at most two minutes, for what is asked under the lock to hold.
func (w *watched) until(ctx context.Context, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		w.mu.Lock()
		ok, changed := holds(), w.changed
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d rules and %d statuses were seen: %w", len(w.rules), len(w.statuses), ctx.Err())
		}
	}
}

// settled waits for n rules and n statuses, and returns how long after begin the last came.
func (w *watched) settled(ctx context.Context, begin time.Time, n int) (time.Duration, error) {
	if err := w.until(ctx, func() bool { return len(w.rules) >= n && len(w.statuses) >= n }); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last := begin
	for _, r := range w.rules {
		last = later(last, r.at)
	}
	for _, at := range w.statuses {
		last = later(last, at)
	}
	return last.Sub(begin), nil
}

// ruleAfter waits for the threshold's rule to be as asked, and returns how long after begin it was.
func (w *watched) ruleAfter(ctx context.Context, begin time.Time, threshold string, as func(ruleSeen) bool) (time.Duration, error) {
	var at time.Time
	err := w.until(ctx, func() bool {
		r := w.rules[threshold]
		at = r.at
		return as(r)
	})
	if err != nil {
		return 0, fmt.Errorf("rule of %s: %w", threshold, err)
	}
	return at.Sub(begin), nil
}

func (w *watched) rule(threshold string) ruleSeen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rules[threshold]
}

func (w *watched) empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.rules)+len(w.statuses) == 0
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// open asks for a URL and returns the answer's body.
func open(ctx context.Context, c *http.Client, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: status %s", url, strconv.Itoa(resp.StatusCode))
	}
	return resp.Body, nil
}
