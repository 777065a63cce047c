package httpapi

import (
	"encoding/base64"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// signatureEncoding is what a signature looks like in an id.
var signatureEncoding = base64.RawURLEncoding.Strict()

// wireCallID is a tool call's id as clients see it: ID, or ID.SIGNATURE in base64url. OpenAI's API has no field for the
// signature that a vendor wants back, but clients return ids as they are.
func wireCallID(id string, signature []byte) string {
	if len(signature) == 0 {
		return id
	}
	return id + "." + signatureEncoding.EncodeToString(signature)
}

// splitCallID takes the signature out of a wireCallID. An id of another service, whose dot means nothing, stays whole.
func splitCallID(wire string) (id string, signature []byte) {
	i := strings.LastIndexByte(wire, '.')
	if i < 0 {
		return wire, nil
	}
	signature, err := signatureEncoding.DecodeString(wire[i+1:])
	if err != nil || len(signature) == 0 {
		return wire, nil
	}
	return wire[:i], signature
}

// wireToolCall is a tool call of OpenAI's API.
type wireToolCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"` // function
	Function wireFunction `json:"function"`
}

type wireFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // a JSON object
}

func wireToolCalls(calls []assistant.ToolCall) []wireToolCall {
	var out []wireToolCall
	for _, c := range calls {
		out = append(out, wireToolCall{
			ID: wireCallID(c.ID, c.Signature), Type: functionType, Function: wireFunction{c.Name, c.Arguments},
		})
	}
	return out
}
