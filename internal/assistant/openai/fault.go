package openai

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// fault is what a server says of an error. The message decides a kind, and is never passed on.
type fault struct {
	code, typ, param, message string
	status                    int // in place of a code; 0 for none
}

// faultBody has the fields of an error, in any type.
type faultBody struct {
	Object  string          `json:"object"`
	Error   json.RawMessage `json:"error"`
	Code    json.RawMessage `json:"code"`
	Type    json.RawMessage `json:"type"`
	Param   json.RawMessage `json:"param"`
	Message json.RawMessage `json:"message"`
}

// readFault reads the body of an error as far as it can: OpenAI's form {"error": {...}}, {"error": "text"}, the object
// alone, as of older vLLM, and a list with one of them.
func readFault(body []byte) fault {
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("[")) {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) != nil || len(list) == 0 {
			return fault{}
		}
		body = list[0]
	}
	var b faultBody
	if json.Unmarshal(body, &b) != nil {
		return fault{} // such as a proxy's page: the status must do
	}
	if isSet(b.Error) {
		var inner faultBody
		if json.Unmarshal(b.Error, &inner) == nil {
			return inner.fault()
		}
		b.Message = b.Error
	}
	return b.fault()
}

// faultWithin reports whether an object of an answer is an error.
func faultWithin(data []byte) (fault, bool) {
	if !bytes.Contains(data, []byte(`"error"`)) {
		return fault{}, false
	}
	var b faultBody
	if json.Unmarshal(data, &b) != nil || !isSet(b.Error) && b.Object != "error" {
		return fault{}, false
	}
	return readFault(data), true
}

func isSet(raw json.RawMessage) bool {
	text := string(raw)
	return text != "" && text != "null" && text != `""` && text != "{}"
}

func (b faultBody) fault() fault {
	f := fault{code: plain(b.Code), typ: plain(b.Type), param: plain(b.Param), message: plain(b.Message)}
	if n, err := strconv.Atoi(f.code); err == nil {
		f.code = ""
		if n >= http.StatusBadRequest && n < 600 {
			f.status = n
		}
	}
	return f
}

// plain returns a text or a number; empty for anything else.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var n json.Number
	_ = json.Unmarshal(raw, &n)
	return n.String()
}

// kinds are those of codes and types that say more than a status.
var kinds = map[string]assistant.Kind{
	"insufficient_quota":                   assistant.KindQuotaDay,
	"rate_limit_exceeded":                  assistant.KindQuota,
	"context_length_exceeded":              assistant.KindContextLength,
	"exceed_context_size_error":            assistant.KindContextLength, // llama.cpp
	"contextwindowexceedederror":           assistant.KindContextLength, // LiteLLM
	"content_filter":                       assistant.KindBlocked,
	"content_policy_violation":             assistant.KindBlocked,
	"contentpolicyviolationerror":          assistant.KindBlocked, // LiteLLM
	"model_not_found":                      assistant.KindNotFound,
	"invalid_api_key":                      assistant.KindAuth,
	"billing_not_active":                   assistant.KindPrecondition,
	"billing_hard_limit_reached":           assistant.KindPrecondition,
	"account_deactivated":                  assistant.KindPrecondition,
	"unsupported_country_region_territory": assistant.KindPrecondition,
	"budget_exceeded":                      assistant.KindQuotaDay, // LiteLLM
}

// typeKinds are those of types that are no more exact than a status. They decide where there is none.
var typeKinds = map[string]assistant.Kind{
	"rate_limit_error": assistant.KindQuota, "ratelimiterror": assistant.KindQuota, "throttling_error": assistant.KindQuota,
	"requests": assistant.KindQuota, "tokens": assistant.KindQuota,
	"invalid_request_error": assistant.KindInvalid, "badrequesterror": assistant.KindInvalid,
	"authentication_error": assistant.KindAuth, "auth_error": assistant.KindAuth, "authenticationerror": assistant.KindAuth,
	"permission_error": assistant.KindAuth,
	"not_found_error":  assistant.KindNotFound, "notfounderror": assistant.KindNotFound,
	"timeout_error": assistant.KindTimeout, "timeout": assistant.KindTimeout, "request_timeout": assistant.KindTimeout,
}

// kind returns the kind of an error: by its code, by its type, by the wording of servers that have no code, by its
// status, which is 0 within an answer.
func (f fault) kind(status int) assistant.Kind {
	kind, ok := kinds[strings.ToLower(f.code)]
	if !ok {
		kind, ok = kinds[strings.ToLower(f.typ)]
	}
	if !ok && (status < http.StatusUnauthorized || status >= http.StatusRequestEntityTooLarge && status != http.StatusTooManyRequests) {
		kind, ok = kindOfWords(f.message)
	}
	if !ok {
		kind = f.plainKind(status)
	}
	if kind == assistant.KindQuota {
		return quotaOf(f.message)
	}
	return kind
}

func (f fault) plainKind(status int) assistant.Kind {
	if status == 0 {
		status = f.status
	}
	if status != 0 {
		return upstream.KindOf(status)
	}
	for _, name := range []string{f.code, f.typ} {
		if kind, ok := typeKinds[strings.ToLower(name)]; ok {
			return kind
		}
	}
	return assistant.KindUnavailable // the server failed within its answer
}

// kindOfWords knows the wording of servers that have no code for a conversation that is too long or not wanted.
func kindOfWords(message string) (assistant.Kind, bool) {
	message = strings.ToLower(message)
	for _, words := range []string{
		"maximum context length", "maximum model length", // vLLM and LiteLLM
		"exceeds the context length",         // Ollama
		"exceeds the available context size", // llama.cpp
		"litellm.contextwindowexceedederror", // LiteLLM
	} {
		if strings.Contains(message, words) {
			return assistant.KindContextLength, true
		}
	}
	if strings.Contains(message, "litellm.contentpolicyviolationerror") {
		return assistant.KindBlocked, true
	}
	return "", false
}

// quotaOf returns the exhausted quota by OpenAI's wording, such as "on requests per day (RPD)".
func quotaOf(message string) assistant.Kind {
	message = strings.ToLower(message)
	switch {
	case strings.Contains(message, "per day"):
		return assistant.KindQuotaDay
	case strings.Contains(message, "per min"):
		return assistant.KindQuotaMinute
	default:
		return assistant.KindQuota
	}
}
