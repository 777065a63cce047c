package charttest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestValues: every value is in the schema, and the schema refuses every other.
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
	}
}

// TestSchemaRefuses: what is of the wrong kind or out of bounds is refused before anything is rendered.
func TestSchemaRefuses(t *testing.T) {
	for _, set := range []string{
		"assistant.replicas=-1", "assistant.replicas=two", "assistant.autoscaling.targetCPUUtilizationPercentage=0", "assistant.model=a b",
		"assistant.podDisruptionBudget.maxUnavailable=half", "assistant.geminiEndpoint=ftp://x", "assistant.upstream=claude", "assistant.openai.baseURL=vllm", "assistant.silenceTimeout=1d", "assistant.apiKey.key=a/b",
		"assistant.clientRate=-1", "assistant.service.port=9090", "assistant.service.type=ExternalName", "assistant.service.ipFamilies={IPv5}",
		"assistant.prices.m.prompt=1", "assistant.networkPolicy.egressPorts={0}", "assistant.logLevel=loud", "assistant.image.digest=latest",
		"assistant.image.name=assistant", "assistant.extraArgs={debug}", "assistant.extraEnv[0].value=x", "assistant.terminationGracePeriodSeconds=5",
		"assistant.dnsPolicy=mine", "assistant.nodeSelector.a.b=c", "controller.watchNamespaces={A}",
		"controller.webhook.port=70000", "controller.webhook.failurePolicy=Never", "controller.webhook.timeoutSeconds=31", "controller.hostNetwork=1",
		"controller.backtest.window=week", "prometheus.url=prometheus:9090", "ruleLabels.a=b c", "serviceMonitor.interval=fast",
		"alerts.availabilityObjective=100", "alerts.slowModel.levels[0].above=1s", "alerts.slowModel.levels={}", "alerts.sources={Triton}", "global.imagePullSecrets[0].nam=x",
		"image.pullPolicy=Sometimes", "extraObjects[0]=1", "enabled=yes",
	} {
		_, err := helm(t, "template", chartDir("plimsoll"), "--set", set)
		if err == nil || !strings.Contains(err.Error(), "schema") {
			t.Errorf("%s: %v", set, err)
		}
	}
}

// unseen are values whose effect only a cluster or a parent chart shows, and where it is tested.
var unseen = map[string]string{"crds.upgrade": "TestClusterUpgrade", "enabled": "TestSubchart"}

// TestEveryValueIsUsed changes one value at a time: what is rendered must change with it, with the defaults or with
// everything on.
func TestEveryValueIsUsed(t *testing.T) {
	rendered := func(chart string, args ...string) string {
		// A refusal is an effect, too; the schema, which has a test of its own, would hide what templates do.
		args = append([]string{"template", "plimsoll", chartDir(chart), "--skip-schema-validation"}, args...)
		out, err := helm(t, args...)
		return out + fmt.Sprint(err)
	}
	for _, chart := range charts {
		bases := [][]string{
			nil, {"--values", filepath.Join("testdata", chart+".yaml")},
			{"--set", "prometheus.url=http://p,prometheus.httpConfig.existingSecret=h"}, // which excludes others
		}
		before := make([]string, len(bases))
		for i, base := range bases {
			before[i] = rendered(chart, base...)
		}
		for path, value := range leaves(values(t, chart)) {
			encoded, err := json.Marshal(another(value))
			if err != nil {
				t.Fatal(err)
			}
			used := false
			for i, base := range bases {
				used = used || rendered(chart, append(base, "--set-json", path+"="+string(encoded))...) != before[i]
			}
			if used == (unseen[path] != "") {
				t.Errorf("%s: templates use %s: %v", chart, path, used)
			}
		}
	}
}

// another is another value of the same kind.
func another(value any) any {
	switch v := value.(type) {
	case bool:
		return !v
	case float64:
		return v + 1
	case string:
		return v + "x"
	case []any:
		return append([]any{map[string]any{"probe": "x"}}, v...)
	case map[string]any:
		return map[string]any{"probe": "x"}
	}
	return "x"
}

// TestEveryUsedValueExists: what templates name in full is in values.yaml.
func TestEveryUsedValueExists(t *testing.T) {
	named := regexp.MustCompile(`\.Values((?:\.[A-Za-z0-9]+)+)`)
	for _, chart := range charts {
		set := values(t, chart)
		// In brackets stands what may not be there: a component that another version of the chart has.
		text := regexp.MustCompile(`\(\.Values\.[a-z]+\)`).ReplaceAllString(templates(t, chart), "")
		found := named.FindAllStringSubmatch(text, -1)
		if len(found) < 20 {
			t.Errorf("%s: %d values are named", chart, len(found))
		}
		for _, match := range found {
			var at any = set
			for key := range strings.SplitSeq(strings.TrimPrefix(match[1], "."), ".") {
				object, _ := at.(map[string]any)
				if at = object[key]; at == nil {
					t.Errorf("%s: a template uses .Values%s, which is no value", chart, match[1])
					break
				}
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
	properties, hasProperties := schema["properties"].(map[string]any)
	if !isObject || !hasProperties {
		return nil
	}
	var fixed []string
	if schema["additionalProperties"] == false {
		fixed = append(fixed, path)
	}
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

// whole are objects that are one value.
var whole = []string{"resources", "config", "labels", "podSecurityContext", "securityContext", "livenessProbe", "readinessProbe"}

// leaves returns the values that are no objects, or empty ones, by their path.
func leaves(set map[string]any) map[string]any {
	found := make(map[string]any)
	for key, value := range set {
		object, ok := value.(map[string]any)
		if !ok || len(object) == 0 || slices.Contains(whole, key) {
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
