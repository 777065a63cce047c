package controller

import (
	"context"

	"github.com/go-logr/logr"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheuses;thanosrulers,verbs=list
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list

// selectionReader finds out which rules the cluster's Prometheuses and ThanosRulers select. It asks past the cache, for the
// objects are of no other use.
type selectionReader struct {
	live       client.Reader
	ruleLabels map[string]string
	log        logr.Logger
}

// addPrometheuses makes the scheme know the Prometheus and ThanosRuler objects.
func addPrometheuses(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(monitoringv1.SchemeGroupVersion, &monitoringv1.Prometheus{}, &monitoringv1.PrometheusList{},
		&monitoringv1.ThanosRuler{}, &monitoringv1.ThanosRulerList{})
}

// read returns the selection; nil when it cannot be found out, as when the Prometheus Operator is not there, or the
// controller may not read its objects or namespaces. A cluster may have no ThanosRulers at all.
func (r *selectionReader) read(ctx context.Context) *observe.Selection {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var prometheuses monitoringv1.PrometheusList
	var rulers monitoringv1.ThanosRulerList
	namespaces := metav1.PartialObjectMetadataList{}
	namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	for _, list := range []client.ObjectList{&prometheuses, &rulers, &namespaces} {
		err := r.live.List(ctx, list)
		if err != nil && (list != client.ObjectList(&rulers) || !meta.IsNoMatchError(err)) {
			r.log.V(1).Info("not known what the Prometheuses select", "error", err.Error())
			return nil
		}
	}
	selection := &observe.Selection{Namespaces: make(map[string]map[string]string, len(namespaces.Items)), RuleLabels: r.ruleLabels}
	for i := range prometheuses.Items {
		selection.Prometheuses = append(selection.Prometheuses, &prometheuses.Items[i])
	}
	for i := range rulers.Items {
		selection.ThanosRulers = append(selection.ThanosRulers, &rulers.Items[i])
	}
	for _, namespace := range namespaces.Items {
		selection.Namespaces[namespace.Name] = namespace.Labels
	}
	return selection
}
