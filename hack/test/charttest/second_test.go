//go:build integration

package charttest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestClusterSecondController: a release whose controller would serve a namespace that another's serves is refused at
// install, also where the other was installed without Helm, and told what to set; what shares nothing is let in, and
// upgrades are.
func TestClusterSecondController(t *testing.T) {
	install := func(r release, more ...string) error {
		t.Helper()
		if strings.Contains(strings.Join(more, ""), "watchNamespaces={watched}") {
			must(t, `{apiVersion: v1, kind: Namespace, metadata: {name: watched}}`, "apply", "-f", "-")
		}
		err := r.tryHelm(t, "install", append(chartArgs(r, append(more, "--set", "alerts.enabled=false")...), "--create-namespace")...)
		if err == nil {
			r.cleanUp(t)
		}
		return err
	}
	refused := func(err error, parts ...string) {
		t.Helper()
		for _, part := range append(parts, "controller.watchNamespaces", "controller.external=true") {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Fatalf("got %v, want a refusal with %s", err, part)
			}
		}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first := release("first")
	ok(install(first, "--set", "controller.watchNamespaces={watched}"))
	refused(install("second"), `release "first" in namespace "first" serves first, watched already`)
	refused(install("second", "--set", "controller.watchNamespaces={watched}"), `serves watched already`)
	ok(install("second", "--set", "controller.external=true"))
	ok(install("third", "--set", "controller.watchNamespaces={third}"))
	ok(first.tryHelm(t, "upgrade", chartArgs(first, "--set", "alerts.enabled=false")...))
	refused(install("fourth", "--set", "controller.watchNamespaces={fourth}"), `release "first" in namespace "first" serves fourth already`)
	ok(first.tryHelm(t, "uninstall"))

	binding := filepath.Join(root, "config/rbac/binding.yaml")
	role := filepath.Join(root, "config/rbac/role.yaml")
	must(t, `{apiVersion: v1, kind: Namespace, metadata: {name: plimsoll-system}}`, "apply", "-f", "-")
	must(t, "", "apply", "--namespace", "plimsoll-system", "-f", role, "-f", binding)
	t.Cleanup(func() {
		if _, err := kubectl(context.Background(), "", "delete", "--namespace", "plimsoll-system", "-f", role, "-f", binding); err != nil {
			t.Error(err)
		}
	})
	refused(install("fourth"), `in namespace "plimsoll-system" serves all namespaces`)
}

// TestClusterFailingWebhook: with the failure policy Fail a release installs itself, thresholds included, before its
// webhook answers; a user's threshold has to wait for it.
func TestClusterFailingWebhook(t *testing.T) {
	r := release("failing")
	r.cleanUp(t)
	r.helm(t, "install", append(chartArgs(r, "--set", "controller.webhook.enabled=true,controller.webhook.failurePolicy=Fail"), "--create-namespace")...)
	must(t, "", "get", "alertthreshold", "plimsoll-high-error-rate", "--namespace", string(r))
	_, err := kubectl(t.Context(), fmt.Sprintf(userThreshold, r, "80%"), "apply", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), "failed calling webhook") {
		t.Errorf("a threshold without a webhook: %v", err)
	}
}

// TestClusterLease: the controller may make its Lease, and touch no other.
func TestClusterLease(t *testing.T) {
	r := release("lease")
	r.cleanUp(t)
	r.helm(t, "install", append(chartArgs(r), "--create-namespace")...)
	if leases := must(t, "", "get", "leases", "--namespace", string(r), "-o", "name"); leases != "" {
		t.Errorf("the chart brings %s, which Argo CD leaves out", leases)
	}
	lease := func(name string) string {
		return `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: ` + name + `, namespace: lease}, spec: {leaseDurationSeconds: 10}}`
	}
	account := []string{"--as", "system:serviceaccount:lease:plimsoll-controller"}
	for _, name := range []string{"plimsoll-controller", "other"} {
		must(t, lease(name), append(account, "create", "-f", "-")...)
		_, err := kubectl(t.Context(), lease(name), append(account, "replace", "-f", "-")...)
		if allowed := err == nil; allowed != (name == "plimsoll-controller") {
			t.Errorf("the controller updates the Lease %s: %v", name, err)
		}
	}
	must(t, "", append(account, "get", "leases", "--all-namespaces")...)
}
