package manager

import (
	"errors"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/plimsoll-dev/plimsoll/internal/controller/claims"
)

// TestLeaderCheck takes two replicas through what can become of their Lease: a replica is ready while one of them leads.
func TestLeaderCheck(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	cluster := fake.NewClientset()
	replica := func(identity string) *leaderLock {
		return &leaderLock{
			leases: cluster.CoordinationV1().Leases("ai"), id: "ai/c", name: "c", identity: identity, watches: "ai,web",
			now: func() time.Time { return now },
		}
	}
	leader, standby := replica("one"), replica("two")
	expect := func(what string, l *leaderLock, says string) {
		t.Helper()
		err := l.check(nil)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s says %v, want %q", what, l.identity, err, says)
		}
	}
	do := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	record := func(l *leaderLock) resourcelock.LeaderElectionRecord {
		r := resourcelock.LeaderElectionRecord{HolderIdentity: l.identity, LeaseDurationSeconds: 10}
		r.RenewTime.Time = now
		return r
	}
	read := func(l *leaderLock) error { _, _, err := l.Get(t.Context()); return err }

	expect("at first", leader, "nobody leads")
	if err := read(leader); err == nil {
		t.Fatal("there is a Lease")
	}
	expect("without a Lease", leader, "not found")
	do("create", leader.Create(t.Context(), record(leader)))
	expect("the leader leads", leader, "")
	lease, err := leader.leases.Get(t.Context(), "c", metav1.GetOptions{})
	if err != nil || lease.Labels[claims.ControllerLabel] != "true" || lease.Annotations[claims.WatchesAnnotation] != "ai,web" {
		t.Errorf("the Lease is marked %v, %v: %v", lease.Labels, lease.Annotations, err)
	}

	do("read", read(standby))
	expect("one reading says nothing of a leader", standby, "nobody leads")
	now = now.Add(time.Second)
	do("renew", leader.Update(t.Context(), record(leader)))
	do("read", read(standby))
	expect("the Lease is renewed", standby, "")

	now = now.Add(leaderlessTimeout)
	do("read", read(standby))
	expect("the leader is gone", standby, "ai/c is not renewed")
	released := record(leader)
	released.HolderIdentity = ""
	do("release", leader.Update(t.Context(), released))
	do("read", read(standby))
	expect("the Lease was given up", standby, "nobody leads")
	do("take over", standby.Update(t.Context(), record(standby)))
	expect("it leads itself", standby, "")

	now = now.Add(leaderlessTimeout)
	cluster.PrependReactor("update", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, (*coordinationv1.Lease)(nil), errors.New("not allowed")
	})
	if err := standby.Update(t.Context(), record(standby)); err == nil {
		t.Fatal("updated")
	}
	expect("it may not renew", standby, "not allowed")
}
