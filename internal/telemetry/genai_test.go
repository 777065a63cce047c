package telemetry

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

func genAIRecorder(names GenAINames) *Recorder {
	return New(Config{Models: []string{model}, System: func() system.Reading { return system.Reading{} }, GenAI: names})
}

func TestGenAIMetricsByGeneration(t *testing.T) {
	for names, want := range map[GenAINames][]metric.Metric{
		GenAIOff: nil, "": nil, GenAIOld: metric.GenAIOld(), GenAINew: metric.GenAINew(),
		GenAIBoth: slices.Concat(metric.GenAIOld(), metric.GenAINew()),
	} {
		t.Run(string(names), func(t *testing.T) {
			r := genAIRecorder(names)
			Instrument(fakeModel{}, r, slog.New(slog.DiscardHandler))
			families := gatherFamilies(t, r)
			for _, m := range want {
				f, ok := families[m.Name]
				if !ok {
					t.Errorf("%s is missing, though nobody has called yet", m.Name)
					continue
				}
				var labels []string
				for _, l := range f.GetMetric()[0].GetLabel() {
					labels = append(labels, l.GetName())
				}
				if sorted := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(labels, sorted) {
					t.Errorf("%s has labels %v, want %v", m.Name, labels, sorted)
				}
			}
			for name := range families {
				known := slices.ContainsFunc(want, func(m metric.Metric) bool { return m.Name == name })
				if strings.HasPrefix(name, "gen_ai_") && !known {
					t.Errorf("%s is there", name)
				}
			}
		})
	}
}

// sums returns the sums of a family's series that are not zero, by the values of their labels.
func sums(t *testing.T, r *Recorder, m metric.Metric) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for _, s := range gatherFamilies(t, r)[m.Name].GetMetric() {
		var key []string
		for _, l := range s.GetLabel() {
			key = append(key, l.GetValue())
		}
		if v := sumOf(s); v != 0 {
			out[strings.Join(key, " ")] = v
		}
	}
	return out
}

func sumOf(s *dto.Metric) float64 { return s.GetCounter().GetValue() + s.GetHistogram().GetSampleSum() }

func TestGenAICalls(t *testing.T) {
	r := genAIRecorder(GenAIBoth)
	p := provider{"gcp.gemini", "generate_content"}
	usage := assistant.Usage{PromptTokens: 7, CompletionTokens: 5, CachedTokens: 3, ThinkingTokens: 2, Source: assistant.UsageReported}
	r.ModelCall(t.Context(), Call{
		Model: model, Elapsed: 2 * time.Second, FirstText: time.Second, Parts: 1, Usage: usage, provider: p,
	})
	r.ModelCall(t.Context(), Call{
		Model: model, Elapsed: 4 * time.Second, Err: failure(assistant.KindTimeout),
		Usage: assistant.Usage{Source: assistant.UsageUnknown}, provider: p,
	})
	const call = "generate_content gcp.gemini " + model // labels are sorted by name
	for _, tt := range []struct {
		metric metric.Metric
		want   map[string]float64
	}{
		{metric.GenAIOperationDuration, map[string]float64{" " + call: 2, "timeout " + call: 4}},
		{metric.GenAIInferenceDuration, map[string]float64{" " + call: 2, "timeout " + call: 4}},
		{metric.GenAIOperationFirst, map[string]float64{call: 1}},
		{metric.GenAIInferenceFirst, map[string]float64{call: 1}},
		{metric.GenAITokenUsage, map[string]float64{call + " input": 7, call + " output": 5}},
		{metric.GenAIInputTokens, map[string]float64{call + " text": 7}},
		{metric.GenAIOutputTokens, map[string]float64{call + " text": 5}},
		{metric.GenAICachedTokens, map[string]float64{call + " text": 3}},
		{metric.GenAIReasoningTokens, map[string]float64{call + " text": 2}},
		{metric.GenAIInputPerCall, map[string]float64{call: 7}},
		{metric.GenAIOutputPerCall, map[string]float64{call: 5}},
	} {
		got := sums(t, r, tt.metric)
		if len(got) != len(tt.want) {
			t.Errorf("%s = %v, want %v", tt.metric.Name, got, tt.want)
		}
		for key, want := range tt.want {
			if got[key] != want {
				t.Errorf("%s{%s} = %v, want %v", tt.metric.Name, key, got[key], want)
			}
		}
	}
}

func TestGenAIChunks(t *testing.T) {
	r := genAIRecorder(GenAIBoth)
	_, _ = Instrument(openAI{fakeModel{parts: []string{"a", "b", "c"}}}, r, slog.New(slog.DiscardHandler)).
		Generate(t.Context(), requestWith("x"), nil)
	for _, m := range []metric.Metric{metric.GenAIOperationPerChunk, metric.GenAIInferencePerChunk} {
		series := gatherFamilies(t, r)[m.Name].GetMetric()
		if len(series) != 1 || series[0].GetHistogram().GetSampleCount() != 2 {
			t.Errorf("%s = %v, want the two chunks after the first", m.Name, series)
		}
		for _, l := range series[0].GetLabel() {
			if l.GetName() == metric.GenAIProviderLabel && l.GetValue() != "openai" {
				t.Errorf("provider = %q", l.GetValue())
			}
		}
	}
}

func TestParseGenAINames(t *testing.T) {
	for _, s := range []string{"off", "old", "new", "both"} {
		if n, err := ParseGenAINames(s); err != nil || string(n) != s {
			t.Errorf("ParseGenAINames(%q) = %q, %v", s, n, err)
		}
	}
	for _, s := range []string{"", "true", "OLD"} {
		if _, err := ParseGenAINames(s); err == nil {
			t.Errorf("ParseGenAINames(%q) is no error", s)
		}
	}
}
