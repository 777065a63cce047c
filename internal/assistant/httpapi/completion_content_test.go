package httpapi

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func userContent(parts string) string {
	return `{"model":"test-model","messages":[{"role":"user","content":[` + parts + `]}]}`
}

func TestMediaReachTheModel(t *testing.T) {
	media := func(mediaType string) assistant.Part {
		return assistant.Part{Media: &assistant.Media{Type: mediaType, Data: []byte{0, 0, 1}}}
	}
	got := asked(t, userContent(`{"type":"text","text":"Look"},{"type":"text","text":": "},
		{"type":"image_url","image_url":{"url":"data:image/jpg;base64,AAAB","detail":"high"}},
		{"type":"image_url","image_url":{"url":"DATA:image/webp;name=a;base64,AAAB"}},
		{"type":"text","text":""},
		{"type":"input_audio","input_audio":{"data":"AAAB","format":"mp3"}},
		{"type":"input_audio","input_audio":{"data":"AAAB","format":"flac"}},
		{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAB"}},
		{"type":"text","text":"What is it?"}`)).Messages[0]
	want := assistant.Message{Role: assistant.RoleUser, Parts: []assistant.Part{
		{Text: "Look: "}, media("image/jpeg"), media("image/webp"), media("audio/mp3"), media("audio/flac"), media("application/pdf"), {Text: "What is it?"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v\nwant  %+v", got, want)
	}
	if got := asked(t, userContent(`{"type":"image_url","image_url":{"url":"data:image/png;base64,AAA="}}`)); len(got.Messages) != 1 {
		t.Errorf("an image alone: asked %+v", got)
	}
}

func TestBadContent(t *testing.T) {
	const url, file = "messages[0].content[0].image_url.url", "messages[0].content[0].file"
	image := func(url string) string {
		return userContent(`{"type":"image_url","image_url":{"url":"` + url + `"}}`)
	}
	for _, tt := range []struct{ name, body, code, param, message string }{
		{"an address", image("https://example.com/a.png"), "unsupported_parameter", url, "data URL"},
		{"nothing known", image("x"), "invalid_value", url, "data URL"},
		{"no base64", image("data:image/png,AAAA"), "invalid_value", url, "data URL"},
		{"broken base64", image("data:image/png;base64,A"), "invalid_value", url, "base64"},
		{"no data", image("data:image/png;base64,"), "invalid_value", url, "empty"},
		{"an unknown type", image("data:image/tiff;base64,AAAA"), "unsupported_media_type", url, "png, jpeg, webp"},
		{"an unknown sound", userContent(`{"type":"input_audio","input_audio":{"data":"AAAA","format":"midi"}}`),
			"unsupported_media_type", "messages[0].content[0].input_audio", "wav, mp3"},
		{"a file by its id", userContent(`{"type":"file","file":{"file_id":"f"}}`), "unsupported_parameter", file, "file_data"},
		{"a file without data", userContent(`{"type":"file"}`), "unsupported_parameter", file, "file_data"},
		{"a video", userContent(`{"type":"video_url","video_url":{}}`), "unsupported_parameter", "messages[0].content[0]", "image_url"},
		{"an image that is text", userContent(`{"type":"image_url","image_url":"x"}`), "invalid_type", "messages[0].content", "parts"},
		{"the assistant's image", withMessages(`{"role":"assistant","content":[{"type":"image_url","image_url":{"url":"x"}}]}`),
			"unsupported_parameter", "messages[0].content[0]", "user"},
		{"the assistant's voice", withMessages(`{"role":"assistant","audio":{"id":"a"}}`), "unsupported_parameter", "messages[0].audio", "text"},
		{"a blank end", withMessages(`{"role":"user","content":"a"},{"role":"user","content":" "}`), "invalid_value", "messages", "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantRefused(t, tt.body, tt.code, tt.param, tt.message) })
	}
}

func TestConversationsMayEndAsTheyLike(t *testing.T) {
	user, model := assistant.NewText(assistant.RoleUser, "a"), assistant.NewText(assistant.RoleModel, "b")
	for list, want := range map[string]assistant.Request{
		`{"role":"user","content":"a"},{"role":"assistant","content":"b"}`:                                {Messages: []assistant.Message{user, model}},
		`{"role":"user","content":"a"},{"role":"system","content":"s"}`:                                   {System: "s", Messages: []assistant.Message{user}},
		`{"role":"system","content":"s"},{"role":"developer","content":[{"type":"text","text":"d"}]}`:     {System: "s\n\nd"},
		`{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"refusal","refusal":"b"}]}`: {Messages: []assistant.Message{user, model}},
		`{"role":"user","content":"a"},{"role":"assistant","content":null,"refusal":"b"}`:                 {Messages: []assistant.Message{user, model}},
		`{"role":"user","content":"a"},{"role":"assistant","content":null}`:                               {Messages: []assistant.Message{user}},
		`{"role":"assistant","content":"b"},{"role":"user","content":"a"},{"role":"user","content":"a"}`:  {Messages: []assistant.Message{model, user, user}},
		`{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"time"}}]},{"role":"system","content":"s"}`: {System: "s", Messages: []assistant.Message{{
			Role: assistant.RoleModel, ToolCalls: []assistant.ToolCall{{ID: "c", Name: "time", Arguments: "{}"}},
		}}},
	} {
		if got := asked(t, `{"model":"test-model","messages":[`+list+`]}`); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\nasked %+v\nwant  %+v", list, got, want)
		}
	}
}

func TestFormatsReachTheModel(t *testing.T) {
	for format, want := range map[string]assistant.Format{
		`null`: {}, `{"type":"text"}`: {}, `{"type":"json_object"}`: {JSON: true},
		`{"type":"json_schema","json_schema":{"name":"town","description":"d","schema":{"type":"object"},"strict":true}}`: {
			JSON: true, Schema: json.RawMessage(`{"type":"object"}`), Name: "town", Strict: true,
		},
		`{"type":"json_schema","json_schema":{"name":"town","strict":null}}`: {JSON: true, Name: "town"},
	} {
		if got := asked(t, with(`"response_format":`+format)).Format; !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %+v, want %+v", format, got, want)
		}
	}
	for _, tt := range []struct{ format, code, param, message string }{
		{`"json"`, "invalid_type", "response_format", "json_object"},
		{`{"type":"grammar"}`, "invalid_value", "response_format", "json_schema"},
		{`{"type":"json_schema"}`, "invalid_value", "response_format", "json_schema"},
		{`{"type":"json_schema","json_schema":{"name":"a b"}}`, "invalid_value", "response_format.json_schema.name", "letters"},
		{`{"type":"json_schema","json_schema":{"name":"a","schema":true}}`, "invalid_type", "response_format.json_schema.schema", "object"},
	} {
		wantRefused(t, with(`"response_format":`+tt.format), tt.code, tt.param, tt.message)
	}
}

func TestOptionsReachTheModel(t *testing.T) {
	got := asked(t, with(`"presence_penalty":-2,"frequency_penalty":0.5,"seed":-3,"top_k":40,"reasoning_effort":"xhigh"`)).Options
	if *got.PresencePenalty != -2 || *got.FrequencyPenalty != 0.5 || *got.Seed != -3 || *got.TopK != 40 || got.Effort != assistant.EffortMax {
		t.Errorf("options = %+v", got)
	}
	for _, effort := range []string{"none", "minimal", "low", "medium", "high"} {
		if got := asked(t, with(`"reasoning_effort":"`+effort+`"`)).Options.Effort; string(got) != effort {
			t.Errorf("effort = %s, want %s", got, effort)
		}
	}
	for _, tt := range []struct{ parameters, code, param, message string }{
		{`"presence_penalty":2.1`, "invalid_value", "presence_penalty", "-2 to 2"},
		{`"frequency_penalty":-3`, "invalid_value", "frequency_penalty", "-2 to 2"},
		{`"seed":1.5`, "invalid_type", "seed", "whole"},
		{`"top_k":0`, "invalid_value", "top_k", "1"},
		{`"reasoning_effort":"most"`, "invalid_value", "reasoning_effort", "minimal"},
		{`"logit_bias":{"1":2}`, "unsupported_parameter", "logit_bias", "leave it out"},
	} {
		wantRefused(t, with(tt.parameters), tt.code, tt.param, tt.message)
	}
}
