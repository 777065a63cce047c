package manifest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// apiServer checks an object by the CRD's schema with the API server's own code, but for its CEL rules, which package rules
// repeats and holds to the CRD.
type apiServer struct {
	structural *schema.Structural
	validator  schemavalidation.SchemaValidator
}

func newAPIServer(t testing.TB) apiServer {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/plimsoll.dev_alertthresholds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	var props apiextensions.JSONSchemaProps
	if err = yaml.UnmarshalStrict(text, &definition); err == nil {
		err = apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	structural, err := schema.NewStructural(&props)
	if err != nil {
		t.Fatal(err)
	}
	validator, _, err := schemavalidation.NewSchemaValidator(&props)
	if err != nil {
		t.Fatal(err)
	}
	return apiServer{structural, validator}
}

// refuses returns the fields that the API server does not know, and what it says against the others.
func (a apiServer) refuses(object map[string]any) (unknown, errs []string) {
	object = runtime.DeepCopyJSON(object)
	delete(object, "status")
	unknown = pruning.PruneWithOptions(object, a.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, a.structural)
	defaulting.Default(object, a.structural)
	for _, err := range slices.Concat(schemavalidation.ValidateCustomResource(nil, object, a.validator),
		listtype.ValidateListSetsAndMaps(nil, a.structural, object)) {
		errs = append(errs, err.Error())
	}
	return unknown, errs
}

// TestRefusesWhatTheAPIServerRefuses mutates the samples: whatever the API server refuses, Check refuses without it. Unquoted
// fractions are the other way about: the schema cannot refuse them, Check does.
func TestRefusesWhatTheAPIServerRefuses(t *testing.T) {
	server := newAPIServer(t)
	paths, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if unknown, errs := server.refuses(read(path, text, false).thresholds[0].object); len(unknown)+len(errs) > 0 {
			t.Errorf("%s: the API server refuses it: %v %v", path, unknown, errs)
		}
		for range 400 {
			threshold := read(path, text, false).thresholds[0]
			threshold.setNamespace("ai", false)
			for range 1 + rng.IntN(2) {
				mutate(rng, threshold.object["spec"].(map[string]any))
			}
			if threshold.object["spec"] == nil {
				continue
			}
			unknown, errs := server.refuses(threshold.object)
			got := threshold.Check().Errors
			if len(unknown)+len(errs) > 0 {
				refused++
			}
			said := strings.Count(fmt.Sprint(got), "unknown field")
			if len(errs) > 0 && len(got) == 0 || said > len(unknown) || len(errs) == 0 && said != len(unknown) {
				t.Fatalf("%s: of %v the API server says %q and does not know %q, Check says %v", path, threshold.object["spec"], errs, unknown, got)
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d mutations were refused", refused)
	}
}

// mutate changes one thing somewhere in the object.
func mutate(rng *rand.Rand, object map[string]any) {
	keys := slices.Sorted(maps.Keys(object))
	if len(keys) == 0 || rng.IntN(12) == 0 {
		object["nonsense"] = "x"
		return
	}
	key := keys[rng.IntN(len(keys))]
	switch value := object[key].(type) {
	case map[string]any:
		if rng.IntN(4) > 0 {
			mutate(rng, value)
			return
		}
	case []any:
		if len(value) > 0 && rng.IntN(4) > 0 {
			if one, ok := value[len(value)-1].(map[string]any); ok {
				mutate(rng, one)
				return
			}
		}
		if rng.IntN(3) == 0 {
			object[key] = append(value, value...)
			return
		}
	}
	values := []any{
		nil, "", "x", "Off", "80%", "2s", strings.Repeat("a", 200), int64(5), int64(-1), 0.5, true, []any{}, []any{"pod"}, []any{"pod", "pod"}, []any{int64(1)},
		[]any{nil}, map[string]any{}, map[string]any{"a": "b"}, map[string]any{"a": int64(1)}, map[string]any{"a": nil},
		[]any{map[string]any{"severity": "warning", "above": int64(1)}, map[string]any{"severity": "warning", "above": int64(2)}},
	}
	if i := rng.IntN(len(values) + 1); i < len(values) {
		object[key] = values[i]
	} else {
		delete(object, key)
	}
}
