//go:build integration

package charttest

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// TestClusterKustomize installs the controller without Helm: the API server takes every object, and the pod, in a
// namespace that lets in restricted ones only.
func TestClusterKustomize(t *testing.T) {
	config := filepath.Join(root, "config")
	t.Cleanup(func() {
		if _, err := kubectl(context.Background(), "", "delete", "-k", config, "--timeout=1m"); err != nil {
			t.Error(err)
		}
	})
	must(t, "", "apply", "-k", config)
	must(t, "", "apply", "-k", config, "--dry-run=server") // once more, with the namespace there
	eventually(t, func() error {
		pods := must(t, "", "get", "pods", "--namespace", "plimsoll-system", "-o", "jsonpath={.items[*].spec.serviceAccountName}")
		if pods != "plimsoll-controller" {
			return fmt.Errorf("pods of %q, want one of the controller: %s", pods,
				must(t, "", "get", "events", "--namespace", "plimsoll-system"))
		}
		return nil
	})
	must(t, `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: cpu, namespace: default},
		spec: {alert: CPU, signal: {name: CPU}, levels: [{severity: warning, above: 80%}]}}`, "apply", "-f", "-")
	account := []string{"--as", "system:serviceaccount:plimsoll-system:plimsoll-controller"}
	must(t, "", append(account, "get", "alertthreshold", "cpu", "--namespace", "default")...)
	must(t, "", append(account, "auth", "can-i", "create", "leases.coordination.k8s.io", "--namespace", "plimsoll-system")...)
}
