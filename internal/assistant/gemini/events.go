package gemini

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// events is the body of an answer as the library reads it: server-sent events, each a JSON object with names for enums.
// Gemini and the gateways before it also send a JSON array or a single object, numbers for enums, comments, and parts and
// fields that the library cannot read or panics at. An error within the answer ends it, and is the call's.
type events struct {
	io.Closer
	call *upstream.Call
	next func() (json.RawMessage, error)
	out  bytes.Buffer
	any  bool // an element was read
	err  error
}

func newEvents(call *upstream.Call, body io.ReadCloser) *events {
	e := &events{Closer: body, call: call}
	in := bufio.NewReader(body)
	e.next = func() (json.RawMessage, error) { // decided by the first byte, which may be late
		var err error
		if e.next, err = elementsOf(in); err != nil {
			return nil, err
		}
		return e.next()
	}
	return e
}

// Read reads the next of the events. What broke the answer off is in the call: the library would log it.
func (e *events) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.err != nil {
			return 0, e.err
		}
		e.err = e.fill()
	}
	return e.out.Read(p)
}

// fill adds the next element.
func (e *events) fill() error {
	raw, err := e.next()
	if err != nil {
		e.call.Unreadable = e.call.Started && !e.any && !errors.Is(err, io.ErrUnexpectedEOF)
		return io.EOF
	}
	e.any = true
	var chunk wireChunk
	if err := json.Unmarshal(raw, &chunk); err != nil {
		e.call.Unreadable = !isCut(raw)
		return io.EOF
	}
	if len(chunk.Error) > 0 && string(chunk.Error) != "null" {
		e.call.ErrorBody = raw
		return io.EOF
	}
	chunk.trim()
	data, err := json.Marshal(chunk)
	if err != nil {
		return fmt.Errorf("encoding an event: %w", err)
	}
	e.out.WriteString("data: ")
	e.out.Write(data)
	e.out.WriteString("\n\n")
	return nil
}

// isCut reports whether a text is the beginning of a JSON value.
func isCut(raw []byte) bool {
	return errors.Is(json.NewDecoder(bytes.NewReader(raw)).Decode(new(json.RawMessage)), io.ErrUnexpectedEOF)
}

// elementsOf returns a function that returns the JSON elements of a body, one after another.
func elementsOf(in *bufio.Reader) (func() (json.RawMessage, error), error) {
	first, err := firstByte(in)
	switch {
	case err != nil:
		return nil, err
	case first != '[' && first != '{':
		return func() (json.RawMessage, error) { return nextEvent(in) }, nil
	}
	decoder := json.NewDecoder(in)
	if first == '[' {
		if _, err := decoder.Token(); err != nil {
			return nil, err
		}
	}
	return func() (json.RawMessage, error) {
		var raw json.RawMessage
		if !decoder.More() {
			return nil, io.EOF
		}
		err := decoder.Decode(&raw)
		return raw, err
	}, nil
}

// firstByte returns the first byte that is no white space and no byte order mark, and leaves it to be read.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) && b != 0xEF && b != 0xBB && b != 0xBF {
			return b, in.UnreadByte()
		}
	}
}

// nextEvent returns the data of the next server-sent event that has some
// (https://html.spec.whatwg.org/multipage/server-sent-events.html). A body that ends within events is cut.
func nextEvent(in *bufio.Reader) (json.RawMessage, error) {
	var data []byte
	end := io.EOF
	for {
		line, err := in.ReadBytes('\n')
		line = bytes.TrimRight(line, "\r\n")
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
			end = io.ErrUnexpectedEOF
		}
		isEnd := len(line) == 0 || err != nil
		if text := bytes.TrimSpace(data); isEnd && len(text) > 0 && string(text) != "[DONE]" {
			return text, nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil, end
		case err != nil:
			return nil, err
		case isEnd:
			data = nil
		}
	}
}

// wireChunk is what is read of an element; all else is left out.
type wireChunk struct {
	Candidates []*wireCandidate `json:"candidates,omitempty"`
	Feedback   *wireFeedback    `json:"promptFeedback,omitempty"`
	Usage      *wireUsage       `json:"usageMetadata,omitempty"`
	Error      json.RawMessage  `json:"error,omitempty"`
}

type wireCandidate struct {
	Content *wireContent `json:"content,omitempty"`
	Finish  finishEnum   `json:"finishReason,omitempty"`
}

type wireContent struct {
	Parts []*wirePart `json:"parts,omitempty"`
	Role  string      `json:"role,omitempty"`
}

type wirePart struct {
	Text         string          `json:"text,omitempty"`
	Thought      bool            `json:"thought,omitempty"`
	Signature    string          `json:"thoughtSignature,omitempty"`
	FunctionCall json.RawMessage `json:"functionCall,omitempty"`
}

type wireFeedback struct {
	BlockReason blockEnum `json:"blockReason,omitempty"`
}

type wireUsage struct {
	Prompt     count `json:"promptTokenCount"`
	Cached     count `json:"cachedContentTokenCount"`
	Candidates count `json:"candidatesTokenCount"`
	ToolUse    count `json:"toolUsePromptTokenCount"`
	Thoughts   count `json:"thoughtsTokenCount"`
	Total      count `json:"totalTokenCount"`
}

// trim leaves out what the library panics at: nulls where it wants objects.
func (c *wireChunk) trim() {
	c.Error = nil
	for i, candidate := range c.Candidates {
		if candidate == nil {
			c.Candidates[i] = &wireCandidate{}
			continue
		}
		if candidate.Content == nil {
			continue
		}
		parts := candidate.Content.Parts[:0]
		for _, p := range candidate.Content.Parts {
			if p != nil && (p.Text != "" || len(p.FunctionCall) > 0) {
				parts = append(parts, p)
			}
		}
		candidate.Content.Parts = parts
	}
}

// count is a number of tokens; int64s may come as texts, as protobuf's JSON has them.
type count int32

// UnmarshalJSON reads a number, or a text that holds one.
func (c *count) UnmarshalJSON(data []byte) error {
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	f, err := n.Float64()
	if err != nil && n != "" {
		return err
	}
	const most = 1 << 30
	*c = count(min(max(f, 0), most))
	return nil
}

// The names of enums by their numbers, which some gateways send
// (google/ai/generativelanguage/v1beta/generative_service.proto).
var (
	finishNames = []string{
		"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
		"PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL",
		"TOO_MANY_TOOL_CALLS", "IMAGE_PROHIBITED_CONTENT", "IMAGE_OTHER", "NO_IMAGE", "IMAGE_RECITATION",
	}
	blockNames = []string{
		"BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY",
	}
)

type (
	finishEnum string
	blockEnum  string
)

// UnmarshalJSON reads a name or a number.
func (e *finishEnum) UnmarshalJSON(data []byte) error {
	return unmarshalEnum(data, finishNames, (*string)(e))
}

// UnmarshalJSON reads a name or a number. The library calls the unspecified reason otherwise than the API.
func (e *blockEnum) UnmarshalJSON(data []byte) error {
	err := unmarshalEnum(data, blockNames, (*string)(e))
	if *e == "BLOCK_REASON_UNSPECIFIED" {
		*e = ""
	}
	return err
}

func unmarshalEnum(data []byte, names []string, to *string) error {
	var n int
	switch {
	case string(data) == "null":
		return nil
	case len(data) > 0 && data[0] == '"':
		return json.Unmarshal(data, to)
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*to = fmt.Sprintf("NUMBER_%d", n)
	if n >= 0 && n < len(names) {
		*to = names[n]
	}
	return nil
}
