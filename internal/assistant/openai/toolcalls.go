package openai

import (
	"crypto/rand"
	"strings"

	"github.com/openai/openai-go/v3"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// fragment is a part of a tool call as it comes.
type fragment struct {
	index               int64
	hasIndex            bool
	id, name, arguments string
}

func fragmentOf(part openai.ChatCompletionChunkChoiceDeltaToolCall) fragment {
	return fragment{
		index: part.Index, hasIndex: part.JSON.Index.Valid(), id: part.ID, name: part.Function.Name, arguments: part.Function.Arguments,
	}
}

// toolCalls are those of an answer. Servers differ in which fragments have an index, an id and a name.
type toolCalls struct {
	started []*toolCall
	named   []*toolCall // in the order of the answer
}

type toolCall struct {
	index     int64
	serverID  string // empty if the server gave none
	id, name  string
	arguments strings.Builder
}

// add adds a fragment and returns what to pass on of it; nil while the call has no name.
func (t *toolCalls) add(f fragment) *assistant.ToolCallDelta {
	c := t.of(f)
	c.arguments.WriteString(f.arguments)
	if c.serverID == "" {
		c.serverID = f.id
	}
	if c.name != "" {
		if f.arguments == "" {
			return nil
		}
		return &assistant.ToolCallDelta{Index: t.position(c), Arguments: f.arguments}
	}
	if f.name == "" {
		return nil
	}
	c.name, c.id = f.name, c.serverID
	if c.id == "" {
		c.id = "call_" + rand.Text()
	}
	t.named = append(t.named, c)
	return &assistant.ToolCallDelta{Index: len(t.named) - 1, ID: c.id, Name: c.name, Arguments: c.arguments.String()}
}

// of returns the call that a fragment belongs to. Another id begins another call, even at the same index.
func (t *toolCalls) of(f fragment) *toolCall {
	for i := len(t.started) - 1; i >= 0; i-- {
		c := t.started[i]
		sameID := f.id == "" || c.serverID == "" || f.id == c.serverID
		switch {
		case f.hasIndex && f.index == c.index && sameID:
			return c
		case !f.hasIndex && f.id != "" && f.id == c.serverID:
			return c
		case !f.hasIndex && f.id == "" && f.name == "":
			return c
		}
	}
	c := &toolCall{index: f.index}
	if !f.hasIndex {
		c.index = -1
	}
	t.started = append(t.started, c)
	return c
}

func (t *toolCalls) position(c *toolCall) int {
	for i := range t.named {
		if t.named[i] == c {
			return i
		}
	}
	return -1
}

// fill gives an empty object to calls that have no arguments, and returns what to pass on of it.
func (t *toolCalls) fill() []assistant.ToolCallDelta {
	var out []assistant.ToolCallDelta
	for i, c := range t.named {
		if strings.TrimSpace(c.arguments.String()) == "" {
			c.arguments.Reset()
			c.arguments.WriteString("{}")
			out = append(out, assistant.ToolCallDelta{Index: i, Arguments: "{}"})
		}
	}
	return out
}

// all returns the calls that have a name.
func (t *toolCalls) all() []assistant.ToolCall {
	var out []assistant.ToolCall
	for _, c := range t.named {
		out = append(out, assistant.ToolCall{ID: c.id, Name: c.name, Arguments: c.arguments.String()})
	}
	return out
}
