package server

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Behaviour is how the server answers.
type Behaviour struct {
	// Latency passes before the first byte of an answer or an error.
	Latency time.Duration
	// LatencyJitter is the most that is added to or taken from Latency, evenly distributed.
	LatencyJitter time.Duration
	// ErrorRate is the share of calls that fail, from 0 to 1.
	ErrorRate float64
	// ErrorCodes are the HTTP codes of failures, equally likely.
	ErrorCodes []int
	// BlockRate is the share of the calls that do not fail whose prompt the safety filter blocks, from 0 to 1.
	BlockRate float64
	// PromptTokens is what every prompt is said to cost; 0 derives it from the words.
	PromptTokens int
	// CompletionTokens is what every answer is said to cost, and how long it is; 0 draws a length.
	CompletionTokens int
	// ChunkWords is how much of an answer one chunk of a stream carries; 0 is eight words.
	ChunkWords int
	// ChunkDelay passes before every chunk of a stream but the first.
	ChunkDelay time.Duration
	// Scenes are what happens to particular calls, in the order in which they are tried.
	Scenes []Scene
}

// DefaultBehaviour answers at once, never fails, and derives tokens from words.
func DefaultBehaviour() Behaviour { return Behaviour{ErrorCodes: []int{429, 500}} }

// validate reports the first field that is out of range.
func (b Behaviour) validate() error {
	switch {
	case min(b.ErrorRate, b.BlockRate) < 0 || max(b.ErrorRate, b.BlockRate) > 1:
		return fmt.Errorf("errorRate %v or blockRate %v is not between 0 and 1", b.ErrorRate, b.BlockRate)
	case b.ErrorRate > 0 && len(b.ErrorCodes) == 0:
		return fmt.Errorf("errorCodes must name a code when errorRate is above 0")
	}
	for _, code := range b.ErrorCodes {
		if _, ok := failures[code]; !ok {
			return fmt.Errorf("errorCodes: %d is not a code that Gemini fails with", code)
		}
	}
	return nil
}

// fate is what one call will meet.
type fate struct {
	delay   time.Duration
	code    int // 0: the call does not fail
	blocked bool
	words   int // length of the answer
}

// draw decides a call's fate. The draws are always the same in number and order, so that a call's fate depends only on
// its own random source and on the behaviour.
func (b Behaviour) draw(r *rand.Rand) fate {
	jitter, fails, code, blocked, words := r.Float64()*2-1, r.Float64(), r.Float64(), r.Float64(), r.IntN(60)
	f := fate{
		delay:   max(0, b.Latency+time.Duration(jitter*float64(b.LatencyJitter))),
		blocked: blocked < b.BlockRate,
		words:   20 + words,
	}
	if b.CompletionTokens > 0 {
		f.words = max(1, int(float64(b.CompletionTokens)/tokensPerWord))
	}
	if fails < b.ErrorRate {
		f.code = b.ErrorCodes[int(code*float64(len(b.ErrorCodes)))]
	}
	return f
}
