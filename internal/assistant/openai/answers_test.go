package openai

import (
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// answerTest is a raw answer, and what must come of it.
type answerTest struct {
	name       string
	reply      reply
	want       assistant.Answer
	kind       assistant.Kind
	says       string // the error
	retryAfter time.Duration
	unsent     bool // the connection ended before a status
}

// sse is a stream of events and its end.
func sse(data ...string) string {
	return "data: " + strings.Join(append(data, "[DONE]"), "\n\ndata: ") + "\n\n"
}

func delta(delta string) string {
	return `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}`
}

func text(text string) string { return delta(`{"content":"` + text + `"}`) }

func call(fragment string) string { return delta(`{"tool_calls":[` + fragment + `]}`) }

func end(reason string) string {
	return `{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
}

func counted(usage string) string {
	return `{"object":"chat.completion.chunk","choices":[],"usage":` + strings.ReplaceAll(usage, "\n", "") + `}`
}

const plainUsage = `{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}`

// private is a message as servers send it.
const private = `"message":"You said: ` + canaryWords + ` with ` + canaryKey + `"`

func says(text string, finish assistant.Finish) assistant.Answer {
	return assistant.Answer{Text: text, Finish: finish}
}

func calls(calls ...assistant.ToolCall) assistant.Answer {
	return assistant.Answer{ToolCalls: calls, Finish: assistant.FinishToolCalls}
}

func withUsage(a assistant.Answer, prompt, completion, cached, thinking int) assistant.Answer {
	a.Usage = assistant.Usage{PromptTokens: prompt, CompletionTokens: completion, CachedTokens: cached, ThinkingTokens: thinking}
	return a
}

var answers = slices.Concat(streams, toolStreams, objects, brokenStreams, errorsWithin, httpErrors)

var streams = []answerTest{
	{
		name:  "OpenAI's stream",
		reply: reply{body: sse(delta(`{"role":"assistant","content":""}`), text("Hel"), text("lo"), end("stop"), counted(plainUsage))},
		want:  withUsage(says("Hello", assistant.FinishStop), 7, 3, 0, 0),
	},
	{
		name:  "CRLF",
		reply: reply{body: strings.ReplaceAll(sse(text("Hel"), text("lo"), end("stop"), counted(plainUsage)), "\n", "\r\n")},
		want:  withUsage(says("Hello", assistant.FinishStop), 7, 3, 0, 0),
	},
	{
		name:  "comments, blank lines and other fields",
		reply: reply{body: ": OPENROUTER PROCESSING\n\n\n\nretry: 10\nid: 1\n\n: ping\nevent: message\n" + sse(text("a"), end("stop"))},
		want:  says("a", assistant.FinishStop),
	},
	{
		name:  "no space after the colon, and an empty event",
		reply: reply{body: "data:" + text("a") + "\n\ndata:\n\ndata:" + end("stop") + "\n\ndata:[DONE]\n\n"},
		want:  says("a", assistant.FinishStop),
	},
	{
		name:  "no DONE and no last line end",
		reply: reply{body: "data: " + text("a") + "\n\ndata: " + end("stop")},
		want:  says("a", assistant.FinishStop),
	},
	{name: "no usage", reply: reply{body: sse(text("a"), end("stop"))}, want: says("a", assistant.FinishStop)},
	{
		name:  "usage of null until the last chunk",
		reply: reply{body: sse(`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],"usage":null}`, counted(plainUsage))},
		want:  withUsage(says("a", assistant.FinishStop), 7, 3, 0, 0),
	},
	{
		name: "usage in every chunk",
		reply: reply{body: sse(
			`{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8}}`,
			end("stop"), counted(plainUsage))},
		want: withUsage(says("a", assistant.FinishStop), 7, 3, 0, 0),
	},
	{
		name:  "usage of the only chunk",
		reply: reply{body: sse(counted(plainUsage))},
		want:  withUsage(assistant.Answer{}, 7, 3, 0, 0),
		kind:  assistant.KindTruncated,
	},
	{
		name: "cached and reasoning tokens",
		reply: reply{body: sse(text("a"), end("stop"), counted(`{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
			"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":40}}`))},
		want: withUsage(says("a", assistant.FinishStop), 100, 50, 64, 40),
	},
	{
		name: "details that are not part of the rest",
		reply: reply{body: sse(text("a"), end("stop"), counted(`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,
			"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":40}}`))},
		want: withUsage(says("a", assistant.FinishStop), 10, 5, 10, 5),
	},
	{
		name: "reasoning tokens that the total counts apart",
		reply: reply{body: sse(text("a"), end("stop"), counted(`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":55,
			"completion_tokens_details":{"reasoning_tokens":40}}`))},
		want: withUsage(says("a", assistant.FinishStop), 10, 45, 0, 40),
	},
	{
		name:  "negative usage",
		reply: reply{body: sse(text("a"), end("stop"), counted(`{"prompt_tokens":-1,"completion_tokens":-5,"total_tokens":-6}`))},
		want:  says("a", assistant.FinishStop),
	},
	{
		name: "thoughts of vLLM and DeepSeek",
		reply: reply{body: sse(delta(`{"reasoning_content":"hidden","content":null}`), delta(`{"reasoning":"hidden"}`),
			delta(`{"content":"a","reasoning_content":null,"thinking_blocks":[{"thinking":"hidden"}]}`), end("stop"))},
		want: says("a", assistant.FinishStop),
	},
	{
		name:  "thoughts as parts",
		reply: reply{body: sse(delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hidden"}]},{"type":"text","text":"a"}]}`), end("stop"))},
		want:  says("a", assistant.FinishStop),
	},
	{name: "a refusal", reply: reply{body: sse(delta(`{"refusal":"I can"}`), delta(`{"refusal":"not"}`), end("stop"))}, want: says("I cannot", assistant.FinishStop)},
	{name: "the maximum length", reply: reply{body: sse(text("a"), end("length"))}, want: says("a", assistant.FinishLength)},
	{
		name:  "nothing but thoughts",
		reply: reply{body: sse(delta(`{"reasoning_content":"hidden"}`), end("length"), counted(plainUsage))},
		want:  withUsage(says("", assistant.FinishLength), 7, 3, 0, 0),
	},
	{
		name:  "a safety filter",
		reply: reply{body: sse(text("a"), end("content_filter"), counted(plainUsage))},
		want:  withUsage(says("a", assistant.FinishBlocked), 7, 3, 0, 0),
		kind:  assistant.KindBlocked, says: "content_filter",
	},
	{name: "an unknown reason", reply: reply{body: sse(text("a"), end("canary"))}, want: says("a", assistant.FinishOther)},
	{name: "an unknown reason and no answer", reply: reply{body: sse(end("canary"))}, want: says("", assistant.FinishOther), kind: assistant.KindUnknown},
	{
		name:  "an empty reason in between",
		reply: reply{body: sse(`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":""}]}`, text("b"), end("stop"))},
		want:  says("ab", assistant.FinishStop),
	},
	{
		name:  "an error of null, a quoted error and Azure's first chunk",
		reply: reply{body: sse(`{"choices":[],"prompt_filter_results":[]}`, `{"error":null,"choices":[{"index":0,"delta":{"content":"{\"error\":1}"}}]}`, end("stop"))},
		want:  says(`{"error":1}`, assistant.FinishStop),
	},
	{
		name:  "a second choice",
		reply: reply{body: sse(text("a"), `{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"length"}]}`, end("stop"))},
		want:  says("a", assistant.FinishStop),
	},
	{
		name:  "the whole again at the end",
		reply: reply{body: sse(text("a"), `{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}`)},
		want:  says("a", assistant.FinishStop),
	},
}

var toolStreams = []answerTest{
	{
		name: "fragments of a tool call",
		reply: reply{body: sse(call(`{"index":0,"id":"x","type":"function","function":{"name":"f","arguments":""}}`),
			call(`{"index":0,"function":{"arguments":"{\"a\""}}`), call(`{"index":0,"function":{"arguments":":1}"}}`), end("tool_calls"), counted(plainUsage))},
		want: withUsage(calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: `{"a":1}`}), 7, 3, 0, 0),
	},
	{
		name: "parallel calls whose fragments mix",
		reply: reply{body: sse(text("ok"), call(`{"index":0,"id":"x","function":{"name":"f","arguments":"{"}}`),
			call(`{"index":1,"id":"y","function":{"name":"g","arguments":"{"}},{"index":0,"function":{"arguments":"}"}}`),
			call(`{"index":1,"function":{"arguments":"}"}}`), end("tool_calls"))},
		want: assistant.Answer{Text: "ok", Finish: assistant.FinishToolCalls, ToolCalls: []assistant.ToolCall{
			{ID: "x", Name: "f", Arguments: "{}"}, {ID: "y", Name: "g", Arguments: "{}"}}},
	},
	{
		name: "Ollama's calls, all at index 0, and a stop",
		reply: reply{body: sse(call(`{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}`),
			call(`{"index":0,"id":"y","function":{"name":"f","arguments":"{\"a\":2}"}}`), end("stop"))},
		want: calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: "{}"}, assistant.ToolCall{ID: "y", Name: "f", Arguments: `{"a":2}`}),
	},
	{
		name: "calls without index and id",
		reply: reply{body: sse(call(`{"function":{"name":"f","arguments":"{"}},{"function":{"arguments":"}"}}`),
			call(`{"function":{"name":"g","arguments":"{}"}}`), end("tool_calls"))},
		want: calls(assistant.ToolCall{ID: "ours", Name: "f", Arguments: "{}"}, assistant.ToolCall{ID: "ours", Name: "g", Arguments: "{}"}),
	},
	{
		name: "an id and a name in every fragment",
		reply: reply{body: sse(call(`{"index":0,"id":"x","function":{"name":"f","arguments":"{"}}`),
			call(`{"index":0,"id":"x","function":{"name":"f","arguments":"}"}}`), end("tool_calls"))},
		want: calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: "{}"}),
	},
	{
		name: "a name after the arguments",
		reply: reply{body: sse(call(`{"index":0,"id":"x","function":{"arguments":"{\"a\":"}}`),
			call(`{"index":0,"function":{"name":"f","arguments":"1}"}}`), end("tool_calls"))},
		want: calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: `{"a":1}`}),
	},
	{
		name:  "a call without arguments",
		reply: reply{body: sse(call(`{"index":0,"id":"x","function":{"name":"f","arguments":""}}`), end("tool_calls"))},
		want:  calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: "{}"}),
	},
	{
		name:  "arguments as an object",
		reply: reply{body: sse(call(`{"index":0,"id":"x","function":{"name":"f","arguments":{"a":1}}}`), end("tool_calls"))},
		want:  calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: `{"a":1}`}),
	},
	{
		name:  "the older function_call",
		reply: reply{body: sse(delta(`{"function_call":{"name":"f","arguments":"{"}}`), delta(`{"function_call":{"arguments":"}"}}`), end("function_call"))},
		want:  calls(assistant.ToolCall{ID: "ours", Name: "f", Arguments: "{}"}),
	},
	{
		name:  "a call that broke off",
		reply: reply{body: "data: " + call(`{"index":0,"id":"x","function":{"name":"f","arguments":"{\"a"}}`) + "\n\n", end: "cut"},
		want:  assistant.Answer{ToolCalls: []assistant.ToolCall{{ID: "x", Name: "f", Arguments: `{"a`}}},
		kind:  assistant.KindTruncated,
	},
}

var objects = []answerTest{
	{
		name: "a server without streams",
		reply: reply{body: `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello",
			"reasoning_content":"hidden","refusal":null},"finish_reason":"stop","logprobs":null}],"usage":` + plainUsage + `}`},
		want: withUsage(says("Hello", assistant.FinishStop), 7, 3, 0, 0),
	},
	{
		name: "a server without streams calls tools",
		reply: reply{body: "\r\n " + `{"choices":[{"index":0,"message":{"content":null,"tool_calls":[
			{"id":"x","type":"function","function":{"name":"f","arguments":"{}"}},
			{"id":"y","type":"function","function":{"name":"g","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}],"usage":` + plainUsage + `}`},
		want: withUsage(calls(assistant.ToolCall{ID: "x", Name: "f", Arguments: "{}"}, assistant.ToolCall{ID: "y", Name: "g", Arguments: `{"a":1}`}), 7, 3, 0, 0),
	},
	{
		name:  "chunks that are no events",
		reply: reply{body: text("a") + "\n" + text("b") + "\n" + end("stop") + "\n"},
		want:  says("ab", assistant.FinishStop),
	},
	{name: "an object that broke off", reply: reply{body: `{"choices":[{"index":0,"message":{"content":"Hel`}, kind: assistant.KindTruncated},
	{name: "an error in a successful object", reply: reply{body: `{"error":{` + private + `,"type":"server_error","code":503}}`}, kind: assistant.KindUnavailable},
	{name: "a page", reply: reply{body: "<html>" + canaryWords + "</html>", header: map[string]string{"Content-Type": "text/html"}}, kind: assistant.KindUnknown},
	{name: "another object", reply: reply{body: `{"hello":"` + canaryWords + `"}`}, kind: assistant.KindUnknown, says: "cannot be read"},
	{name: "a list", reply: reply{body: `["` + canaryWords + `"]`}, kind: assistant.KindUnknown, says: "cannot be read"},
}

var brokenStreams = []answerTest{
	{name: "no answer at all", reply: reply{body: ""}, kind: assistant.KindTruncated},
	{name: "no finish reason", reply: reply{body: sse(text("a"))}, want: says("a", ""), kind: assistant.KindTruncated, says: "finish reason"},
	{name: "a cut connection", reply: reply{body: "data: " + text("a") + "\n\n", end: "cut"}, want: says("a", ""), kind: assistant.KindTruncated},
	{name: "a cut within an event", reply: reply{body: "data: " + text("a") + "\n\ndata: {\"choices\":[{", end: "cut"}, want: says("a", ""), kind: assistant.KindTruncated},
	{name: "an end within an event", reply: reply{body: "data: " + text("a") + "\n\ndata: {\"choices\":[{"}, want: says("a", ""), kind: assistant.KindTruncated},
	{
		name:  "a cut after the finish reason",
		reply: reply{body: "data: " + text("a") + "\n\ndata: " + end("stop") + "\n\n", end: "cut"},
		want:  says("a", assistant.FinishStop),
	},
	{name: "silence after the finish reason", reply: reply{body: "data: " + text("a") + "\n\ndata: " + end("stop") + "\n\n", end: "hang"}, want: says("a", assistant.FinishStop)},
	{name: "silence after DONE", reply: reply{body: sse(text("a"), end("stop")), end: "hang"}, want: says("a", assistant.FinishStop)},
	{name: "silence within the answer", reply: reply{body: "data: " + text("a") + "\n\n", end: "hang"}, want: says("a", ""), kind: assistant.KindTimeout, says: "nothing in time"},
	{name: "an event that is no JSON", reply: reply{body: sse(text("a"), canaryWords)}, want: says("a", ""), kind: assistant.KindUnknown, says: "cannot be read"},
}

var errorsWithin = []answerTest{
	{
		name:  "an error within OpenAI's stream",
		reply: reply{body: sse(text("a"), `{"error":{`+private+`,"type":"server_error","param":null,"code":null}}`)},
		want:  says("a", ""), kind: assistant.KindUnavailable, says: "server_error",
	},
	{
		name:  "vLLM's error within a stream",
		reply: reply{body: sse(text("a"), `{"error":{`+private+`,"type":"BadRequestError","param":null,"code":400}}`)},
		want:  says("a", ""), kind: assistant.KindInvalid,
	},
	{
		name:  "older vLLM's error within a stream",
		reply: reply{body: sse(`{"object":"error",` + private + `,"type":"NotFoundError","param":null,"code":404}`)},
		kind:  assistant.KindNotFound,
	},
	{
		name:  "LiteLLM's error within a stream",
		reply: reply{body: sse(text("a"), `{"error":{"message":"litellm.RateLimitError: `+canaryWords+`","type":"None","param":"None","code":"429"}}`), header: map[string]string{"Retry-After": "3"}},
		want:  says("a", ""), kind: assistant.KindQuota, retryAfter: 3 * time.Second,
	},
	{
		name:  "Ollama's error within a stream",
		reply: reply{body: sse(text("a"), `{"error":"`+canaryWords+`"}`)},
		want:  says("a", ""), kind: assistant.KindUnavailable,
	},
	{name: "a type within a stream", reply: reply{body: sse(`{"error":{"type":"rate_limit_error",` + private + `}}`)}, kind: assistant.KindQuota},
	{name: "a filter within a stream", reply: reply{body: sse(text("a"), `{"error":{"code":"content_filter",`+private+`}}`)}, want: says("a", ""), kind: assistant.KindBlocked},
	{
		name:  "an error after the finish reason",
		reply: reply{body: sse(text("a"), end("stop"), `{"error":{"code":"insufficient_quota"}}`)},
		want:  says("a", assistant.FinishStop), kind: assistant.KindQuotaDay,
	},
}

var httpErrors = []answerTest{
	{
		name:  "OpenAI's quota",
		reply: reply{status: 429, body: `{"error":{` + private + `,"type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`, header: map[string]string{"Retry-After": "5"}},
		kind:  assistant.KindQuotaDay, says: "429 Too Many Requests (code insufficient_quota)",
	},
	{
		name:  "OpenAI's rate per minute",
		reply: reply{status: 429, body: `{"error":{"message":"Rate limit reached for m on tokens per min (TPM): Limit 1","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`, header: map[string]string{"Retry-After": "7"}},
		kind:  assistant.KindQuotaMinute, says: "rate_limit_exceeded", retryAfter: 7 * time.Second,
	},
	{
		name:  "OpenAI's rate per day",
		reply: reply{status: 429, body: `{"error":{"message":"Rate limit reached for m on requests per day (RPD): Limit 1","type":"requests","code":"rate_limit_exceeded"}}`, header: map[string]string{"Retry-After": "7"}},
		kind:  assistant.KindQuotaDay,
	},
	{name: "a rate of no time", reply: reply{status: 429, body: `{"error":{"code":"rate_limit_exceeded"}}`}, kind: assistant.KindQuota},
	{name: "a rate without a body", reply: reply{status: 429, header: map[string]string{"Retry-After": "2"}}, kind: assistant.KindQuota, retryAfter: 2 * time.Second},
	{
		name:  "OpenAI's context length",
		reply: reply{status: 400, body: `{"error":{` + private + `,"type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		kind:  assistant.KindContextLength, says: "(code context_length_exceeded, param messages)",
	},
	{
		name:  "vLLM's context length",
		reply: reply{status: 400, body: `{"object":"error","message":"This model's maximum context length is 10 tokens. However, ` + canaryWords + `","type":"BadRequestError","param":null,"code":400}`},
		kind:  assistant.KindContextLength, says: "(type BadRequestError)",
	},
	{
		name:  "LiteLLM's context length",
		reply: reply{status: 400, body: `{"error":{"message":"litellm.ContextWindowExceededError: litellm.BadRequestError: ` + canaryWords + `","type":null,"param":null,"code":"400"}}`},
		kind:  assistant.KindContextLength,
	},
	{name: "llama.cpp's context length", reply: reply{status: 400, body: `{"error":{"code":400,` + private + `,"type":"exceed_context_size_error"}}`}, kind: assistant.KindContextLength},
	{name: "too large", reply: reply{status: 413, body: "<html>too large</html>"}, kind: assistant.KindContextLength},
	{name: "Azure's filter", reply: reply{status: 400, body: `{"error":{` + private + `,"type":null,"param":"prompt","code":"content_filter","status":400}}`}, kind: assistant.KindBlocked},
	{name: "LiteLLM's filter", reply: reply{status: 400, body: `{"error":{"message":"litellm.ContentPolicyViolationError: ` + canaryWords + `","code":"400"}}`}, kind: assistant.KindBlocked},
	{name: "OpenAI's unknown model", reply: reply{status: 404, body: `{"error":{` + private + `,"type":"invalid_request_error","param":null,"code":"model_not_found"}}`}, kind: assistant.KindNotFound},
	{name: "vLLM's unknown model", reply: reply{status: 404, body: `{"error":{` + private + `,"type":"NotFoundError","param":"model","code":404}}`}, kind: assistant.KindNotFound, says: "(type NotFoundError, param model)"},
	{name: "Ollama's unknown model", reply: reply{status: 404, body: `{"error":{` + private + `,"type":"api_error","param":null,"code":null}}`}, kind: assistant.KindNotFound},
	{name: "OpenAI's key", reply: reply{status: 401, body: `{"error":{` + private + `,"type":"invalid_request_error","code":"invalid_api_key"}}`}, kind: assistant.KindAuth},
	{name: "vLLM's key", reply: reply{status: 401, body: `{"error":"Unauthorized"}`}, kind: assistant.KindAuth},
	{name: "a forbidden model", reply: reply{status: 403, body: `{"error":{"type":"key_model_access_denied"}}`}, kind: assistant.KindAuth},
	{name: "a country that is not served", reply: reply{status: 403, body: `{"error":{"code":"unsupported_country_region_territory","type":"request_forbidden"}}`}, kind: assistant.KindPrecondition},
	{name: "no balance", reply: reply{status: 402, body: `{"error":{` + private + `,"code":"invalid_request_error"}}`}, kind: assistant.KindPrecondition},
	{name: "a wrong field", reply: reply{status: 400, body: `{"error":{` + private + `,"type":"invalid_request_error","param":"messages.[0].content","code":"invalid_value"}}`}, kind: assistant.KindInvalid, says: "param messages.[0].content"},
	{name: "a code that is a text", reply: reply{status: 400, body: `{"error":{"code":"` + canaryWords + `","param":"` + canaryWords + `","type":"` + canaryKey + `"}}`}, kind: assistant.KindInvalid, says: "400 Bad Request"},
	{name: "FastAPI's details", reply: reply{status: 422, body: `{"detail":[{"loc":["body"],"msg":"` + canaryWords + `"}]}`}, kind: assistant.KindInvalid},
	{name: "Google's list", reply: reply{status: 400, body: `[{"error":{"code":400,` + private + `,"status":"INVALID_ARGUMENT"}}]`}, kind: assistant.KindInvalid},
	{name: "a failure", reply: reply{status: 500, body: `{"error":{` + private + `,"type":"InternalServerError","code":500}}`}, kind: assistant.KindUnavailable},
	{name: "overload", reply: reply{status: 503, body: "upstream connect error", header: map[string]string{"Retry-After": "1"}}, kind: assistant.KindUnavailable, retryAfter: time.Second},
	{name: "a gateway's timeout", reply: reply{status: 504}, kind: assistant.KindTimeout},
	{name: "a redirect", reply: reply{status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, kind: assistant.KindUnknown, says: "302 Found"},
}
