package rules

import (
	"os"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// specSchema is what the API server checks specs with.
func specSchema(t *testing.T) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/plimsoll.dev_alertthresholds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
}

// TestSchemaOffersTheCatalogue checks that the API server lets in the signals, units and choices there are, no more and
// no less, and tells what each signal means.
func TestSchemaOffersTheCatalogue(t *testing.T) {
	spec := specSchema(t)
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
	names := spec.Properties["signal"].Properties["name"].Description
	for _, s := range signal.All() {
		if want := s.Name + ": " + s.Means + "."; !strings.Contains(names, want) {
			t.Errorf("the description of spec.signal.name does not say %q", want)
		}
	}
}

// TestSchemaSortsTheCatalogue checks that the API server's rules name the signals that the catalogue puts together, by
// the texts that they refuse with or compare with.
func TestSchemaSortsTheCatalogue(t *testing.T) {
	spec := specSchema(t)
	texts := ruleTexts(spec) + ruleTexts(spec.Properties["signal"])
	var gauges []string
	byUnit := map[signal.Unit][]string{}
	for _, s := range signal.All() {
		byUnit[s.Unit] = append(byUnit[s.Unit], s.Name)
		if s.Window == "" {
			gauges = append(gauges, s.Name)
		}
	}
	for what, names := range map[string][]string{
		"has(self.minTraffic)": signal.WithTraffic(),
		"has(self.quantile)":   signal.WithQuantile(),
		"has(self.window)":     gauges,
	} {
		expectTogether(t, texts, what, names)
	}
	for unit, names := range byUnit {
		expectTogether(t, texts, "is measured in "+string(unit), names)
	}
}

// ruleTexts is one line for each of a schema's CEL rules and its messages.
func ruleTexts(schema apiextensionsv1.JSONSchemaProps) string {
	var all strings.Builder
	for _, rule := range schema.XValidations {
		all.WriteString(rule.Rule + " " + rule.Message + " " + rule.MessageExpression + "\n")
	}
	return all.String()
}

// expectTogether looks for a rule about what, that has all the names in a list and no others.
func expectTogether(t *testing.T, texts, what string, names []string) {
	t.Helper()
	list := "['" + strings.Join(names, "', '") + "']"
	for text := range strings.Lines(texts) {
		if strings.Contains(text, what) && strings.Contains(text, list) {
			return
		}
	}
	t.Errorf("no rule that has %q has %s", what, list)
}

// TestSchemaHasTheLimits checks that the API server takes exactly what Resolve takes.
func TestSchemaHasTheLimits(t *testing.T) {
	spec := specSchema(t).Properties
	level := spec["levels"].Items.Schema.Properties
	for name, tc := range map[string]struct {
		got  *int64
		want int64
	}{
		"alert":                  {spec["alert"].MaxLength, maxAlert},
		"expr":                   {spec["expr"].MaxLength, maxExpr},
		"minTraffic":             {spec["minTraffic"].MaxLength, maxValue},
		"signal.quantile":        {spec["signal"].Properties["quantile"].MaxLength, maxQuantile},
		"signal.window":          {spec["signal"].Properties["window"].MaxLength, maxDuration},
		"signal.by":              {spec["signal"].Properties["by"].MaxItems, maxBy},
		"levels":                 {spec["levels"].MaxItems, maxLevels},
		"levels[].severity":      {level["severity"].MaxLength, maxSeverity},
		"levels[].above":         {level["above"].MaxLength, maxValue},
		"levels[].below":         {level["below"].MaxLength, maxValue},
		"levels[].for":           {level["for"].MaxLength, maxDuration},
		"levels[].keepFiringFor": {level["keepFiringFor"].MaxLength, maxDuration},
		"selector":               {spec["selector"].MaxProperties, maxPairs},
		"labels":                 {spec["labels"].MaxProperties, maxPairs},
		"annotations":            {spec["annotations"].MaxProperties, maxPairs},
	} {
		if tc.got == nil || *tc.got != tc.want {
			t.Errorf("spec.%s takes %v, want %d", name, ptr.Deref(tc.got, -1), tc.want)
		}
	}
}
