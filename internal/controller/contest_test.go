//go:build integration

package controller_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// contestRest is how long two controllers of the same namespaces are watched for writes.
const contestRest = time.Minute

// contest is a cluster in which two releases watch the same namespaces, each with rule labels of its own.
type contest struct {
	cfg   *rest.Config
	admin client.Client
	stop  map[string]func() error
}

// TestTwoReleases: of two controllers that watch the same namespaces one answers for each, both say so, and nothing is
// written at rest; the other takes over when the first is gone.
func TestTwoReleases(t *testing.T) {
	t.Parallel()
	cfg, admin := ownCluster(t, thresholdCRDs, ruleCRD)
	c := contest{cfg, admin, map[string]func() error{}}
	c.apply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: ai}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n")
	for _, release := range []string{"one", "two"} {
		c.apply(t, fmt.Sprintf(contestRights, release, manager.DefaultLeaderElectionID, controllerUser))
	}
	const thresholds = 20
	for i := range thresholds {
		c.apply(t, thresholdYAML("ai", fmt.Sprintf("t-%d", i), cpuSpec))
	}

	// Both at once, and nobody has a claim yet: they have to agree.
	c.start(t, "one")
	c.start(t, "two")
	owner := c.settled(t, thresholds, "")
	standby := map[string]string{"one": "two", "two": "one"}[owner]
	t.Logf("release %s answers for the namespace", owner)
	c.expectContested(t, standby)
	c.expectRest(t)

	t.Run("a new namespace goes to one of them", func(t *testing.T) {
		c.apply(t, thresholdYAML("web", "first", cpuSpec))
		by := c.waitReady(t, "web", "first")
		c.apply(t, thresholdYAML("web", "second", cpuSpec))
		if other := c.waitReady(t, "web", "second"); other != by {
			t.Errorf("%s and %s answer for one namespace", by, other)
		}
	})
	t.Run("a changed threshold stays with its owner", func(t *testing.T) {
		threshold := getThreshold(t, c.admin, "ai", "t-3")
		threshold.Spec.Levels[0].For = "7m"
		if err := c.admin.Update(t.Context(), threshold); err != nil {
			t.Fatal(err)
		}
		if by := c.waitReady(t, "ai", "t-3"); by != owner {
			t.Errorf("%s writes it, want %s", by, owner)
		}
	})
	t.Run("the owner is gone", func(t *testing.T) {
		c.end(t, owner)
		c.backdate(t, owner, time.Hour)
		c.settled(t, thresholds, standby)
		eventually(t, time.Minute, func() error {
			if is := contested(getThreshold(t, c.admin, "ai", "t-0")); is != nil {
				return fmt.Errorf("still contested: %+v", *is)
			}
			return nil
		})
	})
	t.Run("the owner comes back", func(t *testing.T) {
		c.start(t, owner)
		c.expectContested(t, owner)
		c.settled(t, thresholds, standby)
		c.expectRest(t)
	})
	for release := range c.stop {
		c.end(t, release)
	}
}

// contestRights lets a user have the Lease of a release, in a namespace of the release's name.
const contestRights = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: lease, namespace: %[1]s}
rules:
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create]}
- {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [%[2]s], verbs: [get, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: lease, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lease}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[3]s}]
`

func (c contest) apply(t *testing.T, objects string) {
	t.Helper()
	if err := create(c.admin, objects); err != nil {
		t.Fatal(err)
	}
}

// start runs the controller of a release, whose rules have the label release.
func (c contest) start(t *testing.T, release string) {
	t.Helper()
	stop, err := runController(c.cfg, manager.Options{
		RuleLabels: map[string]string{"release": release}, LeaderElection: true, LeaderElectionNamespace: release, LeaderElectionID: manager.DefaultLeaderElectionID,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.stop[release] = stop
}

func (c contest) end(t *testing.T, release string) {
	t.Helper()
	if err := c.stop[release](); err != nil {
		t.Error(err)
	}
	delete(c.stop, release)
}

// backdate makes the Lease of a release look as if nobody had renewed it for so long.
func (c contest) backdate(t *testing.T, release string, quiet time.Duration) {
	t.Helper()
	lease := &coordinationv1.Lease{}
	if err := c.admin.Get(t.Context(), client.ObjectKey{Namespace: release, Name: manager.DefaultLeaderElectionID}, lease); err != nil {
		t.Fatal(err)
	}
	lease.Spec.RenewTime = &metav1.MicroTime{Time: time.Now().Add(-quiet)}
	if err := c.admin.Update(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
}

// settled waits until one release, that one unless it is empty, answers for all thresholds of the namespace ai and has
// labelled their rules, and returns it.
func (c contest) settled(t *testing.T, thresholds int, by string) string {
	t.Helper()
	var owner string
	eventually(t, 2*time.Minute, func() error {
		var list v1alpha1.AlertThresholdList
		if err := c.admin.List(t.Context(), &list, client.InNamespace("ai")); err != nil {
			return err
		}
		owner = by
		for i := range list.Items {
			at := &list.Items[i]
			release, _, _ := strings.Cut(at.Status.Controller, "/")
			if owner == "" {
				owner = release
			}
			if release != owner || !meta.IsStatusConditionTrue(at.Status.Conditions, v1alpha1.ConditionReady) {
				return fmt.Errorf("%s: %q answers, want %q; status is %+v", at.Name, release, owner, at.Status)
			}
		}
		var rules monitoringv1.PrometheusRuleList
		if err := c.admin.List(t.Context(), &rules, client.InNamespace("ai"), client.MatchingLabels{"release": owner}); err != nil {
			return err
		}
		if len(rules.Items) != thresholds || len(list.Items) != thresholds {
			return fmt.Errorf("%d rules of %s, %d thresholds, want %d", len(rules.Items), owner, len(list.Items), thresholds)
		}
		return nil
	})
	return owner
}

// waitReady waits until a threshold and its rule are right, and returns whose they are.
func (c contest) waitReady(t *testing.T, namespace, name string) (by string) {
	t.Helper()
	threshold := waitFor(t, c.admin, namespace, name, v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	by, _, _ = strings.Cut(threshold.Status.Controller, "/")
	rule := &monitoringv1.PrometheusRule{}
	if err := c.admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "plimsoll-" + name}, rule); err != nil {
		t.Fatal(err)
	}
	if rule.Labels["release"] != by {
		t.Errorf("%s/%s is %s's, its rule has the label of %s", namespace, name, by, rule.Labels["release"])
	}
	return by
}

// expectContested waits until a threshold names the release that stands back, in a condition and in an event.
func (c contest) expectContested(t *testing.T, standby string) {
	t.Helper()
	says := standby + "/" + manager.DefaultLeaderElectionID + " watches it too"
	eventually(t, time.Minute, func() error {
		is := contested(getThreshold(t, c.admin, "ai", "t-0"))
		if is == nil || is.Status != metav1.ConditionTrue || !strings.Contains(is.Message, says) {
			return fmt.Errorf("condition is %+v, want one that says %q", is, says)
		}
		var events eventsv1.EventList
		if err := c.admin.List(t.Context(), &events, client.InNamespace("ai")); err != nil {
			return err
		}
		for _, e := range events.Items {
			if e.Reason == v1alpha1.ReasonSeveralControllers && e.Type == "Warning" && strings.Contains(e.Note, says) {
				return nil
			}
		}
		return fmt.Errorf("no event says %q", says)
	})
}

func contested(at *v1alpha1.AlertThreshold) *metav1.Condition {
	return meta.FindStatusCondition(at.Status.Conditions, v1alpha1.ConditionContested)
}

// expectRest waits until nothing has been written for a moment, and then expects that nothing is for contestRest.
func (c contest) expectRest(t *testing.T) {
	t.Helper()
	c.quiet(t)
	before := writes(t, c.cfg)
	time.Sleep(contestRest)
	expectNoWrites(t, c.cfg, before)
}

// quiet waits until ten seconds have passed without a write.
func (c contest) quiet(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	before := fmt.Sprint(writes(t, c.cfg))
	for since := time.Now(); time.Since(since) < 10*time.Second; time.Sleep(time.Second) {
		if ctx.Err() != nil {
			t.Fatalf("written all the time: %s", before)
		}
		if now := fmt.Sprint(writes(t, c.cfg)); now != before {
			before, since = now, time.Now()
		}
	}
}
