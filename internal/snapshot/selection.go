package snapshot

import (
	"context"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// AddToScheme adds the objects that select rules.
func AddToScheme(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(monitoringv1.SchemeGroupVersion, &monitoringv1.Prometheus{}, &monitoringv1.PrometheusList{},
		&monitoringv1.ThanosRuler{}, &monitoringv1.ThanosRulerList{})
}

// ReadSelection reads which rules with these labels the cluster's Prometheuses and ThanosRulers select, in one namespace, or in
// all when it is empty. It fails where the Prometheus Operator, or the right to read its objects, is missing; ThanosRulers may
// be unknown to the cluster.
func ReadSelection(ctx context.Context, api client.Reader, namespace string, ruleLabels map[string]string) (*observe.Selection, error) {
	var prometheuses monitoringv1.PrometheusList
	if err := api.List(ctx, &prometheuses); err != nil {
		return nil, fmt.Errorf("listing Prometheuses: %w", err)
	}
	var rulers monitoringv1.ThanosRulerList
	if err := api.List(ctx, &rulers); err != nil && !meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("listing ThanosRulers: %w", err)
	}
	namespaces, err := namespaceLabels(ctx, api, namespace)
	if err != nil {
		return nil, err
	}
	selection := &observe.Selection{Namespaces: namespaces, RuleLabels: ruleLabels}
	for i := range prometheuses.Items {
		selection.Prometheuses = append(selection.Prometheuses, &prometheuses.Items[i])
	}
	for i := range rulers.Items {
		selection.ThanosRulers = append(selection.ThanosRulers, &rulers.Items[i])
	}
	return selection, nil
}

// namespaceLabels returns the labels of the namespace, or of all when its name is empty.
func namespaceLabels(ctx context.Context, api client.Reader, name string) (map[string]map[string]string, error) {
	if name != "" {
		one := metav1.PartialObjectMetadata{}
		one.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		if err := api.Get(ctx, client.ObjectKey{Name: name}, &one); err != nil {
			return nil, fmt.Errorf("reading namespace %s: %w", name, err)
		}
		return map[string]map[string]string{name: one.Labels}, nil
	}
	list := metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := api.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing namespaces: %w", err)
	}
	labels := make(map[string]map[string]string, len(list.Items))
	for _, namespace := range list.Items {
		labels[namespace.Name] = namespace.Labels
	}
	return labels, nil
}
