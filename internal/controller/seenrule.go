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

// seenRule is a PrometheusRule as the controller reads, watches and caches it: metadata, and a digest in place of the
// spec, made while the rule is decoded. Rules are large and many; all that has to be known of one is whether it is as it
// should be. The digest is of the text and not of the Go type, so that it covers fields which the type does not know.
type ruleMetadata struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              specHash `json:"spec"`
}

// seenRuleList is a list of seenRules.
type ruleMetadataList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ruleMetadata `json:"items"`
}

// DeepCopyObject makes it a runtime.Object.
func (r *ruleMetadata) DeepCopyObject() runtime.Object {
	out := &ruleMetadata{TypeMeta: r.TypeMeta, Spec: r.Spec}
	r.DeepCopyInto(&out.ObjectMeta)
	return out
}

// DeepCopyObject makes it a runtime.Object.
func (l *ruleMetadataList) DeepCopyObject() runtime.Object {
	out := &ruleMetadataList{TypeMeta: l.TypeMeta, Items: make([]ruleMetadata, len(l.Items))}
	l.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*ruleMetadata)
	}
	return out
}

// addSeenRules makes seenRule the type by which a client of the scheme reads PrometheusRules.
func addRuleMetadata(scheme *runtime.Scheme) {
	scheme.AddKnownTypeWithName(ruleKind, &ruleMetadata{})
	scheme.AddKnownTypeWithName(ruleKind.GroupVersion().WithKind(ruleKind.Kind+"List"), &ruleMetadataList{})
	metav1.AddToGroupVersion(scheme, ruleKind.GroupVersion())
}

// digest stands for a JSON text: that of another order of keys, or other blanks, is the same.
type specHash [sha256.Size]byte

// UnmarshalJSON makes the digest of a text.
func (d *specHash) UnmarshalJSON(text []byte) error {
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
	*d = sha256.Sum256(canonical)
	return nil
}

// mark stands for all of a rule that is the controller's to keep: its spec, its owner, our annotations, and the labels of
// those names. What others have added beside it does not count.
func (r *ruleMetadata) contentHash(labelNames []string) specHash {
	hash := sha256.New()
	hash.Write(r.Spec[:])
	write := func(text string) { fmt.Fprintf(hash, "%q", text) }
	for _, name := range labelNames {
		value, there := r.Labels[name]
		write(fmt.Sprint(there, value))
	}
	write(r.Annotations[v1alpha1.GenerationAnnotation])
	write(r.Annotations[v1alpha1.RuleLabelsAnnotation])
	if owner := metav1.GetControllerOf(r); owner != nil {
		write(string(owner.UID))
	}
	if !r.DeletionTimestamp.IsZero() {
		write("leaving") // and so never as it should be
	}
	return specHash(hash.Sum(nil))
}
