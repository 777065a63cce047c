package controller

import (
	"context"

	"github.com/go-logr/logr"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheuses,verbs=list
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list

// selectionReader finds out which rules the cluster's Prometheuses select. It asks only when a rule is missing, and keeps
// no cache of objects that are of no other use.
type selectionReader struct {
	live       client.Reader
	ruleLabels map[string]string
	log        logr.Logger
}

// addPrometheuses makes the scheme know the Prometheus objects.
func addPrometheuses(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(monitoringv1.SchemeGroupVersion, &monitoringv1.Prometheus{}, &monitoringv1.PrometheusList{})
}

// read returns the selection; nil when it cannot be found out, as when the Prometheus Operator is not there, or the
// controller may not read its objects or namespaces.
func (r *selectionReader) read(ctx context.Context) *observe.Selection {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var prometheuses monitoringv1.PrometheusList
	if err := r.live.List(ctx, &prometheuses); err != nil {
		r.log.V(1).Info("not known what the Prometheuses select", "error", err.Error())
		return nil
	}
	namespaces := metav1.PartialObjectMetadataList{}
	namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := r.live.List(ctx, &namespaces); err != nil {
		r.log.V(1).Info("not known what the Prometheuses select", "error", err.Error())
		return nil
	}
	selection := &observe.Selection{Namespaces: make(map[string]map[string]string, len(namespaces.Items)), RuleLabels: r.ruleLabels}
	for i := range prometheuses.Items {
		selection.Prometheuses = append(selection.Prometheuses, &prometheuses.Items[i])
	}
	for _, namespace := range namespaces.Items {
		selection.Namespaces[namespace.Name] = namespace.Labels
	}
	return selection
}
