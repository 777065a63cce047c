// Package crdversions holds the definitions that the charts install, and what they take and refuse, to the API server's own
// code of several versions of Kubernetes. One source; go.mod is the product's version, each k8s-*.mod another:
// `make test-kubernetes-versions` tests them all.
package crdversions

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

const ours = "../../../config/crd/plimsoll.dev_alertthresholds.yaml"

// read reads a definition as the API server reads one that is created.
func read(t *testing.T, path string) *apiextensions.CustomResourceDefinition {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &definition); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	scheme.Default(&definition)
	var internal apiextensions.CustomResourceDefinition
	if err := scheme.Convert(&definition, &internal, nil); err != nil {
		t.Fatal(err)
	}
	for _, v := range internal.Spec.Versions {
		if v.Storage {
			internal.Status.StoredVersions = []string{v.Name}
		}
	}
	return &internal
}

// glob returns the paths that match, at least one.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return paths
}

func TestDefinitionsAreTaken(t *testing.T) {
	for _, path := range append(glob(t, "../../../charts/*/crds/*.yaml"), ours) {
		t.Run(path, func(t *testing.T) {
			for _, err := range validation.ValidateCustomResourceDefinition(t.Context(), read(t, path)) {
				t.Error(err)
			}
		})
	}
}

// TestCostlyRulesAreRefused checks that the test above would notice: rules like units and order stood in the schema once, and
// API servers before 1.34 refused it for what they guess that string() of an integer or string costs.
func TestCostlyRulesAreRefused(t *testing.T) {
	const number = `matches('^[$]?-?[0-9]{1,15}([.][0-9]{1,15})?(%|/s)?$')`
	// An API server takes the CEL of the version before its own.
	before134 := environment.DefaultCompatibilityVersion().LessThan(version.MajorMinor(1, 33))
	for name, tc := range map[string]struct {
		rule    string
		refused bool
	}{
		"of cost": {`self.levels.all(a, self.levels.all(b, self.levels.all(c, self.levels.all(d, self.levels.all(e, self.levels.all(f, self.levels.all(g,` +
			` a.severity + b.severity + c.severity + d.severity + e.severity + f.severity != g.severity)))))))`, true},
		"units": {`self.levels.all(l, (!has(l.above) || string(l.above).` + number + `) && (!has(l.below) || string(l.below).` + number + `))`, before134},
		"order": {`self.levels.all(a, self.levels.all(b, !has(a.above) || !has(b.above) || !string(a.above).` + number + ` || !string(b.above).` + number +
			` || double(string(a.above).find('-?[0-9.]+')) < double(string(b.above).find('-?[0-9.]+'))))`, before134},
	} {
		t.Run(name, func(t *testing.T) {
			definition := read(t, ours)
			properties := definition.Spec.Validation.OpenAPIV3Schema.Properties
			spec := properties["spec"]
			spec.XValidations = append(spec.XValidations, apiextensions.ValidationRule{Rule: tc.rule})
			properties["spec"] = spec
			errs := validation.ValidateCustomResourceDefinition(t.Context(), definition)
			if refused := len(errs) > 0; refused != tc.refused {
				t.Errorf("refused = %v, want %v: %v", refused, tc.refused, errs)
			}
			for _, err := range errs {
				if !strings.Contains(err.Error(), "cost") {
					t.Errorf("refused for another reason: %v", err)
				}
			}
		})
	}
}

// TestProductsVersion checks that go.mod has the API server's code that the product has.
func TestProductsVersion(t *testing.T) {
	requirement := regexp.MustCompile(`k8s\.io/apiextensions-apiserver v\S+`)
	var versions []string
	for _, path := range []string{"../../../go.mod", "go.mod"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, requirement.FindString(string(text)))
	}
	if versions[0] == "" || versions[0] != versions[1] {
		t.Errorf("the product has %q, go.mod here %q", versions[0], versions[1])
	}
}
