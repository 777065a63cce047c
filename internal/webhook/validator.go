package webhook

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

var thresholdKind = v1alpha1.GroupVersion.WithKind(v1alpha1.Kind).GroupKind()

// validator refuses what has no rules, and warns about the rest.
type validator struct {
	advisor *backtestAdvisor // nil without a Prometheus
	rules   rules.Options
}

// ValidateCreate evaluates a new threshold.
func (v validator) ValidateCreate(ctx context.Context, t *v1alpha1.AlertThreshold) (admission.Warnings, error) {
	return v.evaluate(ctx, nil, t)
}

// ValidateUpdate evaluates a threshold whose rules change. One that got in with a mistake can still be labelled, annotated and
// deleted.
func (v validator) ValidateUpdate(ctx context.Context, before, after *v1alpha1.AlertThreshold) (admission.Warnings, error) {
	if !after.DeletionTimestamp.IsZero() || sameMeaning(before, after) {
		return nil, nil
	}
	present, _ := v.rules.Resolve(before) // one with mistakes has no levels to compare with
	return v.evaluate(ctx, present, after)
}

// ValidateDelete lets every threshold go.
func (validator) ValidateDelete(context.Context, *v1alpha1.AlertThreshold) (admission.Warnings, error) {
	return nil, nil
}

// sameMeaning reports whether the two lead to the same rules.
func sameMeaning(a, b *v1alpha1.AlertThreshold) bool {
	return equality.Semantic.DeepEqual(a.Spec, b.Spec) && a.Labels[v1alpha1.DefaultLabel] == b.Labels[v1alpha1.DefaultLabel]
}

// evaluate returns every mistake as one error, as the API server returns its own; else warnings, each of which begins with the
// threshold's name: of equal ones kubectl prints the first only. The present plan may be nil.
func (v validator) evaluate(ctx context.Context, present *rules.Plan, t *v1alpha1.AlertThreshold) (admission.Warnings, error) {
	plan, errs := v.rules.Resolve(t)
	if len(errs) == 0 && v.advisor.lacksNamespace(ctx, plan) {
		errs = append(errs, rules.ErrNoNamespace())
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(thresholdKind, t.Name, errs)
	}
	warnings := slices.Concat(plan.Warnings, v.advisor.advise(ctx, present, plan))
	for i := range warnings {
		warnings[i] = t.Namespace + "/" + cmp.Or(t.Name, t.GenerateName) + ": " + warnings[i]
	}
	return warnings, nil
}
