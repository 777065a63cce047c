package server

import (
	"math/rand/v2"
	"strings"
	"time"
)

// Act is what happens in a scene.
type Act string

const (
	// ActAnswer answers in full.
	ActAnswer Act = "answer"
	// ActFail refuses with Code.
	ActFail Act = "fail"
	// ActBlockPrompt has the safety filter refuse the prompt.
	ActBlockPrompt Act = "block-prompt"
	// ActBlockAnswer has the safety filter end the answer after Chunks chunks.
	ActBlockAnswer Act = "block-answer"
	// ActStall sends Chunks chunks and then nothing until the client leaves; with no chunks not even a header.
	ActStall Act = "stall"
	// ActFailWithin sends Chunks chunks and then the error of Code, within a response of 200.
	ActFailWithin Act = "fail-within"
	// ActTruncate ends the body after Chunks chunks, before the closing bracket and the finish reason.
	ActTruncate Act = "truncate"
)

// Quotas that a refusal with 429 can name.
const (
	QuotaMinute = "minute"
	QuotaDay    = "day"
)

// Scene scripts the calls it is for. The first scene that fits a call is played; where none does, the rates decide.
type Scene struct {
	// When is a text in the last message of the calls it is for; empty for every call.
	When string
	// Share of those calls are played, from 0 to 1; 0 is all of them.
	Share float64
	Act   Act
	// Code is the HTTP code of ActFail.
	Code int
	// Quotas are those that a Code of 429 names as exhausted: QuotaMinute, QuotaDay.
	Quotas []string
	// RetryAfter is the delay that a refusal asks for; none if 0.
	RetryAfter time.Duration
	// Chunks are sent before an answer is blocked, stalled or truncated; never the last of the answer.
	Chunks int
	// ChunkDelay passes before every chunk but the first; 0 is the behaviour's.
	ChunkDelay time.Duration
	// NoUsage leaves out what the call costs.
	NoUsage bool
	// CachedTokens are those of the prompt, ThinkingTokens come on top of the answer's.
	CachedTokens   int
	ThinkingTokens int
	// Finish is the finish reason of a full answer; empty is STOP.
	Finish string
	// Thoughts are sent before the answer, as a part that is a thought; none if empty.
	Thoughts string
	// Text is the answer; empty draws one. Empty has the answer be without text.
	Text  string
	Empty bool
	// Numbers has enums sent as numbers, as some gateways do.
	Numbers bool
	// Calls is how many tools are called at once, Rounds how often; 0 is once.
	Calls, Rounds int
}

// scene is the one that a call with this last message is played: a scripted one, else what its fate comes to.
func (b Behaviour) scene(message string, f fate, r *rand.Rand) Scene {
	for _, s := range b.Scenes {
		if !strings.Contains(message, s.When) {
			continue
		}
		if s.Share == 0 || r.Float64() < s.Share {
			return s
		}
	}
	switch {
	case f.code != 0:
		return Scene{Act: ActFail, Code: f.code}
	case f.blocked:
		return Scene{Act: ActBlockPrompt}
	default:
		return Scene{Act: ActAnswer}
	}
}
