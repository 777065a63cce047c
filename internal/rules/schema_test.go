package rules

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// definition is what the API server checks thresholds with.
func definition(t *testing.T) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/plimsoll.dev_alertthresholds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	return *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// TestSchemaOffersTheCatalogue checks that the API server lets in the signals, units and choices there are, no more and
// no less.
func TestSchemaOffersTheCatalogue(t *testing.T) {
	spec := definition(t).Properties["spec"]
	var units []string
	for _, unit := range signal.Units() {
		units = append(units, string(unit))
	}
	var sources []string
	for _, source := range signal.Sources() {
		sources = append(sources, string(source))
	}
	for name, tc := range map[string]struct {
		schema apiextensionsv1.JSONSchemaProps
		want   []string
	}{
		"signal.source": {spec.Properties["signal"].Properties["source"], sources},
		"signal.name":   {spec.Properties["signal"].Properties["name"], signal.Names()},
		"unit":          {spec.Properties["unit"], units},
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

// TestRulesOfTheSchema checks that Resolve refuses what the schema's CEL rules refuse, in their words where it has no better,
// so that who asks Resolve need not run them, and that there are no others: API servers refuse a schema whose rules may
// take long.
func TestRulesOfTheSchema(t *testing.T) {
	const level = `levels: [{severity: warning, above: 80}]`
	long := threshold(t, `{alert: A, expr: up, `+level+`}`)
	long.Name = strings.Repeat("a", maxName+1)
	wrong := map[string]struct {
		at   *v1alpha1.AlertThreshold
		says string
	}{
		"self.metadata.name.size() <= 63":    {long, "metadata.name: Too long"},
		"has(self.signal) != has(self.expr)": {threshold(t, `{alert: A, expr: up, signal: {name: CPU}, `+level+`}`), ""},
		"has(self.above) || has(self.below)": {threshold(t, `{alert: A, expr: up, levels: [{severity: w}]}`), "set above, below or both"},
	}
	got := celRules(definition(t))
	for _, rule := range got {
		tc, known := wrong[rule.Rule]
		says := cmp.Or(tc.says, rule.Message)
		if !known {
			t.Errorf("the schema has the rule %s, which is not known here", rule.Rule)
		} else if errs := Validate(tc.at); len(errs) != 1 || !strings.Contains(errs[0].Error(), says) {
			t.Errorf("%s: errors are %v, want exactly one, that says %q", rule.Rule, errs, says)
		}
	}
	if len(got) != len(wrong) {
		t.Errorf("the schema has %d rules, want %d", len(got), len(wrong))
	}
}

// celRules are the CEL rules of a schema and its parts.
func celRules(schema apiextensionsv1.JSONSchemaProps) apiextensionsv1.ValidationRules {
	all := schema.XValidations
	for _, property := range schema.Properties {
		all = append(all, celRules(property)...)
	}
	if schema.Items != nil {
		all = append(all, celRules(*schema.Items.Schema)...)
	}
	if schema.AdditionalProperties != nil {
		all = append(all, celRules(*schema.AdditionalProperties.Schema)...)
	}
	return all
}

// TestSchemaHasTheLimits checks that the API server takes texts and lists as long as those that Resolve takes.
func TestSchemaHasTheLimits(t *testing.T) {
	spec := definition(t).Properties["spec"].Properties
	level := spec["levels"].Items.Schema.Properties
	for name, tc := range map[string]struct {
		got  *int64
		want int64
	}{
		"alert":                  {spec["alert"].MaxLength, maxAlert},
		"expr":                   {spec["expr"].MaxLength, maxExpr},
		"signal.minTraffic":      {spec["signal"].Properties["minTraffic"].MaxLength, maxValue},
		"signal.prefix":          {spec["signal"].Properties["prefix"].MaxLength, maxPrefix},
		"signal.quantile":        {spec["signal"].Properties["quantile"].MaxLength, maxQuantile},
		"signal.window":          {spec["signal"].Properties["window"].MaxLength, maxDuration},
		"signal.by":              {spec["signal"].Properties["by"].MaxItems, maxBy},
		"levels":                 {spec["levels"].MaxItems, maxLevels},
		"levels[].severity":      {level["severity"].MaxLength, maxSeverity},
		"levels[].above":         {level["above"].MaxLength, maxValue},
		"levels[].below":         {level["below"].MaxLength, maxValue},
		"levels[].for":           {level["for"].MaxLength, maxDuration},
		"levels[].keepFiringFor": {level["keepFiringFor"].MaxLength, maxDuration},
		"signal.matchLabels":     {spec["signal"].Properties["matchLabels"].MaxProperties, maxPairs},
		"labels":                 {spec["labels"].MaxProperties, maxPairs},
		"annotations":            {spec["annotations"].MaxProperties, maxPairs},
	} {
		if tc.got == nil || *tc.got != tc.want {
			t.Errorf("spec.%s takes %v, want %d", name, ptr.Deref(tc.got, -1), tc.want)
		}
	}
}
