//go:build integration

package controller_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestUnconfined: only namespaces that the administrator lists read series of others, as long as they are listed; and a threshold
// without data is told where its series are, and nothing of what is others'.
func TestUnconfined(t *testing.T) {
	t.Parallel()
	cfg, own := ownCluster(t, thresholdCRDs, ruleCRD, prometheusCRD)
	s := &stage{cfg: cfg, admin: own, server: prometheusserver.StartScraping(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "secret{namespace=\"bank\",customer=\"x\"} 9\norphan{customer=\"x\"} 7\nlost{namespace=\"monitoring\",exported_namespace=\"team\"} 3\n")
	}))}
	run := func(unconfined ...string) (stop func() error) {
		stop, err := runController(s.cfg, manager.Options{
			Rules: rules.Options{UnconfinedNamespaces: unconfined},
			Prometheus: prometheus.Options{
				Options: promapi.Options{URL: s.server.URL()}, Interval: time.Second, BacktestInterval: 5 * time.Second, BacktestWindow: 10 * time.Second, BacktestStep: time.Second,
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return stop
	}
	for _, name := range []string{"platform", "platform-b", "team"} {
		objects := "{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}"
		for threshold, expr := range map[string]string{
			"all": "secret", "named": `secret{namespace="bank"}`, "orphan": "orphan", "lost": `lost{namespace!=""}`, "probe": `orphan{customer="y"}`,
		} {
			objects += "\n---\n" + thresholdYAML(name, threshold, fmt.Sprintf("{alert: A, expr: %q, levels: [{severity: warning, above: 5}]}", expr))
		}
		if err := create(own, objects); err != nil {
			t.Fatal(err)
		}
	}
	status := func(namespace, name string, check func(*v1alpha1.AlertThreshold) error) {
		t.Helper()
		eventually(t, time.Minute, func() error {
			threshold := getThreshold(t, own, namespace, name)
			if err := check(threshold); err != nil {
				return fmt.Errorf("%s/%s: %w: %+v", namespace, name, err, threshold.Status)
			}
			return nil
		})
	}
	is := func(state v1alpha1.State) func(*v1alpha1.AlertThreshold) error {
		return func(threshold *v1alpha1.AlertThreshold) error {
			if threshold.Status.State != state {
				return fmt.Errorf("the state is %s, want %s", threshold.Status.State, state)
			}
			return nil
		}
	}
	has := func(kind string, want metav1.ConditionStatus, says string) func(*v1alpha1.AlertThreshold) error {
		return func(threshold *v1alpha1.AlertThreshold) error {
			c := meta.FindStatusCondition(threshold.Status.Conditions, kind)
			if c == nil || c.Status != want || !strings.Contains(c.Message, says) {
				return fmt.Errorf("%s is %+v, want %s saying %q", kind, c, want, says)
			}
			return nil
		}
	}
	// expression is what the threshold's rule records; empty without a rule.
	expression := func(namespace, name string) string {
		rule := &monitoringv1.PrometheusRule{}
		if err := own.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: rules.Name(name)}, rule); err != nil {
			if client.IgnoreNotFound(err) != nil {
				t.Fatal(err)
			}
			return ""
		}
		return rule.Annotations[v1alpha1.UnconfinedAnnotation] + " " + rule.Spec.Groups[0].Rules[0].Expr.String()
	}
	expect := func(namespace, name, want string) {
		t.Helper()
		eventually(t, time.Minute, func() error {
			if got := expression(namespace, name); got != want {
				return fmt.Errorf("%s/%s has the rule %q, want %q", namespace, name, got, want)
			}
			return nil
		})
	}

	stop := run("platform")
	s.sync(t)
	defer s.stopSync()
	expect("platform", "all", "true secret")
	expect("platform", "named", `true secret{namespace="bank"}`)
	for _, tenant := range []string{"team", "platform-b"} {
		expect(tenant, "all", ` secret{namespace="`+tenant+`"}`)
		status(tenant, "named", has(v1alpha1.ConditionAccepted, metav1.ConditionFalse, `must watch its own namespace "`+tenant+`" only`))
		if got := expression(tenant, "named"); got != "" {
			t.Errorf("%s reads %s", tenant, got)
		}
		status(tenant, "all", is(v1alpha1.StateNoData))
	}
	status("platform", "all", is(v1alpha1.StateFiring))
	status("platform", "all", has(v1alpha1.ConditionLoaded, metav1.ConditionTrue, "Prometheus holds the rule"))
	status("platform", "all", has(v1alpha1.ConditionAccepted, metav1.ConditionTrue, "may read series of every namespace, as controller.unconfinedNamespaces (--unconfined-namespaces) lists platform"))
	status("platform", "orphan", is(v1alpha1.StateFiring))
	status("platform", "named", is(v1alpha1.StateFiring))

	notes := func(want string) func(*v1alpha1.AlertThreshold) error {
		return func(threshold *v1alpha1.AlertThreshold) error {
			if threshold.Status.Backtest == nil {
				return fmt.Errorf("there is no backtest yet")
			}
			if got := strings.Join(threshold.Status.Backtest.Notes, "\n"); !strings.HasPrefix(got, want) || want == "" && got != "" {
				return fmt.Errorf("notes are %q, want %q", got, want)
			}
			return nil
		}
	}
	status("team", "orphan", notes("orphan has series without the label namespace"))
	status("team", "probe", notes("orphan has series without the label namespace")) // whatever labels those have
	status("team", "lost", notes(`lost has series with exported_namespace="team"`))
	status("platform-b", "lost", notes("")) // for it is another's
	status("team", "all", notes(""))
	server, err := promapi.New(promapi.Options{URL: s.server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if server.Holds(t.Context(), `plimsoll:signal{namespace!="platform"}`) || !server.Holds(t.Context(), `plimsoll:signal{namespace="platform",alertthreshold="named"} == 9`) {
		t.Error("a tenant's threshold has a value, or the platform's has none")
	}

	// The namespace is taken off the list.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stop = run("sre")
	expect("platform", "all", ` secret{namespace="platform"}`)
	expect("platform", "named", "")
	status("platform", "named", has(v1alpha1.ConditionProgrammed, metav1.ConditionFalse, "no rule is in place until the spec is fixed"))
	eventually(t, time.Minute, func() error { // the status says so until the next look at the rule
		var events eventsv1.EventList
		if err := own.List(t.Context(), &events, client.InNamespace("platform")); err != nil {
			return err
		}
		for _, e := range events.Items {
			if e.Regarding.Name == "named" && strings.Contains(e.Note, "the earlier rule, which could read series of every namespace, was removed") {
				return nil
			}
		}
		return fmt.Errorf("no event says that the rule was removed, of %d", len(events.Items))
	})
	status("platform", "all", has(v1alpha1.ConditionAccepted, metav1.ConditionTrue, "the spec is valid"))
	status("platform", "all", is(v1alpha1.StateNoData))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
