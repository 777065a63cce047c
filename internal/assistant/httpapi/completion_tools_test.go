package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const (
	weatherTool = `{"type":"function","function":{"name":"weather","description":"of a town","parameters":{"type":"object"},"strict":true}}`
	timeTool    = `{"type":"function","function":{"name":"time"}}`
	bothTools   = `"tools":[` + weatherTool + `,` + timeTool + `]`
)

// asked is what a model is asked by a body, which must be accepted.
func asked(t *testing.T, body string) assistant.Request {
	t.Helper()
	var called assistant.Request
	if w := complete(t, parts(&called), body); w.Code != 200 {
		t.Fatalf("%s is answered with %d %s", body, w.Code, w.Body)
	}
	return called
}

// withMessages is a request of messages, a JSON fragment.
func withMessages(list string) string {
	return `{"model":"test-model",` + bothTools + `,"messages":[` + list + `]}`
}

func TestToolsReachTheModel(t *testing.T) {
	tools := []assistant.Tool{
		{Name: "weather", Description: "of a town", Parameters: json.RawMessage(`{"type":"object"}`), Strict: true}, {Name: "time"},
	}
	for parameters, want := range map[string]assistant.ToolChoice{
		`"tool_choice":null`:                                  {},
		`"tool_choice":"auto"`:                                {},
		`"tool_choice":"none"`:                                {Mode: assistant.ToolsNone},
		`"tool_choice":"required","parallel_tool_calls":true`: {Mode: assistant.ToolsRequired},
		`"parallel_tool_calls":false`:                         {One: true},
		`"tool_choice":{"type":"function","function":{"name":"time"}}`: {
			Mode: assistant.ToolsRequired, Names: []string{"time"},
		},
		`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[` + timeTool + `]}}`: {Names: []string{"time"}},
		`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[` + timeTool + `,` + weatherTool + `]}}`: {
			Mode: assistant.ToolsRequired, Names: []string{"time", "weather"},
		},
	} {
		got := asked(t, with(bothTools+","+parameters))
		if !reflect.DeepEqual(got.Tools, tools) || !reflect.DeepEqual(got.ToolChoice, want) {
			t.Errorf("%s: asked %+v, %+v", parameters, got.Tools, got.ToolChoice)
		}
	}
}

func TestRoundsOfToolsReachTheModel(t *testing.T) {
	signed := "c1." + base64.RawURLEncoding.EncodeToString([]byte("proof?>"))
	got := asked(t, withMessages(`
		{"role":"user","content":"Weather?"},
		{"role":"assistant","content":null,"tool_calls":[
			{"id":"`+signed+`","type":"function","function":{"name":"weather","arguments":"{\"town\":\"Kiel\"}"}},
			{"id":"c2","type":"function","function":{"name":"time","arguments":""}}]},
		{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"no"},{"type":"text","text":"on"}]},
		{"role":"tool","tool_call_id":"`+signed+`","content":"rain"},
		{"role":"assistant","content":"Again?","tool_calls":[{"id":"foreign.i!","function":{"name":"time","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"foreign.i!","content":""},
		{"role":"assistant","content":"Rain at noon."},
		{"role":"user","content":"Thanks"}`)).Messages
	want := []assistant.Message{
		assistant.NewText(assistant.RoleUser, "Weather?"),
		{Role: assistant.RoleModel, ToolCalls: []assistant.ToolCall{
			{ID: "c1", Name: "weather", Arguments: `{"town":"Kiel"}`, Signature: []byte("proof?>")}, {ID: "c2", Name: "time", Arguments: "{}"},
		}},
		{Role: assistant.RoleTool, ToolCallID: "c2", Parts: []assistant.Part{{Text: "noon"}}},
		{Role: assistant.RoleTool, ToolCallID: "c1", Parts: []assistant.Part{{Text: "rain"}}},
		{Role: assistant.RoleModel, Parts: []assistant.Part{{Text: "Again?"}}, ToolCalls: []assistant.ToolCall{{ID: "foreign.i!", Name: "time", Arguments: "{}"}}},
		{Role: assistant.RoleTool, ToolCallID: "foreign.i!", Parts: []assistant.Part{{}}},
		assistant.NewText(assistant.RoleModel, "Rain at noon."), assistant.NewText(assistant.RoleUser, "Thanks"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v\nwant  %+v", got, want)
	}
}

func TestBadTools(t *testing.T) {
	call := `{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"time","arguments":"{}"}}]}`
	for _, tt := range []struct{ name, body, code, param, message string }{
		{"a number", with(`"tools":1`), "invalid_type", "tools", "array"},
		{"of another type", with(`"tools":[{"type":"custom"}]`), "unsupported_parameter", "tools[0].type", "function"},
		{"without a name", with(`"tools":[{"type":"function","function":{}}]`), "invalid_value", "tools[0].function.name", "letters"},
		{"a schema that is none", with(`"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]`), "invalid_type", "tools[0].function.parameters", "schema"},
		{"twice", with(`"tools":[` + timeTool + `,` + timeTool + `]`), "invalid_value", "tools[1]", "same name"},
		{"too many", with(`"tools":[` + strings.Repeat(timeTool+",", 128) + timeTool + `]`), "invalid_value", "tools", "128"},
		{"required without any", with(`"tool_choice":"required"`), "invalid_value", "tool_choice", "tools"},
		{"another mode", with(bothTools + `,"tool_choice":"any"`), "invalid_value", "tool_choice", "required"},
		{"another type of choice", with(bothTools + `,"tool_choice":{"type":"custom"}`), "invalid_value", "tool_choice", "allowed_tools"},
		{"a tool that is not there", with(bothTools + `,"tool_choice":{"type":"function","function":{"name":"x"}}`), "invalid_value", "tool_choice", "not in tools"},
		{"none allowed", with(bothTools + `,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}`), "invalid_value", "tool_choice.allowed_tools.tools", "none"},
		{"functions", with(`"functions":[{"name":"f"}]`), "unsupported_parameter", "functions", "send tools"},
		{"function_call", with(`"function_call":{"name":"f"}`), "unsupported_parameter", "function_call", "tool_choice"},
		{"role function", withMessages(`{"role":"function","name":"f","content":"a"}`), "unsupported_parameter", "messages[0].role", "role tool"},
		{"an old call", withMessages(`{"role":"assistant","function_call":{"name":"f"}}`), "unsupported_parameter", "messages[0].function_call", "tool_calls"},
		{"a user's call", withMessages(`{"role":"user","tool_calls":[{"id":"c"}]}`), "invalid_value", "messages[0].tool_calls", "assistant"},
		{"calls of another kind", withMessages(`{"role":"assistant","tool_calls":{}}`), "invalid_type", "messages[0].tool_calls", "array"},
		{"a call of another type", withMessages(`{"role":"assistant","tool_calls":[{"id":"c","type":"custom"}]}`), "unsupported_parameter", "messages[0].tool_calls[0].type", "function"},
		{"a call without an id", withMessages(`{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}`), "invalid_value", "messages[0].tool_calls[0]", "id"},
		{"arguments that are none", withMessages(`{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"[]"}}]}`),
			"invalid_value", "messages[0].tool_calls[0].function.arguments", "object"},
		{"a result of no call", withMessages(`{"role":"tool","tool_call_id":"c","content":"a"}`), "invalid_value", "messages[0].tool_call_id", "no tool call"},
		{"a result of another call", withMessages(call + `,{"role":"tool","tool_call_id":"d","content":"a"}`), "invalid_value", "messages[1].tool_call_id", "no tool call"},
		{"no result", withMessages(call + `,{"role":"user","content":"a"}`), "invalid_value", "messages[1]", "result"},
		{"a result that is an image", withMessages(call + `,{"role":"tool","tool_call_id":"c","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}`),
			"unsupported_parameter", "messages[1].content[0]", "user"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantRefused(t, tt.body, tt.code, tt.param, tt.message) })
	}
}

// wantRefused checks that a body is answered with 400, and with what in the message helps.
func wantRefused(t *testing.T, body, code, param, message string) {
	t.Helper()
	w := complete(t, parts(nil), body)
	got := decode[openAIErrorBody](t, w.Body).Error
	if got.Param == nil {
		got.Param = new(string)
	}
	if w.Code != 400 || got.Code != code || *got.Param != param || !strings.Contains(got.Message, message) {
		t.Errorf("answer = %d %s %q %s; want 400 %s %q, and %q", w.Code, got.Code, *got.Param, got.Message, code, param, message)
	}
}

// caller is a model that calls two tools, in parts if it is asked to.
func caller(text string) streamer {
	return streamer{"test-model", func(_ context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		answer := assistant.Answer{Text: text, Finish: assistant.FinishToolCalls, ToolCalls: []assistant.ToolCall{
			{ID: "c1", Name: "weather", Arguments: `{"town":"Kiel"}`, Signature: []byte("proof")}, {ID: "c2", Name: "time", Arguments: "{}"},
		}}
		if emit == nil {
			return answer, nil
		}
		for _, d := range []assistant.Delta{
			{Text: text},
			{ToolCall: &assistant.ToolCallDelta{ID: "c1", Name: "weather", Signature: []byte("proof")}},
			{ToolCall: &assistant.ToolCallDelta{Arguments: `{"town":`}},
			{ToolCall: &assistant.ToolCallDelta{Arguments: `"Kiel"}`}},
			{ToolCall: &assistant.ToolCallDelta{Index: 1, ID: "c2", Name: "time", Arguments: "{}"}},
		} {
			if err := emit(d); err != nil {
				return answer, err
			}
		}
		return answer, nil
	}}
}

func TestToolCallsAreOpenAIs(t *testing.T) {
	calls := `"tool_calls":[{"id":"c1.cHJvb2Y","type":"function","function":{"name":"weather","arguments":"{\"town\":\"Kiel\"}"}},` +
		`{"id":"c2","type":"function","function":{"name":"time","arguments":"{}"}}]`
	for text, content := range map[string]string{"": "null", "Wait.": `"Wait."`} {
		w := complete(t, caller(text), with(bothTools))
		want := `"message":{"role":"assistant","content":` + content + `,"refusal":null,` + calls + `},"logprobs":null,"finish_reason":"tool_calls"`
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("answer = %s\nwant in it %s", w.Body, want)
		}
	}
}

func TestToolCallsAreStreamedInParts(t *testing.T) {
	whole := generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
		return caller("").generate(context.Background(), assistant.Request{}, nil)
	})
	first := `"delta":{"tool_calls":[{"index":0,"id":"c1.cHJvb2Y","type":"function","function":{"name":"weather","arguments":`
	last := []string{
		`"delta":{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"time","arguments":"{}"}}]}`,
		`"finish_reason":"tool_calls"`, "[DONE]",
	}
	for _, tt := range []struct {
		model assistant.Model
		want  []string
	}{
		{caller(""), append([]string{`"role":"assistant"`, first + `""}}]}`,
			`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"town\":"}}]}`,
			`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Kiel\"}"}}]}`}, last...)},
		{whole, append([]string{`"role":"assistant"`, first + `"{\"town\":\"Kiel\"}"}}]}`}, last...)},
	} {
		got := events(t, complete(t, tt.model, with(bothTools+`,"stream":true`)).Body.String())
		if len(got) != len(tt.want) {
			t.Fatalf("events = %q, want %q", got, tt.want)
		}
		for i, want := range tt.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("event %d = %s, want %s", i, got[i], want)
			}
		}
	}
}

func TestASignatureTravelsInTheID(t *testing.T) {
	for wire, want := range map[string]assistant.ToolCall{
		"c":        {ID: "c"},
		"c.AA":     {ID: "c", Signature: []byte{0}},
		"a.b.AA":   {ID: "a.b", Signature: []byte{0}},
		"c.":       {ID: "c."},
		"c.!":      {ID: "c.!"},
		"c.AAA=":   {ID: "c.AAA="},
		"call_1.5": {ID: "call_1.5"},
	} {
		id, signature := splitCallID(wire)
		if id != want.ID || string(signature) != string(want.Signature) || wireCallID(id, signature) != wire {
			t.Errorf("%s = %q and %x, and back %s", wire, id, signature, wireCallID(id, signature))
		}
	}
}
