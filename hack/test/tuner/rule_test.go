//go:build tuner

package tuner

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const rule = `groups: [{name: g, rules: [{alert: Busy, expr: "max by (pod) (system_cpu_usage_percent) > 85", for: 5m, labels: {severity: page}},
  {alert: Gone, expr: "absent(system_cpu_usage_percent)", labels: {severity: page}}]}]`

const band = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: band, namespace: ai}, spec: {alert: Band,
  expr: "max by (pod) (system_cpu_usage_percent)", unit: Percent, levels: [{severity: page, above: 90%, below: 15%, for: 5m}]}}`

// TestRule drives the page of rules that are no AlertThresholds, and of a level with two sides.
func TestRule(t *testing.T) {
	s := newStage(t, writeHistory)
	dir := t.TempDir()
	write := func(name, text string) (file string) {
		file = filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	rules := write("rules.yaml", rule)
	next := map[string][]string{"rule": {"-f", rules, "--alert", "Gone"}, "without a level": {"-f", write("band.yaml", band)}}
	s.drive(t, "rule.mjs", func(r result) string {
		if r.Error != "" {
			t.Fatalf("%s: %s", r.Scene, r.Error)
		}
		t.Logf("%s: %s %+v", r.Scene, r.Says, r.Levels)
		switch got := r.Levels[0]; r.Scene {
		case "rule":
			changed := strings.Replace(rule, "max by (pod) (system_cpu_usage_percent) > 85", r.Says, 1)
			if changed == rule {
				t.Errorf("the expression is as it was: %s", r.Says)
			}
			if want := s.fires(t, write("changed.yaml", changed), "--alert", "Busy"); got.Fires != want {
				t.Errorf("the page has %d fires, a backtest of the changed rule %d", got.Fires, want)
			}
		case "without a level":
			changed := strings.Replace(rule, "absent(system_cpu_usage_percent)\"", "absent(system_cpu_usage_percent)\", for: 15s", 1)
			if want := s.fires(t, write("changed.yaml", changed), "--alert", "Gone"); got.Fires != want || want == 0 {
				t.Errorf("the page has %d fires, a backtest of the changed rule %d", got.Fires, want)
			}
		case "band":
			above, below, _ := strings.Cut(strings.TrimPrefix(got.Level, "> "), " or < ")
			changed := strings.NewReplacer("above: 90%", "above: "+above, "below: 15%", "below: "+below).Replace(band)
			if want := s.fires(t, write("band.yaml", changed)); got.Fires != want || want == 0 || changed == band {
				t.Errorf("the page has %d fires, a backtest of %s %d", got.Fires, got.Level, want)
			}
		}
		if args := next[r.Scene]; args != nil {
			return s.tune(t, args...)
		}
		return ""
	}, "TUNER_URL="+s.tune(t, "-f", rules, "--alert", "Busy"))
}

// fires is how often the only level of a file's only threshold or rule fires in a backtest.
func (s *stage) fires(t *testing.T, file string, args ...string) int {
	t.Helper()
	type tested struct {
		Backtest struct{ Levels []struct{ Fires int } }
	}
	var answer struct{ Thresholds, Rules []tested }
	cmd := exec.CommandContext(t.Context(), s.plugin, append(append([]string{"backtest", "-f", file, "-o", "json"}, args...), s.windowFlags...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return append(answer.Thresholds, answer.Rules...)[0].Backtest.Levels[0].Fires
}
