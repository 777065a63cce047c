package httpapi

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const (
	embeddingsShape = `one JSON object with at least "model" and "input"`
	inputShape      = "a string, or an array of strings, none of them empty"
	// maxInputs is the number of texts that OpenAI allows.
	maxInputs = 2048
)

var embeddingParameters = parameterSet{
	supported: []string{"dimensions", "encoding_format", "input", "model"}, ignored: []string{"user"},
}

// embeddingsRequest is a validated request for embeddings.
type embeddingsRequest struct {
	model   string
	request assistant.EmbeddingRequest
	base64  bool
}

// decodeEmbeddings reads and checks the body of POST /v1/embeddings. Its errors do not quote it.
func decodeEmbeddings(body io.Reader, limits Limits) (embeddingsRequest, error) {
	var in embeddingsRequest
	var p parameters
	if err := decodeOne(body, &p); err != nil {
		return in, bodyError(err, embeddingsShape)
	}
	for _, step := range []func() error{
		func() error { return p.check(embeddingParameters) },
		func() error { return p.readModel(&in.model) },
		func() error { return in.readForm(p) },
		func() error { return in.readInput(p["input"]) },
	} {
		if err := step(); err != nil {
			return in, err
		}
	}
	return in, limits.checkText("input", in.request.Texts...)
}

// readForm reads the length of the vectors and how they are written.
func (in *embeddingsRequest) readForm(p parameters) error {
	format := "float"
	if err := p.read("encoding_format", &format, "float or base64"); err != nil {
		return err
	}
	if format != "float" && format != "base64" {
		return parameterError("encoding_format", "invalid_value", "The parameter encoding_format must be float or base64.")
	}
	in.base64 = format == "base64"
	if err := p.read("dimensions", &in.request.Dimensions, "a whole number"); err != nil {
		return err
	}
	if d := in.request.Dimensions; d != nil && *d < 1 {
		return parameterError("dimensions", "invalid_value", "The dimensions must be 1 or more.")
	}
	return nil
}

func (in *embeddingsRequest) readInput(raw json.RawMessage) error {
	if isNull(raw) {
		return parameterError("input", "missing_required_parameter", "The parameter input is missing; it must be "+inputShape+".")
	}
	if raw[0] == '"' {
		raw = slices.Concat(json.RawMessage("["), raw, json.RawMessage("]"))
	}
	if json.Unmarshal(raw, &in.request.Texts) != nil {
		var tokens []any
		if json.Unmarshal(raw, &tokens) == nil && len(tokens) > 0 && areTokens(tokens[0]) {
			return parameterError("input", "unsupported_parameter", "Tokens belong to one model; send the text itself, a string or an array of strings.")
		}
		return parameterError("input", "invalid_type", "The parameter input must be "+inputShape+".")
	}
	switch texts := in.request.Texts; {
	case len(texts) == 0 || slices.Contains(texts, ""):
		return parameterError("input", "invalid_value", "The parameter input must be "+inputShape+".")
	case len(texts) > maxInputs:
		return parameterError("input", "invalid_value", fmt.Sprintf("There may be %d texts at most.", maxInputs))
	}
	return nil
}

// areTokens reports whether an input is a token's id, or an array of them.
func areTokens(input any) bool {
	if ids, ok := input.([]any); ok {
		return len(ids) > 0 && areTokens(ids[0])
	}
	_, ok := input.(float64)
	return ok
}

// encode returns a vector as the client wants it: numbers, or the base64 of 32-bit floats, the lowest byte first.
func (in embeddingsRequest) encode(vector []float32) any {
	if !in.base64 {
		return vector
	}
	data := make([]byte, 0, 4*len(vector))
	for _, v := range vector {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return base64.StdEncoding.EncodeToString(data)
}
