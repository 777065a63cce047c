//go:build integration

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestStatusOfNamespaces: status says where series are that a threshold does not find, and which namespaces are not confined, without
// being told the controller's flags; on files the flag says so.
func TestStatusOfNamespaces(t *testing.T) {
	s := newStage(t)
	server := prometheusserver.StartScraping(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "secret{namespace=\"bank\"} 9\norphan 7\nlost{namespace=\"monitoring\",exported_namespace=\"ai\"} 3\n")
	}))
	object := func(namespace, name, expr string) string {
		return fmt.Sprintf("---\n{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {namespace: %s, name: %s}, spec: {alert: A, expr: '%s', levels: [{severity: warning, above: 5}]}}\n", namespace, name, expr)
	}
	expressions := map[client.ObjectKey]string{
		{Namespace: "ai", Name: "orphan"}: "orphan", {Namespace: "ai", Name: "lost"}: "lost", {Namespace: "ai", Name: "secret"}: "secret",
		{Namespace: "platform", Name: "secret"}: `secret{namespace="bank"}`, {Namespace: "platform", Name: "orphan"}: "orphan",
	}
	text := "{apiVersion: v1, kind: Namespace, metadata: {name: ai}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: platform}}\n"
	for key, expr := range expressions {
		text += object(key.Namespace, key.Name, expr)
	}
	if err := s.create(text); err != nil {
		t.Fatal(err)
	}
	for key := range expressions {
		eventually(t, func() error {
			rule := &monitoringv1.PrometheusRule{}
			if err := s.Get(t.Context(), client.ObjectKey{Namespace: key.Namespace, Name: rules.Name(key.Name)}, rule); err != nil {
				return err
			}
			text, err := yaml.Marshal(rule.Spec)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(server.RulesDir(), key.Namespace+"-"+key.Name+".yaml"), text, 0o600)
		})
	}
	server.Reload()
	for key, says := range map[client.ObjectKey][]string{
		{Namespace: "ai", Name: "orphan"}:       {"ai/orphan: NoData", "series FAIL The value of A has no value: orphan has series without the label namespace"},
		{Namespace: "ai", Name: "lost"}:         {"ai/lost: NoData", `series FAIL The value of A has no value: lost has series with exported_namespace="ai"`, "honorLabels: true"},
		{Namespace: "ai", Name: "secret"}:       {"ai/secret: NoData", `series FAIL The value of A has no value: check that these series exist`},
		{Namespace: "platform", Name: "secret"}: {"platform/secret: Firing", "namespace OK spec.expr may read series of every namespace", "rule OK PrometheusRule plimsoll-secret matches generation 1", "loaded OK", "is 9"},
		{Namespace: "platform", Name: "orphan"}: {"platform/orphan: Firing", "namespace OK", "is 7"},
	} {
		eventually(t, func() error {
			got := call(t, "", "status", key.Name, "-n", key.Namespace, "--kubeconfig", s.kubeconfig, "--prometheus-url", server.URL())
			for _, want := range says {
				if text := strings.Join(strings.Fields(got.stdout), " "); !strings.Contains(text, want) || key.Namespace == "ai" && strings.Contains(text, "namespace OK") {
					return fmt.Errorf("%s: exit code %d\n%s%s\nwant %q", key, got.code, got.stdout, got.stderr, want)
				}
			}
			return nil
		})
	}
	t.Log("\n" + call(t, "", "status", "secret", "-n", "platform", "--kubeconfig", s.kubeconfig, "--prometheus-url", server.URL()).stdout)

	file := object("platform", "secret", `secret{namespace="bank"}`) + object("ai", "own", "secret")
	for flag, code := range map[string]int{"--unconfined-namespaces=platform,sre": 0, "--unconfined-namespaces=ai": 1, "--unconfined-namespaces=*": 2, "--otel-namespace-label=": 1} {
		if got := call(t, file, "validate", "-f", "-", flag); got.code != code {
			t.Errorf("%s: exit code %d, want %d: %s%s", flag, got.code, code, got.stdout, got.stderr)
		}
	}
	got := call(t, file, "render", "-f", "-", "--unconfined-namespaces=platform")
	if got.code != 0 || !strings.Contains(got.stdout, `expr: secret{namespace="bank"}`) || !strings.Contains(got.stdout, `expr: secret{namespace="ai"}`) {
		t.Errorf("render: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
	eventually(t, func() error { // a scrape that fails, on a busy machine, leaves a second without series
		got := call(t, object("ai", "orphan", "orphan"), "backtest", "-f", "-", "--prometheus-url", server.URL(), "--window", "10s", "--step", "1s")
		if got.code != 0 || !strings.Contains(got.stdout, "note: orphan has series without the label namespace") {
			return fmt.Errorf("backtest: exit code %d, %s%s", got.code, got.stdout, got.stderr)
		}
		return nil
	})
}
