package metric

import (
	"slices"
	"strings"
	"testing"
)

// TestNamesFollowTheConventions holds the whole contract to Prometheus' naming: counters end in _total, units stand in
// the name, and no name is used twice.
func TestNamesFollowTheConventions(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range slices.Concat(All(), Client(), GenAIOld(), GenAINew()) {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if strings.HasSuffix(m.Name, "_total") != (m.Type == Counter) {
			t.Errorf("%s is a %s", m.Name, m.Type)
		}
		if !strings.HasSuffix(strings.TrimSuffix(m.Name, "_total"), string(m.Unit)) {
			t.Errorf("%s is in %s", m.Name, m.Unit)
		}
		if (len(m.Buckets) > 0) != (m.Type == Histogram) || !slices.IsSorted(m.Buckets) {
			t.Errorf("%s is a %s with buckets %v", m.Name, m.Type, m.Buckets)
		}
		if !strings.HasSuffix(m.Help, ".") {
			t.Errorf("%s has no help, or no sentence: %q", m.Name, m.Help)
		}
	}
}

// TestGenAIMetricsAreOpenTelemetrys: in their namespace, with their buckets, and told apart by what they require.
func TestGenAIMetricsAreOpenTelemetrys(t *testing.T) {
	for _, m := range append(GenAIOld(), GenAINew()...) {
		if !strings.HasPrefix(m.Name, "gen_ai_client_") {
			t.Errorf("%s is not theirs", m.Name)
		}
		for _, label := range []string{GenAIOperationLabel, GenAIProviderLabel, GenAIModelLabel} {
			if !slices.Contains(m.Labels, label) {
				t.Errorf("%s lacks the label %s", m.Name, label)
			}
		}
		if m.Unit == Seconds && (len(m.Buckets) != 14 || m.Buckets[13] != 81.92) {
			t.Errorf("%s has buckets %v", m.Name, m.Buckets)
		}
	}
}

func TestModelMetrics(t *testing.T) {
	for name, labels := range map[string][]string{
		"ai_time_to_first_token_seconds":   {"model"},
		"ai_time_per_output_token_seconds": {"model"},
		"ai_requests_in_flight":            {"model"},
		"ai_model_errors_total":            {"model", "error_type"},
		"ai_upstream_attempts_total":       {"model", "code"},
		"ai_finish_reasons_total":          {"model", "reason"},
		"ai_token_details_total":           {"model", "type"},
		"ai_cost_usd_total":                {"model", "type"},
		"ai_cost_lookups_total":            {"model", "status"},
		"ai_usage_records_total":           {"model", "source"},
	} {
		i := slices.IndexFunc(All(), func(m Metric) bool { return m.Name == name })
		if i < 0 {
			t.Errorf("%s is not in the contract", name)
		} else if got := All()[i].Labels; !slices.Equal(got, labels) {
			t.Errorf("%s has labels %v, want %v", name, got, labels)
		}
	}
	if got := len(SourceDocument()); got != 10 {
		t.Errorf("the source document has %d metrics, want its ten", got)
	}
}

func TestAttemptCodesAreAClosedSet(t *testing.T) {
	for status, want := range map[int]string{0: "error", 200: "200", 429: "429", 503: "503", 418: "other", -1: "other", 999: "other"} {
		if got := AttemptCode(status); got != want {
			t.Errorf("AttemptCode(%d) = %q, want %q", status, got, want)
		}
	}
	for status := range 1000 {
		if code := AttemptCode(status); !slices.Contains(AttemptCodes(), code) {
			t.Errorf("AttemptCode(%d) = %q is not one of AttemptCodes", status, code)
		}
	}
}
