package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// traced returns a recorder with a tracer, and where its spans go.
func traced(options ...sdktrace.TracerProviderOption) (*Recorder, *tracetest.SpanRecorder) {
	spans := tracetest.NewSpanRecorder()
	r := fresh()
	r.tracer = sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(spans))...).Tracer("test")
	return r, spans
}

// openAI is a model of another provider.
type openAI struct{ fakeModel }

func (openAI) Provider() string { return "openai" }

func attributesOf(s sdktrace.ReadOnlySpan) map[string]any {
	out := map[string]any{}
	for _, a := range s.Attributes() {
		out[string(a.Key)] = a.Value.AsInterface()
	}
	return out
}

func TestModelCallsAreSpans(t *testing.T) {
	const secret = "canary"
	complete := assistant.Answer{Text: secret, Finish: assistant.FinishStop, Usage: assistant.Usage{
		PromptTokens: 4, CompletionTokens: 9, CachedTokens: 1, ThinkingTokens: 2, Source: assistant.UsageReported,
	}}
	for _, tt := range []struct {
		name  string
		model assistant.Model
		want  map[string]any
	}{
		{"success", fakeModel{answer: complete}, map[string]any{
			"gen_ai.response.finish_reasons": []string{"stop"}, "gen_ai.usage.input_tokens": int64(4), "gen_ai.usage.output_tokens": int64(9),
			"gen_ai.usage.cache_read.input_tokens": int64(1), "gen_ai.usage.reasoning.output_tokens": int64(2),
		}},
		{"another provider", openAI{fakeModel{answer: assistant.Answer{Text: secret, Finish: assistant.FinishLength}}}, map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.response.finish_reasons": []string{"length"},
			"gen_ai.usage.input_tokens": int64(2), "gen_ai.usage.output_tokens": int64(2),
		}},
		{"blocked", fakeModel{answer: assistant.Answer{Finish: assistant.FinishBlocked}, err: failure(assistant.KindBlocked)}, map[string]any{
			"gen_ai.response.finish_reasons": []string{"content_filter"}, "error.type": "blocked",
		}},
		{"no answer", fakeModel{err: failure(assistant.KindQuotaDay)}, map[string]any{"error.type": "quota_day"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, spans := traced()
			_, err := Instrument(tt.model, r, slog.New(slog.DiscardHandler)).Generate(t.Context(), requestWith(secret), nil)
			ended := spans.Ended()
			if len(ended) != 1 {
				t.Fatalf("%d spans, want one", len(ended))
			}
			span, want := ended[0], map[string]any{
				"gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.gemini", "gen_ai.request.model": model,
			}
			maps.Copy(want, tt.want)
			if got := attributesOf(span); !reflect.DeepEqual(got, want) {
				t.Errorf("attributes = %v\nwant         %v", got, want)
			}
			if name := fmt.Sprintf("%s %s", want["gen_ai.operation.name"], model); span.Name() != name || span.SpanKind() != trace.SpanKindClient {
				t.Errorf("span %q of kind %s, want a client's %q", span.Name(), span.SpanKind(), name)
			}
			if failed := span.Status().Code.String() == "Error"; failed != (err != nil) {
				t.Errorf("status = %v after %v", span.Status(), err)
			}
			if strings.Contains(fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(span)), secret) {
				t.Error("the span holds what was said")
			}
		})
	}
}

func TestTheSpanHasTheTimeToTheFirstChunk(t *testing.T) {
	r, spans := traced()
	_, _ = Instrument(fakeModel{parts: []string{"a", "b"}}, r, slog.New(slog.DiscardHandler)).Generate(t.Context(), requestWith("x"), nil)
	if got, ok := attributesOf(spans.Ended()[0])["gen_ai.response.time_to_first_chunk"].(float64); !ok || got < 0 || got > 10 {
		t.Errorf("time to first chunk = %v", got)
	}
}

// TestAPanicEndsTheSpan: without its text, which may be the user's.
func TestAPanicEndsTheSpan(t *testing.T) {
	r, spans := traced()
	func() {
		defer func() { _ = recover() }()
		_, _ = Instrument(fakeModel{parts: []string{"one"}}, r, slog.New(slog.DiscardHandler)).
			Generate(t.Context(), requestWith("x"), func(assistant.Delta) error { panic("canary") })
	}()
	ended := spans.Ended()
	if len(ended) != 1 || len(ended[0].Events()) != 0 {
		t.Errorf("spans = %+v, want one without an event", tracetest.SpanStubsFromReadOnlySpans(ended))
	}
}

func TestTheLineOfACallHasItsSpan(t *testing.T) {
	var out bytes.Buffer
	r, spans := traced()
	_, _ = Instrument(fakeModel{}, r, logs.New(&out, slog.LevelInfo)).
		Generate(logs.WithRequestID(t.Context(), "r1"), requestWith("x"), nil)
	var line struct {
		TraceID string `json:"trace_id"`
		SpanID  string `json:"span_id"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if span := spans.Ended()[0].SpanContext(); line.TraceID != span.TraceID().String() || line.SpanID != span.SpanID().String() {
		t.Errorf("line = %+v, want those of %v", line, span)
	}
	if want := `"request_id":"r1","trace_id":"` + line.TraceID + `","span_id":"` + line.SpanID + `","model":`; !strings.Contains(out.String(), want) {
		t.Errorf("line %s lacks %s", out.String(), want)
	}
}

func TestExemplarsCarryTheTrace(t *testing.T) {
	fits := strings.Repeat("x", 78)
	for _, tt := range []struct {
		name, id                   string
		sampled, withID, withTrace bool
	}{
		{"both", "r1", true, true, true},
		{"no request", "", true, false, true},
		{"unsampled", "r1", false, true, false},
		{"as long as may be", fits, true, true, true},
		{"too long for both", fits + "x", true, true, false},
		{"too long", strings.Repeat("x", 128), true, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sampler := sdktrace.NeverSample()
			if tt.sampled {
				sampler = sdktrace.AlwaysSample()
			}
			r, _ := traced(sdktrace.WithSampler(sampler))
			ctx, span := r.tracer.Start(logs.WithRequestID(t.Context(), tt.id), "x", trace.WithAttributes(attribute.Bool("x", true)))
			r.Request(ctx, Request{"POST", "/chat", 200, time.Second})
			got := map[string]string{}
			for _, l := range gatherFamilies(t, r)[metric.HTTPRequests.Name].GetMetric()[0].GetCounter().GetExemplar().GetLabel() {
				got[l.GetName()] = l.GetValue()
			}
			want := map[string]string{}
			if tt.withID {
				want["request_id"] = tt.id
			}
			if tt.withTrace {
				want["trace_id"] = span.SpanContext().TraceID().String()
			}
			if !maps.Equal(got, want) {
				t.Errorf("exemplar = %v, want %v", got, want)
			}
		})
	}
}
