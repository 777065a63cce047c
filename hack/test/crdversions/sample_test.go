package crdversions

import (
	"os"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// create returns what the API server would refuse the object for, and fills in its defaults.
func create(t *testing.T, object map[string]any) field.ErrorList {
	t.Helper()
	props := read(t, ours).Spec.Validation.OpenAPIV3Schema
	structural, err := schema.NewStructural(props)
	if err != nil {
		t.Fatal(err)
	}
	openAPI, _, err := schemavalidation.NewSchemaValidator(props)
	if err != nil {
		t.Fatal(err)
	}
	var errs field.ErrorList
	for _, path := range pruning.PruneWithOptions(object, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		errs = append(errs, field.Forbidden(field.NewPath(path), "unknown field"))
	}
	defaulting.Default(object, structural)
	errs = append(errs, schemavalidation.ValidateCustomResource(nil, object, openAPI)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, structural, object)...)
	if len(errs) > 0 {
		return errs
	}
	errs, _ = cel.NewValidator(structural, true, celconfig.PerCallLimit).
		Validate(t.Context(), nil, structural, object, nil, celconfig.RuntimeCELCostBudget)
	return errs
}

// object reads YAML as kubectl and the API server do.
func object(t *testing.T, text []byte) (object map[string]any) {
	t.Helper()
	converted, err := yaml.YAMLToJSON(text)
	if err == nil {
		err = json.Unmarshal(converted, &object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func TestSamplesAreTaken(t *testing.T) {
	for _, path := range glob(t, "../../../config/samples/*.yaml") {
		t.Run(path, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sample := object(t, text)
			for _, err := range create(t, sample) {
				t.Error(err)
			}
			if mode, _ := sample["spec"].(map[string]any)["mode"].(string); mode == "" {
				t.Error("spec.mode has no default")
			}
		})
	}
}

func TestMistakesAreRefused(t *testing.T) {
	const level = `levels: [{severity: w, above: 80}]`
	for name, tc := range map[string]struct{ name, spec, says string }{
		"a fraction":       {"a", `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 0.5}]}`, "spec.levels[0].above"},
		"unknown signal":   {"a", `{alert: A, signal: {name: Bananas}, ` + level + `}`, `supported values: "HTTPErrorRate"`},
		"unknown field":    {"a", `{alert: A, signal: {name: CPU}, minTrafic: 1, ` + level + `}`, "spec.minTrafic"},
		"severity twice":   {"a", `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}, {severity: w, above: 90}]}`, "spec.levels[1]: Duplicate"},
		"signal and expr":  {"a", `{alert: A, signal: {name: CPU}, expr: up, ` + level + `}`, "set exactly one of spec.signal"},
		"neither":          {"a", `{alert: A, ` + level + `}`, "set exactly one of spec.signal"},
		"no value":         {"a", `{alert: A, signal: {name: CPU}, levels: [{severity: w}]}`, "set above, below or both"},
		"a name too long":  {strings.Repeat("a", 64), `{alert: A, signal: {name: CPU}, ` + level + `}`, "at most 63 characters"},
		"no level at all":  {"a", `{alert: A, signal: {name: CPU}, levels: []}`, "spec.levels"},
		"no alert's name":  {"a", `{signal: {name: CPU}, ` + level + `}`, "spec.alert: Required"},
		"unquoted, an Off": {"a", `{alert: A, mode: Off, signal: {name: CPU}, ` + level + `}`, "spec.mode"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: " + tc.name + "}, spec: " + tc.spec + "}"
			errs := create(t, object(t, []byte(text)))
			if len(errs) == 0 || !strings.Contains(errs.ToAggregate().Error(), tc.says) {
				t.Errorf("refused for %v, want %q", errs, tc.says)
			}
		})
	}
}
