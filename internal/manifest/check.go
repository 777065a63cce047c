package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Result is that of checking a threshold.
type Result struct {
	// Resource is the threshold and Plan what becomes of it; both nil when there are errors.
	Resource *v1alpha1.AlertThreshold
	Plan     *rules.Plan
	// Errors are what the API server or the controller would refuse, each once, in the order of the file.
	Errors []Diagnostic
	// Warnings are about what is valid and will hardly do what is meant.
	Warnings []Diagnostic
}

// setNamespace fills in the namespace. With enforce, another one is an error, as for kubectl.
func (t *Threshold) setNamespace(namespace string, enforce bool) {
	if t.Namespace == "" {
		t.Namespace = namespace
	} else if enforce && t.Namespace != namespace {
		t.diagnostics = append(t.diagnostics, t.diagnostic("metadata.namespace", fmt.Sprintf("%q is not the namespace %q that --namespace asks for", t.Namespace, namespace)))
	}
}

// Check checks the threshold as the API server, and a controller without options of rules, would.
func (t *Threshold) Check() Result { return t.CheckWith(rules.Options{}) }

// CheckWith checks the threshold as the API server and a controller with the options would.
func (t *Threshold) CheckWith(o rules.Options) Result {
	object := runtime.DeepCopyJSON(t.object)
	if metadata, ok := object["metadata"].(map[string]any); ok && metadata["namespace"] == nil {
		metadata["namespace"] = t.Namespace
	}
	found := structure{text: t.scalar}
	found.checkObject(object)
	resource := decode(object)
	plan, errs := o.Resolve(resource)
	errs = slices.DeleteFunc(errs, func(err *field.Error) bool { return found.isAbout(err.Field) })
	for _, plain := range slices.Concat(found.empty, found.unquoted) {
		if !slices.ContainsFunc(errs, func(err *field.Error) bool { return err.Field == plain.Field }) {
			errs = append(errs, plain) // else the rules say what it must be
		}
	}

	diagnostics := slices.Clone(t.diagnostics)
	for _, path := range found.unknown {
		diagnostics = append(diagnostics, t.diagnostic(path, "unknown field"))
	}
	for _, err := range slices.Concat(found.errs, errs) {
		diagnostics = append(diagnostics, t.diagnostic(err.Field, t.message(err)))
	}
	if len(diagnostics) > 0 {
		slices.SortStableFunc(diagnostics, func(a, b Diagnostic) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
		})
		return Result{Errors: slices.Compact(diagnostics)}
	}
	result := Result{Resource: resource, Plan: plan}
	for _, warning := range slices.Concat(plan.KnownBucketWarnings, plan.Warnings) {
		path, text, _ := strings.Cut(warning, ": ")
		result.Warnings = append(result.Warnings, t.diagnostic(path, text))
	}
	return result
}

// decode returns the Go type of an object whose structure was checked: all that is in it can be decoded.
func decode(object map[string]any) *v1alpha1.AlertThreshold {
	resource := &v1alpha1.AlertThreshold{}
	if data, err := json.Marshal(object); err == nil {
		_ = json.Unmarshal(data, resource)
	}
	return resource
}

// message is the error without its field. A text that YAML takes for something else, such as 0.95 or Off, is told its fix.
func (t *Threshold) message(err *field.Error) string {
	plain := *err
	if err.Type != field.ErrorTypeTypeInvalid {
		return plain.ErrorBody()
	}
	text, ok := t.scalar(err.Field)
	if !ok || !strings.Contains(err.Detail, "string") {
		return plain.Detail
	}
	return fmt.Sprintf("%s: write it in quotes, %q", plain.Detail, text)
}

// scalar is the value at a path as it is written; not ok when it is no scalar.
func (t *Threshold) scalar(path string) (text string, ok bool) {
	value := valueAt(t.node, path)
	if value == nil || value.Kind != yaml.ScalarNode {
		return "", false
	}
	return value.Value, true
}
