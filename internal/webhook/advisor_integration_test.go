//go:build integration

package webhook

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
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
		"no number": {nil, plan(t, nothing, never), []string{
			"there is no value: its series have no number but NaN, as 0/0 gives without traffic, which is neither above nor below a level",
			"no value of the signal was found in the last 7d: what the levels would have done is not known",
		}},
		"several alerts in one": {nil, plan(t, `label_replace(hour(), "severity", "a", "", "") or label_replace(hour() > 11, "severity", "b", "", "")`, warning("12", ""), never), []string{
			"Prometheus cannot evaluate the alert of level warning at 4620 of 10081 evaluations: vector contains metrics with the same labelset after applying alert labels",
			"level warning (> 12) would have fired 0 times in the last 7d (100% covered)",
			"level critical (> 23) would have fired 0 times in the last 7d (100% covered)",
		}},
		"several records in one": {nil, plan(t, `label_replace(hour(), "alertthreshold", "a", "", "") or label_replace(minute() < 30, "alertthreshold", "b", "", "")`, warning("12", "")), []string{
			"Prometheus cannot evaluate the rule that records the value at 5041 of 10081 evaluations: vector contains metrics with the same labelset after applying rule labels",
			"level warning (> 12) would have fired 77 times in the last 7d (56% covered)",
		}},
		"alerts of a label in turn": {nil, plan(t, `label_replace(hour() < 13, "severity", "a", "", "") or label_replace(hour() > 12, "severity", "b", "", "")`, warning("10", "5h")), []string{
			"level warning (> 10 for 5h) would have fired 7 times in the last 7d",
		}},
		"no data": {nil, plan(t, "hour() > 99 or hour() > 98", never), []string{
			"level critical (> 23) would have fired 0 times in the last 7d",
		}},
		"no series": {nil, plan(t, "x", never), []string{
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

// TestNoNamespace: a source whose series do not say their namespace, as those pushed by OTLP, is refused until a label of theirs
// is named, or some do.
func TestNoNamespace(t *testing.T) {
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "gen_ai_client_inference_usage_input_tokens_total{gen_ai_request_model=\"m\"} 1\n")
	}))
	defer program.Close()
	job := "- {job_name: %s, fallback_scrape_protocol: PrometheusText0.0.4, static_configs: [{targets: [" + program.Listener.Addr().String() + "], labels: {%s}}]}\n"
	pushed := "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\nscrape_configs:\n" + fmt.Sprintf(job, "pushed", "k8s_namespace_name: ai")
	tokens := cpu("80", func(t *v1alpha1.AlertThreshold) {
		t.Spec.Signal = &v1alpha1.Signal{Name: signal.TokenRate, Source: v1alpha1.SignalSource(signal.OpenTelemetry)}
	})
	for name, tc := range map[string]struct {
		config    string
		options   rules.Options
		threshold *v1alpha1.AlertThreshold
		refused   bool
	}{
		"pushed":           {pushed, rules.Options{}, tokens, true},
		"label named":      {pushed, rules.Options{OTelNamespaceLabel: "k8s_namespace_name"}, tokens, false},
		"another source":   {pushed, rules.Options{}, cpu("80%"), false},
		"some are scraped": {pushed + fmt.Sprintf(job, "scraped", "namespace: other"), rules.Options{}, tokens, false},
		"none":             {"{}", rules.Options{}, tokens, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := promapi.New(promapi.Options{URL: prometheusserver.Start(t, tc.config).URL()})
			if err != nil {
				t.Fatal(err)
			}
			jobs := strings.Count(tc.config, "job_name")
			for !client.Holds(t.Context(), fmt.Sprintf("count(up) == %d or vector(%d) == 0", jobs, jobs)) {
				time.Sleep(100 * time.Millisecond)
			}
			v := validator{newBacktestAdvisor(client, BacktestOptions{Window: time.Hour, Step: time.Minute}), tc.options}
			_, err = v.ValidateCreate(t.Context(), tc.threshold)
			if refused := err != nil && strings.Contains(err.Error(), "spec.signal.source: Invalid value: \"OpenTelemetry\": no such series") &&
				strings.Contains(err.Error(), "--otel-namespace-label=k8s_namespace_name"); refused != tc.refused || !refused && err != nil {
				t.Errorf("ValidateCreate = %v", err)
			}
		})
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
