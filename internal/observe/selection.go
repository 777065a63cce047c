package observe

import (
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

// Selection is which rules the Prometheus and ThanosRuler objects of the cluster select.
type Selection struct {
	// Prometheuses and ThanosRulers are all there are.
	Prometheuses []*monitoringv1.Prometheus
	ThanosRulers []*monitoringv1.ThanosRuler
	// Namespaces are the labels of every namespace.
	Namespaces map[string]map[string]string
	// RuleLabels are the labels of every rule of ours.
	RuleLabels map[string]string
}

// selector is an object that selects rules.
type selector struct {
	kind                  string
	object                metav1.ObjectMeta
	rules, ruleNamespaces *metav1.LabelSelector
}

func ofPrometheus(p *monitoringv1.Prometheus) selector {
	return selector{"Prometheus", p.ObjectMeta, p.Spec.RuleSelector, p.Spec.RuleNamespaceSelector}
}

func ofThanosRuler(r *monitoringv1.ThanosRuler) selector {
	return selector{"ThanosRuler", r.ObjectMeta, r.Spec.RuleSelector, r.Spec.RuleNamespaceSelector}
}

// String names the object in a sentence.
func (o selector) String() string { return o.kind + " " + o.object.Namespace + "/" + o.object.Name }

// WhyNotSelected says why nothing selects a rule of the namespace, with what each would ask for and the fix; empty when something
// does, or when that is not known.
func (s *Selection) WhyNotSelected(namespace, fix string) string {
	if s == nil {
		return ""
	}
	var all []selector
	for _, prometheus := range s.Prometheuses {
		all = append(all, ofPrometheus(prometheus))
	}
	for _, ruler := range s.ThanosRulers {
		all = append(all, ofThanosRuler(ruler))
	}
	if len(all) == 0 {
		return "there is no Prometheus or ThanosRuler object in the cluster, and so nothing that the Prometheus Operator gives the rule to"
	}
	var asks []string
	for _, one := range all {
		ask := s.unmet(one, namespace)
		if ask == "" {
			return ""
		}
		asks = append(asks, fmt.Sprintf("%s %s", one, ask))
	}
	slices.Sort(asks)
	return fmt.Sprintf("no Prometheus or ThanosRuler selects the rule, whose labels are %s, in namespace %s: %s; %s",
		labels.Set(s.RuleLabels), namespace, strings.Join(asks, "; "), fix)
}

// unmet is what the object asks for and does not get; empty when it selects the rule.
func (s *Selection) unmet(object selector, namespace string) string {
	var asks []string
	switch {
	case object.rules == nil:
		asks = append(asks, "has no ruleSelector, which selects nothing")
	case !matches(object.rules, s.RuleLabels):
		asks = append(asks, "asks for rules with the labels "+metav1.FormatLabelSelector(object.rules))
	}
	switch {
	case object.ruleNamespaces == nil && object.object.Namespace != namespace:
		asks = append(asks, "has no ruleNamespaceSelector, which selects its own namespace only")
	case object.ruleNamespaces != nil && !matches(object.ruleNamespaces, s.Namespaces[namespace]):
		asks = append(asks, "asks for namespaces with the labels "+metav1.FormatLabelSelector(object.ruleNamespaces))
	}
	return strings.Join(asks, " and ")
}

// sharded says what it means for a rule of the namespace that a Prometheus which selects it has shards; empty when none has.
func (s *Selection) sharded(namespace string) string {
	if s == nil {
		return ""
	}
	var names []string
	for _, prometheus := range s.Prometheuses {
		if shards := ptr.Deref(prometheus.Spec.Shards, 1); shards > 1 && s.unmet(ofPrometheus(prometheus), namespace) == "" {
			names = append(names, fmt.Sprintf("%s has %d shards", ofPrometheus(prometheus), shards))
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "; " + strings.Join(names, ", ") + ", and each evaluates the rule over its own targets, so that absent() and sums over several targets " +
		"hold per shard: select the rule by a ThanosRuler instead, and use the URL of a Thanos Query"
}

// matches reports whether the selector selects an object with the labels. One that cannot be read selects nothing.
func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}
