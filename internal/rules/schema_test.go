package rules

import (
	"os"
	"slices"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// TestSchemaOffersTheCatalogue checks that the API server lets in the signals and units there are, no more and no less.
func TestSchemaOffersTheCatalogue(t *testing.T) {
	text, err := os.ReadFile("../../config/crd/plimsoll.dev_alertthresholds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	var units []string
	for _, unit := range signal.Units() {
		units = append(units, string(unit))
	}
	for name, tc := range map[string]struct {
		schema apiextensionsv1.JSONSchemaProps
		want   []string
	}{
		"signal.name": {spec.Properties["signal"].Properties["name"], signal.Names()},
		"unit":        {spec.Properties["unit"], units},
	} {
		var got []string
		for _, value := range tc.schema.Enum {
			var word string
			if err := yaml.Unmarshal(value.Raw, &word); err != nil {
				t.Fatal(err)
			}
			got = append(got, word)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("spec.%s offers %v, want %v", name, got, tc.want)
		}
	}
}
