package manifest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Verdict is what is to be said of a threshold.
type Verdict struct {
	// Resource is the threshold, defaults filled in, and Plan what becomes of it; both nil when there are mistakes.
	Resource *v1alpha1.AlertThreshold
	Plan     *rules.Plan
	// Mistakes are what the API server or the controller would refuse, each once, in the order of the file.
	Mistakes []Mistake
	// Warnings are what is allowed and yet hardly meant.
	Warnings []Mistake
}

// place fills in the namespace. With enforce, naming another one is a mistake, as for kubectl.
func (t *Threshold) place(namespace string, enforce bool) {
	if t.Namespace == "" {
		t.Namespace = namespace
	} else if enforce && t.Namespace != namespace {
		t.found = append(t.found, t.mistake("metadata.namespace", fmt.Sprintf("%q is not the namespace %q that --namespace asks for", t.Namespace, namespace)))
	}
}

// Check checks the threshold as the API server and the controller would. The error is of the check itself.
func (t *Threshold) Check() (Verdict, error) {
	server, err := theAPIServer()
	if err != nil {
		return Verdict{}, err
	}
	object := runtime.DeepCopyJSON(t.object)
	if metadata, ok := object["metadata"].(map[string]any); ok && metadata["namespace"] == nil {
		metadata["namespace"] = t.Namespace
	}
	unknown, structure := server.check(object)
	resource, err := decode(object)
	if err != nil {
		return Verdict{}, fmt.Errorf("%s: %w", t.Position(""), err)
	}
	plan, errs := rules.Resolve(resource)

	mistakes := slices.Clone(t.found)
	for _, path := range unknown {
		mistakes = append(mistakes, t.mistake(path, "unknown field"))
	}
	for _, err := range merge(structure, errs) {
		mistakes = append(mistakes, t.mistake(err.Field, t.message(err)))
	}
	if len(mistakes) > 0 {
		slices.SortStableFunc(mistakes, func(a, b Mistake) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
		})
		return Verdict{Mistakes: slices.Compact(mistakes)}, nil
	}
	verdict := Verdict{Resource: resource, Plan: plan}
	for _, warning := range plan.Warnings {
		path, text, _ := strings.Cut(warning, ": ")
		verdict.Warnings = append(verdict.Warnings, t.mistake(path, text))
	}
	return verdict, nil
}

// decode makes the Go type of the object. What has the wrong type is left out, and known as a mistake already.
func decode(object map[string]any) (*v1alpha1.AlertThreshold, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var resource v1alpha1.AlertThreshold
	if err := json.Unmarshal(data, &resource); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
		return nil, err
	}
	return &resource, nil
}

// message is the error without its field. A text that YAML takes for something else, such as 0.95 or Off, is told its fix.
func (t *Threshold) message(err *field.Error) string {
	plain := *err
	plain.Detail = strings.TrimPrefix(err.Detail, err.Field+" in body ")
	if err.Type != field.ErrorTypeTypeInvalid {
		return plain.ErrorBody()
	}
	value := valueAt(t.node, err.Field)
	if value == nil || value.Kind != yaml.ScalarNode || !strings.Contains(err.Detail, "string") {
		return plain.Detail
	}
	return fmt.Sprintf("%s: write it in quotes, %q", plain.Detail, value.Value)
}
