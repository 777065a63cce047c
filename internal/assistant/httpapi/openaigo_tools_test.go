package httpapi

import (
	"context"
	"reflect"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// askingTools is a model that calls tools until it has results, and keeps what it was asked last.
func askingTools(called *assistant.Request) streamer {
	return streamer{"test-model", func(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		*called = r
		if r.Messages[len(r.Messages)-1].Role == assistant.RoleTool {
			return parts(nil).generate(ctx, r, emit)
		}
		return caller("").generate(ctx, r, emit)
	}}
}

func weatherQuestion() openai.ChatCompletionNewParams {
	params := question("test-model")
	params.Tools = []openai.ChatCompletionToolUnionParam{
		openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: "weather", Description: openai.String("of a town"), Strict: openai.Bool(true),
			Parameters: shared.FunctionParameters{"type": "object", "properties": map[string]any{"town": map[string]string{"type": "string"}}},
		}),
		openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "time"}),
	}
	params.ToolChoice = openai.ToolChoiceOptionAllowedTools(openai.ChatCompletionAllowedToolsParam{
		Mode: openai.ChatCompletionAllowedToolsModeRequired, Tools: []map[string]any{{"type": "function", "function": map[string]string{"name": "weather"}}},
	})
	params.ParallelToolCalls = openai.Bool(true)
	return params
}

// answerCalls adds a message with tool calls, and the result of each.
func answerCalls(t *testing.T, params *openai.ChatCompletionNewParams, message openai.ChatCompletionMessage) {
	t.Helper()
	if len(message.ToolCalls) != 2 || message.ToolCalls[0].Function.Arguments != `{"town":"Kiel"}` || message.ToolCalls[1].Function.Name != "time" {
		t.Fatalf("calls = %+v", message.ToolCalls)
	}
	params.Messages = append(params.Messages, message.ToParam())
	for _, call := range message.ToolCalls {
		params.Messages = append(params.Messages, openai.ToolMessage("result of "+call.Function.Name, call.ID))
	}
}

// wantRound checks that the model gets its calls back, with the signature, and their results.
func wantRound(t *testing.T, called assistant.Request) {
	t.Helper()
	want := []assistant.Message{
		{Role: assistant.RoleModel, ToolCalls: []assistant.ToolCall{
			{ID: "c1", Name: "weather", Arguments: `{"town":"Kiel"}`, Signature: []byte("proof")}, {ID: "c2", Name: "time", Arguments: "{}"},
		}},
		{Role: assistant.RoleTool, ToolCallID: "c1", Parts: []assistant.Part{{Text: "result of weather"}}},
		{Role: assistant.RoleTool, ToolCallID: "c2", Parts: []assistant.Part{{Text: "result of time"}}},
	}
	if got := called.Messages[1:]; !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v\nwant  %+v", got, want)
	}
	if c := called.ToolChoice; len(called.Tools) != 2 || c.Mode != assistant.ToolsRequired || len(c.Names) != 1 {
		t.Errorf("tools = %+v, choice = %+v", called.Tools, c)
	}
}

func TestOpenAIsClientAnswersToolCalls(t *testing.T) {
	var called assistant.Request
	client, params := openAIClient(t, askingTools(&called), aliceKey), weatherQuestion()
	got, err := client.Chat.Completions.New(t.Context(), params)
	if err != nil || got.Choices[0].FinishReason != "tool_calls" {
		t.Fatalf("answer = %+v, %v", got, err)
	}
	answerCalls(t, &params, got.Choices[0].Message)
	if got, err = client.Chat.Completions.New(t.Context(), params); err != nil || got.Choices[0].Message.Content != "Hello, world" {
		t.Errorf("answer = %+v, %v", got, err)
	}
	wantRound(t, called)
}

func TestOpenAIsClientAnswersStreamedToolCalls(t *testing.T) {
	var called assistant.Request
	client, params := openAIClient(t, askingTools(&called), aliceKey), weatherQuestion()
	accumulate := func() openai.ChatCompletionChoice {
		stream := client.Chat.Completions.NewStreaming(t.Context(), params)
		defer stream.Close()
		var completion openai.ChatCompletionAccumulator
		for stream.Next() {
			if !completion.AddChunk(stream.Current()) {
				t.Errorf("a chunk does not belong to the others: %s", stream.Current().RawJSON())
			}
		}
		if err := stream.Err(); err != nil || len(completion.Choices) != 1 {
			t.Fatalf("choices = %+v, %v", completion.Choices, err)
		}
		return completion.Choices[0]
	}
	got := accumulate()
	if got.FinishReason != "tool_calls" {
		t.Errorf("finish reason = %s", got.FinishReason)
	}
	answerCalls(t, &params, got.Message)
	if got := accumulate(); got.Message.Content != "Hello, world" {
		t.Errorf("answer = %+v", got)
	}
	wantRound(t, called)
}
