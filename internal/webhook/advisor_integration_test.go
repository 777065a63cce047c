//go:build integration

package webhook

import (
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestCompareLevels tries levels on clocks, which a real Prometheus knows for all time: hour() is above 12 once a day.
func TestCompareLevels(t *testing.T) {
	server := prometheusserver.Start(t, "{}")
	client, err := promapi.New(promapi.Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	a := newBacktestAdvisor(client, BacktestOptions{Window: 7 * 24 * time.Hour, Step: time.Minute})
	a.now = func() time.Time { return midnight.Add(20 * time.Second) }

	warning := func(above v1alpha1.Value, holds v1alpha1.Duration) v1alpha1.Level {
		return v1alpha1.Level{Severity: "warning", Above: above, For: holds}
	}
	never := v1alpha1.Level{Severity: "critical", Above: "23"}
	once := v1alpha1.Level{Severity: "warning", Below: "1", For: "23h"}
	hours, days, nothing := "hour()", "day_of_week()", "vector(scalar(hour() > 99))"
	// A scalar of no series is no number, which counts as no value: these have one on Tuesday only.
	briefly := "vector(scalar(day_of_week() == 2 and hour() == 3 and minute() == 17))"
	hourly := "vector(scalar(day_of_week() == 2 and hour() == 3))"
	for name, tc := range map[string]struct {
		present, proposed *rules.Plan
		want              []string
	}{
		"new": {nil, plan(t, hours, warning("12", ""), never), []string{
			"level warning (> 12) would have fired 7 times in the last 7d (100% covered)",
			"level critical (> 23) would have fired 0 times in the last 7d (100% covered)",
		}},
		"another level": {plan(t, hours, warning("12", ""), never), plan(t, hours, warning("12", "12h"), never), []string{
			"level warning (> 12 for 12h) would have fired 0 times in the last 7d (100% covered), the present one (> 12) 7 times",
		}},
		"another signal": {plan(t, hours, warning("12", "")), plan(t, days, once), []string{
			"level warning (< 1 for 23h) would have fired once in the last 7d (100% covered), the present one (> 12) 7 times",
		}},
		"a minute of a week": {nil, plan(t, briefly, v1alpha1.Level{Severity: "warning", Above: "0"}), []string{
			"level warning (> 0) would have fired once in the last 7d (<1% covered)",
		}},
		"a minute that does not fire": {nil, plan(t, briefly, v1alpha1.Level{Severity: "warning", Above: "0", For: "10m"}), []string{
			"level warning (> 0 for 10m) would have fired 0 times in the last 7d (<1% covered)",
		}},
		"an hour of a week": {nil, plan(t, hourly, v1alpha1.Level{Severity: "warning", Above: "0"}), []string{
			"level warning (> 0) would have fired once in the last 7d (<1% covered)",
		}},
		"nothing passes": {nil, plan(t, "hour() > 99", never), []string{
			"level critical (> 23) would have fired 0 times in the last 7d",
		}},
		"an hour a day passes": {nil, plan(t, "hour() == 22 unless vector(0)", never), []string{
			"level critical (> 23) would have fired 0 times in the last 7d",
		}},
		"nothing is absent": {nil, plan(t, "absent(vector(1))", v1alpha1.Level{Severity: "warning", Above: "0"}), []string{
			"level warning (> 0) would have fired 0 times in the last 7d",
		}},
		"no data": {nil, plan(t, nothing, never), []string{
			"no value of the signal was found in the last 7d: what the levels would have done is not known",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := a.compare(t.Context(), tc.present, tc.proposed)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("sentences %q, %v, want %q", got, err, tc.want)
			}
		})
	}

	server.Stop()
	if got, err := a.compare(t.Context(), nil, plan(t, hours, never)); err == nil {
		t.Errorf("nobody was asked, and yet: %q", got)
	}
}

func plan(t *testing.T, expr string, levels ...v1alpha1.Level) *rules.Plan {
	t.Helper()
	threshold := &v1alpha1.AlertThreshold{}
	threshold.Namespace, threshold.Name = "ai", "clock"
	threshold.Spec = v1alpha1.AlertThresholdSpec{Alert: "Clock", Expr: expr, Levels: levels}
	plan, errs := rules.Resolve(threshold)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return plan
}
