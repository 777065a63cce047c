//go:build integration

package promapi

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/foreign"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestThresholdReplayIsRuleEngine: the episodes of thresholds, and how often their alerts fail, are those of Prometheus' own rule
// engine, which evaluates the rules that they become over the same blocks, alert for alert.
func TestThresholdReplayIsRuleEngine(t *testing.T) {
	text, err := os.ReadFile("testdata/thresholds/thresholds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string]v1alpha1.AlertThresholdSpec{}
	if err := yaml.UnmarshalStrict(text, &specs); err != nil {
		t.Fatal(err)
	}
	plans := map[string]*rules.Plan{}
	var groups []monitoringv1.RuleGroup
	for name, spec := range specs {
		at := &v1alpha1.AlertThreshold{Spec: spec}
		at.Namespace, at.Name = foreign.Namespace, name
		plan, errs := rules.Resolve(at)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", name, errs.ToAggregate())
		}
		plans[plan.GroupName()] = plan
		groups = append(groups, plan.Groups()...)
	}
	dir := t.TempDir()
	file, blocks := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "blocks")
	content, err := yaml.Marshal(monitoringv1.PrometheusRuleSpec{Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	foreign.Write(t, "testdata/thresholds/metrics.txt", filepath.Join(dir, "history.txt"), blocks, historyStart, historyEnd)
	want := runEngine(t, "-data", blocks, "-rules", file, "-start", fmt.Sprint(foreignStart.Unix()), "-end", fmt.Sprint(foreignEnd.Unix()))
	byGroup := map[string][]*evaluated{}
	for _, e := range want {
		byGroup[e.Group] = append(byGroup[e.Group], e)
	}
	client := newClient(t, Options{URL: serve(t, []string{blocks}).URL()})
	episodes, failed := 0, 0
	for name, plan := range plans {
		for _, e := range compareThreshold(t, client, plan, byGroup[name]) {
			episodes += len(e.Episodes)
			failed += e.Failed
		}
	}
	t.Logf("%d thresholds: %d episodes, %d evaluations that fail", len(plans), episodes, failed)
	if episodes < 500 || failed < 500 {
		t.Errorf("%d episodes and %d evaluations that fail prove little", episodes, failed)
	}
}

// compareThreshold replays the plan, and returns what the engine says of its levels' alerts, in their order.
func compareThreshold(t *testing.T, client *Client, plan *rules.Plan, engine []*evaluated) []*evaluated {
	t.Helper()
	levels := engine[:len(plan.Levels)]
	begin := time.Unix(0, engine[0].Start).UTC().Truncate(time.Millisecond)
	w := backtest.Window{Start: begin, End: begin.Add(foreignEnd.Sub(begin).Truncate(time.Minute)), Step: time.Minute}
	r, err := replay.New(w, plan, plan.Levels)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ingest(t.Context(), plan.Value.Expr, w, r.Ingest); err != nil {
		t.Errorf("%s: %v", plan.Name, err)
		return nil
	}
	notes := strings.Join(r.AlertNotes(), "\n")
	for i, level := range r.Result().Levels {
		got := episodesOf(plan, level)
		if want := levels[i].engine(); !slices.Equal(got, want) {
			t.Errorf("%s, level %s: %s\nnotes: %v", plan.Name, level.Level.Severity, difference(got, want), r.Notes())
		}
		says := fmt.Sprintf("the alert of level %s at %d of", level.Level.Severity, levels[i].Failed)
		if levels[i].Failed > 0 != strings.Contains(notes, says) {
			t.Errorf("%s: notes are %q, the engine fails at %d: %s", plan.Name, notes, levels[i].Failed, levels[i].Failure)
		}
	}
	return levels
}

// episodesOf are the episodes as lines, with all labels of their alerts.
func episodesOf(plan *rules.Plan, level backtest.LevelResult) (lines []string) {
	rule := replay.AlertOf(plan, level.Level)
	for _, e := range level.Episodes {
		set := map[string]string{model.AlertNameLabel: plan.Alert, rules.NamespaceLabel: plan.Namespace}
		for name, value := range rule.Labels {
			if !strings.Contains(value, "{{") && value != "" {
				set[name] = value
			}
		}
		maps.Copy(set, e.Labels)
		resolved := int64(0)
		if !e.ResolvedAt.IsZero() {
			resolved = e.ResolvedAt.UnixMilli()
		}
		lines = append(lines, episodeLine(set, e.ActiveAt.UnixMilli(), e.FiredAt.UnixMilli(), resolved))
	}
	slices.Sort(lines)
	return lines
}
