package controller

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

var ruleKind = monitoringv1.SchemeGroupVersion.WithKind(monitoringv1.PrometheusRuleKind)

// ruleMetadata is a PrometheusRule as the controller reads, watches and caches it: metadata, and a hash in place of the
// spec, made while the rule is decoded. See internal/decisions.md.
type ruleMetadata struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	SpecHash          ruleHash `json:"spec"`
}

// ruleMetadataList is a list of them.
type ruleMetadataList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ruleMetadata `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (r *ruleMetadata) DeepCopyObject() runtime.Object {
	out := &ruleMetadata{TypeMeta: r.TypeMeta, SpecHash: r.SpecHash}
	r.DeepCopyInto(&out.ObjectMeta)
	return out
}

// DeepCopyObject implements runtime.Object.
func (l *ruleMetadataList) DeepCopyObject() runtime.Object {
	out := &ruleMetadataList{TypeMeta: l.TypeMeta, Items: make([]ruleMetadata, len(l.Items))}
	l.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*ruleMetadata)
	}
	return out
}

// addRuleMetadata makes ruleMetadata the type by which a client of the scheme reads PrometheusRules.
func addRuleMetadata(scheme *runtime.Scheme) {
	scheme.AddKnownTypeWithName(ruleKind, &ruleMetadata{})
	scheme.AddKnownTypeWithName(ruleKind.GroupVersion().WithKind(ruleKind.Kind+"List"), &ruleMetadataList{})
	metav1.AddToGroupVersion(scheme, ruleKind.GroupVersion())
}

// ruleHash is the hash of a JSON text, whatever the order of its keys and its blanks.
type ruleHash [sha256.Size]byte

// UnmarshalJSON computes the hash of a text.
func (h *ruleHash) UnmarshalJSON(text []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	canonical, err := json.Marshal(value)
	if err != nil {
		return err
	}
	*h = sha256.Sum256(canonical)
	return nil
}

// contentHash is the hash of all of a rule that is the controller's to keep: its spec, its owner, our annotations, and the
// labels of those names. What others have added beside it does not count.
func (r *ruleMetadata) contentHash(labelNames []string) ruleHash {
	hash := sha256.New()
	hash.Write(r.SpecHash[:])
	write := func(text string) { fmt.Fprintf(hash, "%q", text) }
	for _, name := range labelNames {
		value, ok := r.Labels[name]
		write(fmt.Sprint(ok, value))
	}
	write(r.Annotations[v1alpha1.GenerationAnnotation])
	write(r.Annotations[v1alpha1.RuleLabelsAnnotation])
	write(r.Annotations[v1alpha1.UnconfinedAnnotation])
	if owner := metav1.GetControllerOf(r); owner != nil {
		write(string(owner.UID))
	}
	if !r.DeletionTimestamp.IsZero() {
		write("deleting") // so that it never equals the rule as it should be
	}
	return ruleHash(hash.Sum(nil))
}
