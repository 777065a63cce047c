//go:build integration

package controller_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// many is how many thresholds a controller must bear.
const many = 1000

// operation is a cluster for the built controller, a process that can be killed.
type operation struct {
	cfg     *rest.Config
	admin   client.Client
	program program
}

// TestOperation has a cluster of its own, so that whatever is written there is the controller's.
func TestOperation(t *testing.T) {
	cfg, c := ownCluster(t, thresholdCRDs, ruleCRD)
	o := operation{cfg: cfg, admin: c, program: buildProgram(t, cfg, controllerUser)}
	t.Run("killed amid many", o.killedAmidMany)
	t.Run("nothing is written at rest and on restart", o.restAndRestart)
	t.Run("another replica takes over", o.takeOver)
	t.Run("a restarted leader leads again", o.leadsAgain)
	t.Run("the lease is deleted", o.leaseDeleted)
	t.Run("nobody may lead", o.nobodyLeads)
	t.Run("some namespaces", o.someNamespaces)
}

// killedAmidMany kills the controller between the first and the last of many rules, and starts it again.
func (o operation) killedAmidMany(t *testing.T) {
	first := o.program.start(t)
	first.ready(t)
	created := make(chan error, 1)
	go func() { created <- o.createMany(t.Context()) }()
	eventually(t, 2*time.Minute, func() error {
		if n := len(o.rules(t)); n < many/4 {
			return fmt.Errorf("%d rules", n)
		}
		return nil
	})
	first.stop(t, syscall.SIGKILL)
	if n := len(o.rules(t)); n >= many {
		t.Fatalf("%d rules: killed too late", n)
	}
	if err := <-created; err != nil {
		t.Fatal(err)
	}

	second := o.program.start(t)
	eventually(t, 2*time.Minute, func() error {
		time.Sleep(time.Second) // the list is long
		var list v1alpha1.AlertThresholdList
		if err := o.admin.List(t.Context(), &list); err != nil {
			return err
		}
		for _, at := range list.Items {
			if at.Status.Rule == nil {
				return fmt.Errorf("%s has no rule: %+v", at.Name, at.Status)
			}
		}
		return nil
	})
	rules := o.rules(t)
	owners := map[string]bool{}
	for _, rule := range rules {
		if rule.Generation != 1 {
			t.Errorf("the spec of %s was written %d times", rule.Name, rule.Generation)
		}
		owners[metav1.GetControllerOf(&rule).Name] = true
	}
	if len(rules) != many || len(owners) != many {
		t.Errorf("%d rules of %d thresholds, want %d", len(rules), len(owners), many)
	}
	second.stop(t, syscall.SIGTERM)
}

// restAndRestart needs the many thresholds.
func (o operation) restAndRestart(t *testing.T) {
	for _, what := range []string{"restart", "another restart"} {
		before := writes(t, o.cfg)
		run := o.program.start(t)
		run.ready(t)
		eventually(t, time.Minute, func() error {
			if n := run.counted(t, "controller_runtime_reconcile_total"); n < many {
				return fmt.Errorf("%v reconciliations", n)
			}
			return nil
		})
		time.Sleep(5 * time.Second)
		expectNoWrites(t, o.cfg, before)
		if t.Failed() {
			t.Fatalf("after %s", what)
		}

		reconciled := run.counted(t, "controller_runtime_reconcile_total")
		o.touchStatus(t, "t-0")
		time.Sleep(time.Second)
		if n := run.counted(t, "controller_runtime_reconcile_total"); n != reconciled {
			t.Errorf("%v reconciliations after a write of the status", n-reconciled)
		}
		run.stop(t, syscall.SIGTERM)
	}
}

// touchStatus writes a field of the status, and takes it back.
func (o operation) touchStatus(t *testing.T, name string) {
	t.Helper()
	at := getThreshold(t, o.admin, "default", name)
	was := at.Status.Headroom
	for _, headroom := range []string{"1%", was} {
		before := at.DeepCopy()
		at.Status.Headroom = headroom
		if err := o.admin.Status().Patch(t.Context(), at, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	}
}

// takeOver stops one leader, and kills the next.
func (o operation) takeOver(t *testing.T) {
	elect := []string{"--leader-elect", "--leader-election-namespace", controllerNamespace}
	leader := o.program.start(t, elect...)
	o.leads(t, "")
	for _, tc := range []struct {
		signal syscall.Signal
		limit  time.Duration // generous: the machine may be busy
	}{
		{syscall.SIGTERM, 8 * time.Second}, // a lease that is not given up lasts longer
		{syscall.SIGKILL, 40 * time.Second},
	} {
		standby := o.program.start(t, elect...)
		standby.ready(t) // with its caches filled, though it does not lead
		was := o.leads(t, "")
		begin := time.Now()
		leader.stop(t, tc.signal)
		name := fmt.Sprintf("after-%d", tc.signal)
		if err := create(o.admin, thresholdYAML("default", name, cpuSpec)); err != nil {
			t.Fatal(err)
		}
		eventually(t, tc.limit, func() error {
			return o.admin.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "plimsoll-" + name}, &monitoringv1.PrometheusRule{})
		})
		t.Logf("after %s the other replica had written a rule in %s", tc.signal, time.Since(begin).Round(10*time.Millisecond))
		o.leads(t, was)
		leader = standby
	}
	leader.stop(t, syscall.SIGTERM)
}

// leadsAgain kills a leader that has a name to keep: restarted it leads on, before the lease has run out for the other.
func (o operation) leadsAgain(t *testing.T) {
	elect := func(name string) []string {
		return []string{"--leader-elect", "--leader-election-namespace", controllerNamespace, "--leader-election-identity", name}
	}
	first := o.program.start(t, elect("first")...)
	o.leads(t, "")
	second := o.program.start(t, elect("second")...)
	second.ready(t)
	first.stop(t, syscall.SIGKILL)
	first = o.program.start(t, elect("first")...)
	if err := create(o.admin, thresholdYAML("default", "again", cpuSpec)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 40*time.Second, func() error {
		return o.admin.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "plimsoll-again"}, &monitoringv1.PrometheusRule{})
	})
	if holder := o.leads(t, ""); holder != "first" {
		t.Errorf("%s leads, want first", holder)
	}
	second.stop(t, syscall.SIGTERM)
	first.stop(t, syscall.SIGTERM)
}

// leaseDeleted deletes the leader's Lease, as somebody does who tidies up: it leads on, under a new one.
func (o operation) leaseDeleted(t *testing.T) {
	run := o.program.start(t, "--leader-elect", "--leader-election-namespace", controllerNamespace, "--leader-election-identity", "only")
	run.ready(t)
	o.leads(t, "")
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: controllerNamespace, Name: manager.DefaultLeaderElectionID}}
	if err := o.admin.Delete(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if holder := o.leads(t, ""); holder != "only" {
		t.Errorf("%s leads", holder)
	}
	if err := create(o.admin, thresholdYAML("default", "after-the-lease", cpuSpec)); err != nil {
		t.Fatal(err)
	}
	threshold := waitFor(t, o.admin, "default", "after-the-lease", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if got, want := threshold.Status.Controller, controllerNamespace+"/"+manager.DefaultLeaderElectionID; got != want {
		t.Errorf("controller is %q, want %q", got, want)
	}
	run.ready(t)
	run.stop(t, syscall.SIGTERM)
}

// nobodyLeads runs a controller that may not make its Lease, where the Lease is not there: it is not ready, says why, and
// the metric for the alert says so too.
func (o operation) nobodyLeads(t *testing.T) {
	const user, namespace = "plimsoll-leaderless", "leaderless"
	rights := "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + namespace + "}\n---\n" +
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: leaderless}\n" +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: plimsoll-controller}\n" +
		"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: " + user + "}]\n"
	if err := create(o.admin, rights); err != nil {
		t.Fatal(err)
	}
	run := o.program.as(t, o.cfg, user).start(t, "--leader-elect", "--leader-election-namespace", namespace)
	eventually(t, time.Minute, func() error {
		_, err := fetch(t.Context(), http.DefaultClient, "http://"+run.probes+"/readyz?verbose")
		if says := fmt.Sprint(err); !strings.Contains(says, "[-]leader failed") || !strings.Contains(says, "[+]caches ok") {
			return fmt.Errorf("readiness is %s, want a failure of the leader alone", says)
		}
		return nil
	})
	time.Sleep(2 * time.Second) // it has tried to lead by then, and logged why it may not
	gauges := scrape(t, http.DefaultClient, "http://"+run.metrics+"/metrics")["leader_election_master_status"].GetMetric()
	if len(gauges) != 1 || gauges[0].GetGauge().GetValue() != 0 {
		t.Errorf("leader_election_master_status is %v, want 0", gauges)
	}
	run.stop(t, syscall.SIGTERM)
	for _, says := range []string{"leases.coordination.k8s.io", "forbidden", namespace + "/" + manager.DefaultLeaderElectionID} {
		if !strings.Contains(run.output.String(), says) {
			t.Errorf("the log does not say %q", says)
		}
	}
}

// leads waits until a replica leads, another than that one, and returns its name.
func (o operation) leads(t *testing.T, other string) (holder string) {
	t.Helper()
	eventually(t, time.Minute, func() error {
		lease := &coordinationv1.Lease{}
		if err := o.admin.Get(t.Context(), client.ObjectKey{Namespace: controllerNamespace, Name: manager.DefaultLeaderElectionID}, lease); err != nil {
			return err
		}
		if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" || *lease.Spec.HolderIdentity == other {
			return errors.New("nobody leads")
		}
		holder = *lease.Spec.HolderIdentity
		return nil
	})
	return holder
}

// someNamespaces runs a controller that has rights in two namespaces only.
func (o operation) someNamespaces(t *testing.T) {
	const user = "plimsoll-scoped"
	for _, namespace := range []string{"one", "two", "three"} {
		objects := "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + namespace + "}\n"
		if namespace != "three" {
			objects += "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: scoped, namespace: " + namespace + "}\n" +
				"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: plimsoll-controller}\n" +
				"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: " + user + "}]\n"
		}
		if err := create(o.admin, objects+"---\n"+thresholdYAML(namespace, "cpu", cpuSpec)); err != nil {
			t.Fatal(err)
		}
	}
	run := o.program.as(t, o.cfg, user).start(t, "--namespaces", "one,two")
	for _, namespace := range []string{"one", "two"} {
		waitFor(t, o.admin, namespace, "cpu", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	}
	if got := getThreshold(t, o.admin, "three", "cpu"); got.Status.ObservedGeneration != 0 {
		t.Errorf("a namespace that is not watched has the status %+v", got.Status)
	}
	run.stop(t, syscall.SIGTERM)
}

// createMany creates the many thresholds, t-0 and on, with some clients at once.
func (o operation) createMany(ctx context.Context) error {
	const clients = 8
	done := make(chan error, clients)
	for n := range clients {
		go func() {
			for i := n; i < many; i += clients {
				at := &v1alpha1.AlertThreshold{
					ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("t-%d", i)},
					Spec: v1alpha1.AlertThresholdSpec{
						Alert:  "HighCPU",
						Signal: &v1alpha1.Signal{Name: "CPU"},
						Levels: []v1alpha1.Level{{Severity: "warning", Above: "80%"}, {Severity: "critical", Above: "90%"}},
					},
				}
				if err := o.admin.Create(ctx, at); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	var errs []error
	for range clients {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// rules lists the metadata of all rules.
func (o operation) rules(t *testing.T) []metav1.PartialObjectMetadata {
	t.Helper()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(ruleKind)
	if err := o.admin.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}
