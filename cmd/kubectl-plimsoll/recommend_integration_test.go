//go:build integration

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// TestRecommend recommends levels over a week with an hour of 90% on every day.
func TestRecommend(t *testing.T) {
	server := history(t, "", spikes)
	args := []string{"recommend", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}

	got := call(t, cpuLevels, append(args, "-o", "json")...)
	var result struct {
		Thresholds []struct {
			Recommendations []v1alpha1.Recommendation
			Levels          []levelCurve
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	first := result.Thresholds[0]
	if len(first.Recommendations) == 0 || first.Recommendations[0].Above != "90%" {
		t.Errorf("recommendations = %+v, want 90%% for warning", first.Recommendations)
	}
	if now := (curvePoint{"> 80%", 7}); len(first.Levels) != 2 || !contains(first.Levels[0].Curve, now) {
		t.Errorf("levels = %+v, want the point %v", first.Levels, now)
	}

	table := call(t, cpuLevels, args...)
	for _, want := range []string{
		"warning    > 80%   > 90%", "kubectl patch alertthreshold cpu -n ai --type=json -p '[",
		`{"op":"test","path":"/spec/levels/0/severity","value":"warning"},{"op":"replace","path":"/spec/levels/0/above","value":"90%"}]'`,
	} {
		if !strings.Contains(table.stdout, want) {
			t.Errorf("table does not say %q:\n%s%s", want, table.stdout, table.stderr)
		}
	}
	if want := "AlertThreshold ai/cpu: critical > 90% is left out of the patch"; !strings.Contains(table.stderr, want) {
		t.Errorf("stderr does not say %q: %s", want, table.stderr)
	}

	patch := call(t, cpuLevels, append(args, "-o", "yaml")...)
	if !strings.Contains(patch.stdout, "  - above: 90%\n    severity: warning\n") {
		t.Errorf("yaml is\n%s", patch.stdout)
	}
}

func contains(points []curvePoint, want curvePoint) bool {
	for _, point := range points {
		if point == want {
			return true
		}
	}
	return false
}
