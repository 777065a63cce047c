//go:build e2e

// Package e2e asserts the main job on a real node: it is make demo, with every promise checked on live objects.
package e2e

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// stateDir is the cluster's folder, apart from make demo's.
const stateDir = ".state-e2e"

// TestMainJob runs its parts in order on one node: each builds on what the ones before have shown. It fails where no
// node can run.
func TestMainJob(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	p := steps.New(t.Output())
	b := build.Builder{Root: root, Steps: p}
	o := cluster.Options{Dir: filepath.Join(root, "hack", stateDir), Bin: b.Bin(), Depth: cluster.Node, Steps: p}
	ctx := t.Context()
	if err := cluster.Down(ctx, o); err != nil {
		t.Fatal("remains of an earlier run:", err)
	}
	before := machine(t)
	leaveRemains(t)

	if err := b.Tools(ctx, "promtool", "cyclonedx-gomod"); err != nil { // one makes the past, one is asked by the release
		t.Fatal(err)
	}
	d, err := demo.New(o, b)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Cluster(ctx)
	if err != nil {
		t.Fatal(errors.Join(err, cluster.Down(ctx, o)))
	}
	downed := false
	t.Cleanup(func() {
		if !downed {
			_ = cluster.Down(context.WithoutCancel(ctx), o) // the test's own context has ended by now
		}
	})
	env, err := d.Install(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.InstallLogs(ctx, env); err != nil {
		t.Fatal(err)
	}
	second := o
	second.Dir = filepath.Join(t.TempDir(), "second")
	if _, err := cluster.Up(ctx, second); err == nil || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("a second node on this machine: %v, want a refusal that names the first's folder %s", err, o.Dir)
	}
	s := suite{Env: env}
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"A release of this checkout takes over", s.releaseTakesOver},
		{"Assistant answers", s.assistantAnswers},
		{"helm test passes", s.helmTestPasses},
		{"Pods are ready, not root, on a read-only root", s.podsAreRestricted},
		{"Pods would be admitted where only restricted ones are", s.podsWouldBeAdmitted},
		{"Targets are up", s.targetsAreUp},
		{"The source document's metrics are in Prometheus", s.metricsArePresent},
		{"The default alerts are loaded", s.defaultAlertsAreLoaded},
		{"The dashboards' queries return data", s.dashboardsHaveData},
		{"A threshold below the value fires, a raised one resolves", s.thresholdFiresAndResolves},
		{"The past is told at kubectl apply and in the status", s.pastIsTold},
		{"A hand-edited rule is put back", s.driftIsPutBack},
		{"Invalid thresholds are refused and change no rule", s.invalidIsRefused},
		{"A deleted threshold's rule leaves Prometheus", s.deletedRuleLeaves},
		{"helm uninstall leaves only the CRD", s.uninstallLeavesCRD},
	} {
		if !t.Run(part.name, part.run) {
			s.dump(t)
		}
	}
	if t.Failed() {
		return
	}
	downed = true
	if err := cluster.Down(ctx, o); err != nil {
		t.Fatal(err)
	}
	for what, was := range before {
		if is := machine(t)[what]; is != was {
			t.Errorf("%s after make demo-down:\n%s\nwant, as before:\n%s", what, is, was)
		}
	}
}
