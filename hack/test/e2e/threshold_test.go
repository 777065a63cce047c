//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

const (
	threshold = "slow-replies" // of the demo's manifest
	alert     = "SlowReplies"
	rule      = "plimsoll-" + threshold
	group     = "plimsoll." + demo.Namespace + "." + threshold
	holdFor   = 5 * time.Second // its for
)

func (s suite) defaultAlertsAreLoaded(t *testing.T) {
	s.kubectl(t, "wait", "--for=condition=Ready", "alertthresholds", "--selector", "plimsoll.dev/default=true",
		"--namespace", demo.Namespace, "--timeout=1m")
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ Alert string }
		}
	}
	if err := json.Unmarshal([]byte(s.kubectl(t, "get", "alertthresholds", "--namespace", demo.Namespace, "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var names, groups []string
	for _, item := range list.Items {
		names = append(names, item.Spec.Alert)
		groups = append(groups, "plimsoll."+demo.Namespace+"."+item.Metadata.Name)
	}
	for _, want := range []string{"HighCPUUsage", "HighErrorRate", "HighMemoryUsage", "SlowResponse"} {
		if !slices.Contains(names, want) {
			t.Errorf("default alerts are %v, want the source document's %s too", names, want)
		}
	}
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
		loaded, err := s.RuleGroups(ctx)
		if err != nil {
			return err
		}
		for _, g := range groups {
			if !slices.Contains(loaded, g) {
				return fmt.Errorf("Prometheus has loaded %v, not %s", loaded, g)
			}
		}
		return nil
	})
	// CPU and memory have a value whether anyone chats or not.
	for _, name := range []string{"HighCPUUsage", "HighMemoryUsage"} {
		i := slices.IndexFunc(list.Items, func(item struct {
			Metadata struct{ Name string }
			Spec     struct{ Alert string }
		}) bool {
			return item.Spec.Alert == name
		})
		expr := fmt.Sprintf("plimsoll:signal{namespace=%q,alertthreshold=%q}", demo.Namespace, list.Items[i].Metadata.Name)
		eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
			samples, err := s.Query(ctx, expr)
			if err == nil && len(samples) == 0 {
				err = fmt.Errorf("%s has no value", expr)
			}
			return err
		})
	}
}

// thresholdFiresAndResolves watches the alert through its whole life.
func (s suite) thresholdFiresAndResolves(t *testing.T) {
	if err := s.Apply(t.Context(), "threshold.yaml"); err != nil {
		t.Fatal(err)
	}
	var pending time.Time
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
		alerts, err := s.PrometheusAlerts(ctx, alert)
		if err != nil {
			return err
		}
		if len(alerts) == 0 {
			return fmt.Errorf("%s is not even pending", alert)
		}
		switch alerts[0].State {
		case "pending":
			if pending.IsZero() {
				pending = time.Now()
			}
			return fmt.Errorf("%s has been pending for %s", alert, time.Since(pending))
		case "firing":
			return nil
		}
		return fmt.Errorf("%s is %s", alert, alerts[0].State)
	})
	// Seen pending up to half a second (of polling) late, and firing early by no more.
	if held := time.Since(pending); pending.IsZero() || held < holdFor-2*time.Second {
		t.Errorf("%s fired after %s of pending (seen at %s), want its for of %s first", alert, held, pending, holdFor)
	}
	s.statusFollows(t, "Firing")
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error { return s.held(ctx, 1) })

	s.kubectl(t, "patch", "alertthreshold", threshold, "--namespace", demo.Namespace, "--type=merge",
		"--patch", `{"spec":{"levels":[{"severity":"warning","above":"50s","for":"15s"}]}}`)
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
		alerts, err := s.PrometheusAlerts(ctx, alert)
		if err == nil && len(alerts) > 0 {
			err = fmt.Errorf("still there after the level was raised: %+v", alerts)
		}
		return err
	})
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error { return s.held(ctx, 0) })
}

// statusFollows checks that kubectl get shows the state, and a value, within two of the controller's observations; the
// machine may be busy for a moment more.
func (s suite) statusFollows(t *testing.T, state string) {
	t.Helper()
	const interval, slack = 15 * time.Second, 5 * time.Second
	begun := time.Now()
	eventually(t, 2*interval+slack, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "", "get", "alertthreshold", threshold, "--namespace", demo.Namespace,
			"-o", "jsonpath={.status.state} {.status.current} {.status.headroom}")
		if fields := strings.Fields(out); err == nil && (len(fields) != 3 || fields[0] != state) {
			err = fmt.Errorf("status is %q, want %s with a value and its headroom", out, state)
		}
		return err
	})
	t.Logf("%s in the status %s after Prometheus said so\n%s", state, time.Since(begun).Round(time.Second),
		s.kubectl(t, "get", "alertthreshold", threshold, "--namespace", demo.Namespace))
}

// held is an error unless Alertmanager holds n alerts of the threshold.
func (s suite) held(ctx context.Context, n int) error {
	alerts, err := s.AlertmanagerAlerts(ctx, alert)
	if err == nil && len(alerts) != n {
		err = fmt.Errorf("Alertmanager holds %+v, want %d of %s", alerts, n, alert)
	}
	return err
}

// ruleSpec is the rule's whole spec, as text.
func (s suite) ruleSpec(ctx context.Context) (string, error) {
	return s.Kubectl(ctx, "", "get", "prometheusrule", rule, "--namespace", demo.Namespace, "-o", "jsonpath={.spec}")
}

func (s suite) driftIsPutBack(t *testing.T) {
	want, err := s.ruleSpec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "patch", "prometheusrule", rule, "--namespace", demo.Namespace, "--type=json",
		"--patch", `[{"op":"replace","path":"/spec/groups/0/rules/0/expr","value":"vector(42)"}]`)
	eventually(t, 5*time.Second, func(ctx context.Context) error {
		is, err := s.ruleSpec(ctx)
		if err == nil && is != want {
			err = fmt.Errorf("the rule is %s, want it put back to %s", is, want)
		}
		return err
	})
}

func (s suite) invalidIsRefused(t *testing.T) {
	before, err := s.ruleSpec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"spec":{"expr":null,"unit":null,"signal":{"name":"HTTPLatency","quantile":"0.95","window":"1m","by":["endpoint"],
		"matchLabels":{"service":"plimsoll-assistant","endpoint":"/chat"}},"levels":[{"severity":"warning","above":"50s","for":"15s"}]}}`
	for _, tc := range []struct {
		name, patch string
		want        []string // in the API server's refusal, or in Accepted's message: the field, and the fix
	}{
		{"unknown signal", `{"spec":{"signal":{"name":"HTTPLatenzy","quantile":null}}}`, []string{"spec.signal.name", "HTTPLatency"}},
		{"negative duration", `{"spec":{"levels":[{"severity":"warning","above":"2s","for":"-5m"}]}}`, []string{"spec.levels[0].for", "such as 30s"}},
		{"unit of another signal", `{"spec":{"levels":[{"severity":"warning","above":"20%","for":"15s"}]}}`, []string{"spec.levels", "2s"}},
		{"no PromQL", `{"spec":{"signal":null,"expr":"rate(http_requests_total[5m","unit":"Number","levels":[{"severity":"warning","above":"1"}]}}`, []string{"spec.expr", "unclosed left parenthesis"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := s.Kubectl(t.Context(), "", "patch", "alertthreshold", threshold, "--namespace", demo.Namespace, "--type=merge", "--patch", tc.patch)
			message := ""
			if err != nil {
				message = err.Error()
			} else {
				s.kubectl(t, "wait", "--for=condition=Accepted=False", "alertthreshold/"+threshold, "--namespace", demo.Namespace, "--timeout=30s")
				message = s.kubectl(t, "get", "alertthreshold", threshold, "--namespace", demo.Namespace,
					"-o", `jsonpath={.status.conditions[?(@.type=="Accepted")].message}`)
			}
			t.Log(message)
			for _, want := range tc.want {
				if !strings.Contains(message, want) {
					t.Errorf("message %q does not name %q", message, want)
				}
			}
			after, err := s.ruleSpec(t.Context())
			if err != nil || after != before {
				t.Errorf("the last good rule became %s (%v), want it to stay %s", after, err, before)
			}
			s.kubectl(t, "patch", "alertthreshold", threshold, "--namespace", demo.Namespace, "--type=merge", "--patch", good)
			s.kubectl(t, "wait", "--for=condition=Ready", "alertthreshold/"+threshold, "--namespace", demo.Namespace, "--timeout=30s")
		})
	}
}

func (s suite) deletedRuleLeaves(t *testing.T) {
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error { return s.loaded(ctx, true) })
	s.kubectl(t, "delete", "alertthreshold", threshold, "--namespace", demo.Namespace)
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error { return s.loaded(ctx, false) })
}

// loaded is an error unless Prometheus has, or has not, the threshold's group.
func (s suite) loaded(ctx context.Context, want bool) error {
	groups, err := s.RuleGroups(ctx)
	if err == nil && slices.Contains(groups, group) != want {
		err = fmt.Errorf("Prometheus has loaded %v; is %s in it: want %v", groups, group, want)
	}
	return err
}
