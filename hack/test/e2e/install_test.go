//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// suite is an installed Plimsoll.
type suite struct{ *demo.Env }

// kubectl fails the test when kubectl does.
func (s suite) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.Kubectl(t.Context(), "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually fails the test when f still fails at the end of the limit.
func eventually(t *testing.T, limit time.Duration, f func(context.Context) error) {
	t.Helper()
	if err := cluster.Poll(t.Context(), limit, f); err != nil {
		t.Fatal(err)
	}
}

// dump shows the cluster to whoever reads the log of a failure.
func (s suite) dump(t *testing.T) {
	for _, args := range [][]string{
		{"get", "pods", "--all-namespaces", "-o", "wide"},
		{"get", "alertthresholds,prometheusrules", "--all-namespaces", "-o", "wide"},
		{"get", "events", "--namespace", demo.Namespace, "--sort-by=.lastTimestamp"},
		{"logs", "--namespace", demo.Namespace, "deployment/" + demo.Controller, "--tail=40"},
	} {
		out, err := s.Kubectl(t.Context(), "", args...)
		t.Logf("kubectl %s\n%s%v", strings.Join(args, " "), out, err)
	}
}

func (s suite) assistantAnswers(t *testing.T) {
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
		body := strings.NewReader(`{"message": "How deep may she lie?"}`)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.AssistantURL+"/chat", body)
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var answer struct {
			SessionID string `json:"session_id"`
			Reply     string `json:"reply"`
			Usage     struct {
				PromptTokens     int `json:"prompt_tokens"`
				CompletionTokens int `json:"completion_tokens"`
			} `json:"usage"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			return err
		}
		if answer.Reply == "" || answer.SessionID == "" || answer.Usage.PromptTokens == 0 || answer.Usage.CompletionTokens == 0 {
			return fmt.Errorf("POST /chat: %s: %+v, want a reply with its session and usage", resp.Status, answer)
		}
		return nil
	})
}

func (s suite) helmTestPasses(t *testing.T) {
	if out, err := s.Helm(t.Context(), "test", demo.Release, "--namespace", demo.Namespace, "--timeout", "2m"); err != nil {
		t.Error(out, err)
	}
}

// podsAreRestricted asks the kernel, not the specification: what do the processes in the pods run as?
func (s suite) podsAreRestricted(t *testing.T) {
	for _, namespace := range []string{demo.Namespace, demo.StackNamespace, "kube-system"} {
		s.kubectl(t, "wait", "--for=condition=Ready", "pods", "--all", "--namespace", namespace, "--timeout=2m")
	}
	processes := podProcesses(t)
	for _, p := range processes {
		// The collector reads files of root's, and can do nothing else that root can.
		if strings.Contains(p.command, "--config=/etc/otelcol") && strings.Trim(p.capabilities, "0") == "" {
			p.uid = "root without capabilities"
		}
		if p.uid == "0" || !p.readOnly {
			t.Errorf("pid %d (%s) runs as uid %s with a read-only root: %v; want not 0, and true", p.pid, p.command, p.uid, p.readOnly)
		}
	}
	for _, program := range []string{"--telemetry-listen", "--leader-elect", "--config.file=/etc/prometheus",
		"-config.file=/etc/loki", "--config=/etc/otelcol"} {
		if !slices.ContainsFunc(processes, func(p process) bool { return strings.Contains(p.command, program) }) {
			t.Errorf("no process in a pod has %s in its command line: %+v", program, processes)
		}
	}
}

func (s suite) targetsAreUp(t *testing.T) {
	for _, service := range []string{demo.Assistant, demo.Controller, demo.StackRelease + "-loki", demo.StackRelease + "-collector"} {
		eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
			targets, err := s.Targets(ctx, service)
			if err != nil {
				return err
			}
			if len(targets) != 1 || targets[0].Health != "up" {
				return fmt.Errorf("targets of %s: %+v, want one, up", service, targets)
			}
			return nil
		})
	}
}

func (s suite) metricsArePresent(t *testing.T) {
	for _, m := range metric.SourceDocument() {
		name := m.Name
		if m.Type == metric.Histogram {
			name = m.Bucket()
		}
		expr := fmt.Sprintf("%s{namespace=%q,service=%q}", name, demo.Namespace, demo.Assistant)
		eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
			samples, err := s.Query(ctx, expr)
			if err != nil {
				return err
			}
			if len(samples) == 0 {
				return fmt.Errorf("%s has no sample", expr)
			}
			for _, label := range m.Labels {
				if _, ok := samples[0].Metric[label]; !ok {
					return fmt.Errorf("%s has no label %s: %v", name, label, samples[0].Metric)
				}
			}
			return nil
		})
	}
}

// uninstallLeavesCRD looks for every namespaced object but those that Kubernetes and this test itself made.
func (s suite) uninstallLeavesCRD(t *testing.T) {
	if out, err := s.Helm(t.Context(), "uninstall", demo.Release, "--namespace", demo.Namespace, "--wait"); err != nil {
		t.Fatal(out, err)
	}
	kinds := "alertthresholds,prometheusrules,servicemonitors,deployments,replicasets,services,endpointslices,configmaps," +
		"secrets,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,validatingwebhookconfigurations,leases,pods"
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "", "get", kinds, "--namespace", demo.Namespace, "-o", "name")
		if err != nil {
			return err
		}
		var left []string
		for _, name := range strings.Fields(out) {
			// The Secret with the model's key is the demo's, not the chart's; the stack's cluster roles belong to its release. The
			// Lease that the controller made itself stays, given up.
			ours := strings.Contains(name, "plimsoll") && name != "secret/"+demo.Assistant && !strings.Contains(name, demo.StackRelease) &&
				name != "lease.coordination.k8s.io/"+demo.Controller
			if ours || strings.HasPrefix(name, "alertthreshold") || strings.HasPrefix(name, "prometheusrule") {
				left = append(left, name)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("left after helm uninstall: %v", left)
		}
		return nil
	})
	s.kubectl(t, "get", "customresourcedefinition", "alertthresholds.plimsoll.dev")
}
