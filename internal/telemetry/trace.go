package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// provider is a model's vendor and the operation that it offers, by the GenAI conventions of OpenTelemetry.
type provider struct{ name, operation string }

// providerOf asks the model's method Provider, which returns a gen_ai.provider.name. A model without it is Gemini's.
func providerOf(model any) provider {
	p := provider{semconv.GenAIProviderNameGCPGemini.Value.AsString(), semconv.GenAIOperationNameGenerateContent.Value.AsString()}
	if other, ok := model.(interface{ Provider() string }); ok && other.Provider() != p.name {
		return provider{other.Provider(), semconv.GenAIOperationNameChat.Value.AsString()}
	}
	return p
}

// startCallSpan starts the span of a model call; without a tracer it returns nil.
func startCallSpan(ctx context.Context, tracer trace.Tracer, model string, p provider) (context.Context, trace.Span) {
	if tracer == nil {
		return ctx, nil
	}
	return tracer.Start(ctx, p.operation+" "+model, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.GenAIOperationNameKey.String(p.operation), semconv.GenAIProviderNameKey.String(p.name),
		semconv.GenAIRequestModel(model)))
}

// describeCall sets what is known of a call that has ended. It sets no text of a prompt or an answer.
func describeCall(span trace.Span, c Call) {
	if span == nil || !span.IsRecording() {
		return
	}
	var attributes []attribute.KeyValue
	if c.Finish != "" {
		attributes = append(attributes, semconv.GenAIResponseFinishReasons(finishReason(c.Finish)))
	}
	if c.Parts > 0 {
		attributes = append(attributes, semconv.GenAIResponseTimeToFirstChunk(c.FirstText.Seconds()))
	}
	if c.Usage.Source != assistant.UsageUnknown {
		attributes = append(attributes, semconv.GenAIUsageInputTokens(c.Usage.PromptTokens),
			semconv.GenAIUsageOutputTokens(c.Usage.CompletionTokens))
	}
	if c.Usage.CachedTokens > 0 {
		attributes = append(attributes, semconv.GenAIUsageCacheReadInputTokens(c.Usage.CachedTokens))
	}
	if c.Usage.ThinkingTokens > 0 {
		attributes = append(attributes, semconv.GenAIUsageReasoningOutputTokens(c.Usage.ThinkingTokens))
	}
	if c.Err != nil {
		attributes = append(attributes, semconv.ErrorTypeKey.String(string(assistant.KindOf(c.Err))))
		span.SetStatus(codes.Error, c.Err.Error()) // as in the log
	}
	span.SetAttributes(attributes...)
}

// finishReason returns a finish reason in the conventions' words.
func finishReason(f assistant.Finish) string {
	if f == assistant.FinishBlocked {
		return "content_filter"
	}
	return string(f)
}
