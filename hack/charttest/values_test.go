package charttest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestValues: every value is in the schema and used by a template, and the schema refuses every other.
func TestValues(t *testing.T) {
	for _, chart := range charts {
		var schema map[string]any
		encoded, err := os.ReadFile(filepath.Join(chartDir(chart), "values.schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &schema); err != nil {
			t.Fatal(err)
		}
		set := values(t, chart)
		for _, object := range checkSchema(t, schema, schema, set, chart) {
			path := strings.TrimPrefix(strings.TrimPrefix(object, chart)+".bogus", ".")
			if _, err := helm(t, "template", chartDir(chart), "--set", path+"=1"); err == nil {
				t.Errorf("%s: the schema lets %s through", chart, path)
			}
		}
		text := templates(t, chart)
		for path := range leaves(set) {
			key := path[strings.LastIndex(path, ".")+1:]
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(text) {
				t.Errorf("%s: no template uses %s", chart, path)
			}
		}
	}
}

// checkSchema returns the paths of the objects among the values that have a fixed set of keys.
func checkSchema(t *testing.T, root, schema map[string]any, value any, path string) []string {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		definitions, _ := root["definitions"].(map[string]any)
		schema, _ = definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
	}
	object, isObject := value.(map[string]any)
	properties, isFixed := schema["properties"].(map[string]any)
	if !isObject || !isFixed {
		return nil
	}
	fixed := []string{path}
	for key, v := range object {
		property, ok := properties[key].(map[string]any)
		if !ok {
			t.Errorf("%s.%s is not in the schema", path, key)
			continue
		}
		fixed = append(fixed, checkSchema(t, root, property, v, path+"."+key)...)
	}
	return fixed
}

func values(t *testing.T, chart string) map[string]any {
	t.Helper()
	encoded, err := os.ReadFile(filepath.Join(chartDir(chart), "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var set map[string]any
	if err := yaml.Unmarshal(encoded, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// leaves returns the values that are no objects, or empty ones, by their path.
func leaves(set map[string]any) map[string]any {
	found := make(map[string]any)
	for key, value := range set {
		object, ok := value.(map[string]any)
		if !ok || len(object) == 0 || key == "resources" || key == "config" || key == "labels" {
			found[key] = value
			continue
		}
		for path, leaf := range leaves(object) {
			found[key+"."+path] = leaf
		}
	}
	return found
}

// templates returns the text of the chart's templates.
func templates(t *testing.T, chart string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(filepath.Join(chartDir(chart), "templates"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		text.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}
