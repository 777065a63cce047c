package server

import (
	"cmp"
	"maps"
	"sync"
)

// Outcome is how a call ended.
type Outcome string

const (
	// Answered means that the answer was given in full, unless the client left while its end was written.
	Answered Outcome = "answered"
	// Blocked means that the safety filter refused the prompt or ended the answer.
	Blocked Outcome = "blocked"
	// Failed means that the call was refused with an HTTP error.
	Failed Outcome = "failed"
	// Truncated means that the server broke off its answer.
	Truncated Outcome = "truncated"
	// Cancelled means that the client gave the call up.
	Cancelled Outcome = "cancelled"
)

// Call is what the server did in one call.
type Call struct {
	Model string
	// Message is the last of the conversation; PromptWords are those of all its messages.
	Message     string
	PromptWords int
	Outcome     Outcome
	// Code is the HTTP status sent; 0 if none was. ErrorCode is that of an error within an answer of 200.
	Code, ErrorCode int
	// Reported says whether any usage was sent; the tokens are those of the last one sent. CompletionTokens hold the
	// thinking, PromptTokens the cached ones.
	Reported                                                     bool
	PromptTokens, CompletionTokens, CachedTokens, ThinkingTokens int
	// Text is what was sent of the answer, without thoughts, Finish the finish reason if one was sent.
	Text, Finish string
	// ToolCalls are those sent, ToolWords their names and the words of their arguments.
	ToolCalls, ToolWords int
}

// Ledger is what a server has done since it began: the truth against which a client's own count is checked.
type Ledger struct {
	// Requests are the calls that reached the model's endpoints. Each ends in one of the five below.
	Requests int `json:"requests"`
	// Answers were given in full, unless the client left while they were written.
	Answers int `json:"answers"`
	// Blocked were refused or ended by the safety filter.
	Blocked int `json:"blocked"`
	// Truncated were broken off by the server.
	Truncated int `json:"truncated"`
	// Cancelled were given up by the client.
	Cancelled int `json:"cancelled"`
	// Errors are the refusals by HTTP code, scripted or not.
	Errors map[int]int `json:"errors"`
	// Reported are the calls that were sent a usage, however they ended; the tokens are those of the last usage sent in
	// each. CompletionTokens hold those of ThinkingTokens, PromptTokens those of CachedTokens.
	Reported         int `json:"reported"`
	PromptTokens     int `json:"promptTokens"`
	CompletionTokens int `json:"completionTokens"`
	CachedTokens     int `json:"cachedTokens"`
	ThinkingTokens   int `json:"thinkingTokens"`
}

type callLog struct {
	mu    sync.Mutex
	l     Ledger
	calls uint64
}

// open books a call and returns its number, from 1.
func (b *callLog) open() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.l.Requests++
	b.calls++
	return b.calls
}

// sent books a piece of an answer. Usage is cumulative: it takes the place of what the call had before.
func (b *callLog) sent(c *Call, piece generateResponse) {
	for _, candidate := range piece.Candidates {
		for _, p := range candidate.Content.Parts {
			switch {
			case p.FunctionCall != nil:
				c.ToolCalls++
				c.ToolWords += toolWords([]functionCall{*p.FunctionCall})
			case !p.Thought:
				c.Text += p.Text
			}
		}
		c.Finish = candidate.FinishReason
	}
	u := piece.Usage
	if u == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !c.Reported {
		c.Reported = true
		b.l.Reported++
	}
	replace := func(sum, old *int, now int) { *sum, *old = *sum+now-*old, now }
	replace(&b.l.PromptTokens, &c.PromptTokens, u.Prompt)
	replace(&b.l.CompletionTokens, &c.CompletionTokens, u.Candidates+u.Thoughts)
	replace(&b.l.CachedTokens, &c.CachedTokens, u.Cached)
	replace(&b.l.ThinkingTokens, &c.ThinkingTokens, u.Thoughts)
}

// end books how a call ended; only the first end of a call counts.
func (b *callLog) end(c *Call, o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Outcome != "" {
		return
	}
	c.Outcome = o
	switch o {
	case Answered:
		b.l.Answers++
	case Blocked:
		b.l.Blocked++
	case Truncated:
		b.l.Truncated++
	case Cancelled:
		b.l.Cancelled++
	case Failed:
		if b.l.Errors == nil {
			b.l.Errors = map[int]int{}
		}
		b.l.Errors[cmp.Or(c.ErrorCode, c.Code)]++
	}
}

func (b *callLog) copy() Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.l
	l.Errors = maps.Clone(b.l.Errors)
	return l
}
