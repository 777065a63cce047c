package observe

import (
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Selection is which rules the Prometheus objects of the cluster select.
type Selection struct {
	// Prometheuses are all there are.
	Prometheuses []*monitoringv1.Prometheus
	// Namespaces are the labels of every namespace.
	Namespaces map[string]map[string]string
	// RuleLabels are the labels of every rule of ours.
	RuleLabels map[string]string
}

// misses says why no Prometheus selects a rule of the namespace, with what one would ask for; empty when one does, or when
// that is not known.
func (s *Selection) misses(namespace string) string {
	if s == nil {
		return ""
	}
	if len(s.Prometheuses) == 0 {
		return "there is no Prometheus object in the cluster, and so nothing that the Prometheus Operator gives the rule to"
	}
	var asks []string
	for _, prometheus := range s.Prometheuses {
		ask := s.asks(prometheus, namespace)
		if ask == "" {
			return ""
		}
		asks = append(asks, fmt.Sprintf("%s/%s %s", prometheus.Namespace, prometheus.Name, ask))
	}
	slices.Sort(asks)
	return fmt.Sprintf("no Prometheus selects the rule, whose labels are %s, in namespace %s: %s; "+
		"set the controller's --rule-labels, or label the namespace, to match one", labels.Set(s.RuleLabels), namespace, strings.Join(asks, "; "))
}

// asks is what the Prometheus asks for and does not get; empty when it selects the rule.
func (s *Selection) asks(prometheus *monitoringv1.Prometheus, namespace string) string {
	var asks []string
	spec := prometheus.Spec
	switch {
	case spec.RuleSelector == nil:
		asks = append(asks, "has no ruleSelector, which selects nothing")
	case !matches(spec.RuleSelector, s.RuleLabels):
		asks = append(asks, "asks for rules with the labels "+metav1.FormatLabelSelector(spec.RuleSelector))
	}
	switch {
	case spec.RuleNamespaceSelector == nil && prometheus.Namespace != namespace:
		asks = append(asks, "has no ruleNamespaceSelector, which selects its own namespace only")
	case spec.RuleNamespaceSelector != nil && !matches(spec.RuleNamespaceSelector, s.Namespaces[namespace]):
		asks = append(asks, "asks for namespaces with the labels "+metav1.FormatLabelSelector(spec.RuleNamespaceSelector))
	}
	return strings.Join(asks, " and ")
}

// matches reports whether the selector selects an object with the labels. One that cannot be read selects nothing.
func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}
