//go:build integration

package charttest

import (
	"strings"
	"testing"
)

// chartArgs are the arguments for the chart as it is, in a namespace that Helm makes.
func chartArgs(r release, more ...string) []string {
	return append(r.values(more...), chartDir("plimsoll"))
}

// TestClusterCRDComesBack: helm upgrade brings an absent definition back where the release has no AlertThresholds, as one
// has that brings the controller alone. Else Helm would fail with what nobody understands, and the chart says what to do.
func TestClusterCRDComesBack(t *testing.T) {
	t.Run("controller alone", func(t *testing.T) {
		r := release("crd-controller")
		r.cleanUp(t)
		args := chartArgs(r, "--set", "assistant.enabled=false")
		r.helm(t, "install", append(args, "--create-namespace")...)
		must(t, "", "delete", definition)
		r.helm(t, "upgrade", args...)
		must(t, "", "wait", "--for=condition=Established", definition)
	})
	t.Run("with thresholds", func(t *testing.T) {
		r := release("crd-thresholds")
		r.cleanUp(t)
		r.helm(t, "install", append(chartArgs(r), "--create-namespace")...)
		must(t, "", "delete", definition)
		const command = "helm show crds CHART | kubectl apply --server-side -f -"
		if err := r.tryHelm(t, "upgrade", chartArgs(r)...); err == nil || !strings.Contains(err.Error(), command) {
			t.Fatalf("helm upgrade says %v, want it to name %s", err, command)
		}
		crds, err := helm(t, "show", "crds", chartDir("plimsoll"))
		if err != nil {
			t.Fatal(err)
		}
		must(t, crds, "apply", "--server-side", "-f", "-")
		must(t, "", "wait", "--for=condition=Established", definition)
		r.helm(t, "upgrade", chartArgs(r)...)
		must(t, "", "get", "alertthreshold", "plimsoll-high-error-rate", "--namespace", string(r))
	})
}

// TestClusterCRDIsKept: the definition tells Argo CD and Helm to keep it when a release goes, from the install on.
func TestClusterCRDIsKept(t *testing.T) {
	r := release("crd-kept")
	r.cleanUp(t)
	check := func(when string) {
		t.Helper()
		if got := must(t, "", "get", definition, "-o", `jsonpath={.metadata.annotations.helm\.sh/resource-policy}`); got != "keep" {
			t.Errorf("%s: helm.sh/resource-policy is %q, want keep", when, got)
		}
	}
	older := chartOf(t, "0", newField)
	r.helm(t, "install", append(r.values("--set", "alerts.assistantUnavailable.enabled=false"), older, "--create-namespace")...)
	check("install")
	r.helm(t, "upgrade", chartArgs(r)...)
	check("upgrade of the schema")
	r.helm(t, "upgrade", chartArgs(r)...)
	check("upgrade of nothing")
	r.helm(t, "uninstall")
	check("uninstall")
}
