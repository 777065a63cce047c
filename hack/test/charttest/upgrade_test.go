//go:build integration

package charttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const (
	definition        = "customresourcedefinition/alertthresholds.plimsoll.dev"
	schemaFile        = "crds/plimsoll.dev_alertthresholds.yaml"
	versionAnnotation = "plimsoll.dev/schema-version"
	// newField is one that the older schema does not have, and that a default of the chart sets.
	newField = "noData"
	// mine is a user's threshold under the older schema, of some line; later is one that only the newer schema allows.
	mine = `
apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata: {name: mine, namespace: upgrade}
spec: {alert: Mine, signal: {name: CPU}, levels: [{severity: warning, above: %s, for: 5m}]}
`
	later = `
apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata: {name: later, namespace: upgrade}
spec: {alert: Later, signal: {name: Memory}, noData: Alert, levels: [{severity: warning, above: 90%}]}
`
)

// TestClusterUpgrade takes a release through its life: a chart with an older schema, the upgrade, a rollback, an
// upgrade to the older chart again, uninstall and reinstall. What users made stays, and the schema never goes back.
func TestClusterUpgrade(t *testing.T) {
	older, newer := chartOf(t, "0", newField), chartDir("plimsoll")
	version := schema(t, newer).Annotations[versionAnnotation]
	r := release("upgrade")
	r.cleanUp(t)
	// The older chart had no default that its schema does not know.
	r.helm(t, "install", append(r.values("--set", "alerts.assistantUnavailable.enabled=false"), older, "--create-namespace")...)
	stop := r.runController(t)
	must(t, fmt.Sprintf(mine, "80%"), "apply", "-f", "-")
	if _, err := kubectl(t.Context(), later, "apply", "-f", "-"); err == nil || !strings.Contains(err.Error(), newField) {
		t.Fatalf("the older schema takes %s: %v", newField, err)
	}
	ready(t, "mine")
	was := identity(t, "alertthreshold/mine", "prometheusrule/plimsoll-mine")

	r.helm(t, "upgrade", append(r.values(), newer)...)
	must(t, later, "apply", "-f", "-")
	ready(t, "later", "plimsoll-assistant-unavailable")
	stop()
	newFieldIsKept := func(when string) {
		t.Helper()
		for _, name := range []string{"later", "plimsoll-assistant-unavailable"} {
			got, err := kubectl(t.Context(), "", "get", "alertthreshold", name, "-n", "upgrade", "--ignore-not-found", "-o", "jsonpath={.spec."+newField+"}")
			if gone := name != "later" && got == ""; err != nil || got != "Alert" && !gone {
				t.Errorf("%s: %s of %s is %q (%v)", when, newField, name, got, err)
			}
		}
		if is := identity(t, "alertthreshold/mine", "prometheusrule/plimsoll-mine"); is != was {
			t.Errorf("%s: the user's threshold and its rule are %s, want %s untouched", when, is, was)
		}
		if v := must(t, "", "get", definition, "-o", `jsonpath={.metadata.annotations.plimsoll\.dev/schema-version}`); v != version {
			t.Errorf("%s: the schema's version is %s, want %s", when, v, version)
		}
	}
	newFieldIsKept("upgrade")
	r.helm(t, "rollback", "1")
	newFieldIsKept("rollback")
	r.helm(t, "upgrade", append(r.values("--set", "alerts.assistantUnavailable.enabled=false"), older)...)
	newFieldIsKept("upgrade to the older chart")

	r.helm(t, "uninstall")
	newFieldIsKept("uninstall")
	eventually(t, func() error {
		if left := must(t, "", "get", "alertthresholds,prometheusrules", "-n", "upgrade", "-o", "name"); len(strings.Fields(left)) != 4 {
			return fmt.Errorf("left are %s, want the user's two thresholds with their rules", left)
		}
		return nil
	})
	// Nobody follows it until the controller is back.
	must(t, fmt.Sprintf(mine, "70%"), "apply", "-f", "-")

	r.helm(t, "install", append(r.values(), newer)...)
	r.runController(t)
	ready(t, "mine", "later", "plimsoll-assistant-unavailable")
	eventually(t, func() error {
		if rule := must(t, "", "get", "prometheusrule", "plimsoll-mine", "-n", "upgrade", "-o", "jsonpath={.spec}"); !strings.Contains(rule, "70") {
			return fmt.Errorf("the kept rule does not follow its threshold: %s", rule)
		}
		return nil
	})
	if uid := func(s string) string { return strings.Split(s, " ")[2] }; uid(identity(t, "alertthreshold/mine", "prometheusrule/plimsoll-mine")) != uid(was) {
		t.Error("the rule was made anew, not adopted")
	}
}

// chartOf is the chart with a schema of another version, which lacks a field.
func chartOf(t *testing.T, version, lacks string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "plimsoll")
	if err := os.CopyFS(dir, os.DirFS(chartDir("plimsoll"))); err != nil {
		t.Fatal(err)
	}
	crd := schema(t, dir)
	crd.Annotations[versionAnnotation] = version
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties
	if _, ok := spec[lacks]; !ok {
		t.Fatalf("the schema has no field %s", lacks)
	}
	delete(spec, lacks)
	text, err := yaml.Marshal(crd)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, schemaFile), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// schema is the definition of AlertThresholds that a chart carries.
func schema(t *testing.T, chart string) apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, schemaFile))
	if err != nil {
		t.Fatal(err)
	}
	return decode[apiextensionsv1.CustomResourceDefinition](t, string(text))
}

// identity is each object's UID and generation: the same as before if nobody has touched it.
func identity(t *testing.T, objects ...string) string {
	t.Helper()
	return must(t, "", append([]string{"get", "-n", "upgrade", "-o", "jsonpath={range .items[*]}{.metadata.uid} {.metadata.generation} {end}"}, objects...)...)
}

func ready(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		must(t, "", "wait", "-n", "upgrade", "--for=condition=Ready", "alertthreshold/"+name, "--timeout=30s")
	}
}
