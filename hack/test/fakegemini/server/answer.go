package server

import (
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
)

// tokensPerWord is an estimate for English text.
const tokensPerWord = 1.3

// wordsPerChunk is how much of an answer one element of a stream carries, unless the behaviour says it.
const wordsPerChunk = 8

var vocabulary = strings.Fields(`the a ship line water load depth safe mark hull model answer token quota latency
	service cluster pod node alert threshold graph query sample rate error budget page window region draught summer
	winter fresh salt rises falls holds carries measures shows keeps warns under over above below within before after`)

// answer is what the model says to one call.
type answer struct {
	model  string
	scene  Scene
	words  []string
	prompt int            // tokens
	tokens int            // tokens of all the words
	chunk  int            // words of a chunk
	calls  []functionCall // instead of words
}

func compose(b Behaviour, scene Scene, r *rand.Rand, model string, promptWords, words int) answer {
	a := answer{
		model: model, scene: scene, prompt: b.PromptTokens, tokens: b.CompletionTokens, words: make([]string, words),
		chunk: cmp.Or(b.ChunkWords, wordsPerChunk),
	}
	for i := range a.words {
		a.words[i] = vocabulary[r.IntN(len(vocabulary))]
	}
	if a.prompt == 0 {
		a.prompt = estimate(promptWords)
	}
	if a.tokens == 0 {
		a.tokens = estimate(words)
	}
	return a
}

func estimate(words int) int { return int(math.Ceil(float64(words) * tokensPerWord)) }

// call makes the answer a call of tools.
func (a *answer) call(calls []functionCall) {
	a.calls, a.words = calls, nil
	a.tokens = estimate(toolWords(calls))
}

// write makes the answer a text.
func (a *answer) write(text string) {
	a.words = strings.Fields(text)
	a.tokens = estimate(len(a.words))
}

// pieces are what the scene has sent of the answer, in a form that is one piece or many.
func (a answer) pieces(how form) []generateResponse {
	all := []generateResponse{a.whole()}
	if how != formObject {
		all = a.chunks()
	}
	n := min(a.scene.Chunks, len(all)-1)
	switch a.scene.Act {
	case ActBlockPrompt:
		return []generateResponse{a.blockedPrompt()}
	case ActBlockAnswer:
		return append(all[:n:n], a.blockedAnswer(n))
	case ActStall, ActFailWithin, ActTruncate:
		return all[:n]
	default:
		return all
	}
}

// whole is the answer in one piece.
func (a answer) whole() generateResponse { return a.piece(0, len(a.words)) }

// chunks is the answer as a stream: usage is cumulative, the last chunk's is that of the call.
func (a answer) chunks() []generateResponse {
	if len(a.words) == 0 {
		return []generateResponse{a.whole()}
	}
	var out []generateResponse
	for from := 0; from < len(a.words); from += a.chunk {
		out = append(out, a.piece(from, min(from+a.chunk, len(a.words))))
	}
	return out
}

func (a answer) piece(from, to int) generateResponse {
	text, reason := strings.Join(a.words[from:to], " "), ""
	if from > 0 {
		text = " " + text
	}
	if to == len(a.words) {
		reason = cmp.Or(a.scene.Finish, "STOP")
	}
	var parts []part
	if from == 0 && a.scene.Thoughts != "" {
		parts = append(parts, part{Text: a.scene.Thoughts, Thought: true})
	}
	for i, c := range a.calls {
		p := part{FunctionCall: &c}
		if i == 0 { // as Gemini 3: the first of several carries the signature of all
			p.Signature = []byte(signature)
		}
		parts = append(parts, p)
	}
	if text != "" || len(parts) == 0 {
		parts = append(parts, part{Text: text})
	}
	return generateResponse{
		Candidates: []candidate{{
			Content:      content{Role: "model", Parts: parts},
			FinishReason: reason,
		}},
		Usage:        a.usage(to, a.scene.ThinkingTokens),
		ModelVersion: a.model,
	}
}

// usage is that of so many words; nil if the scene leaves it out. The thinking is done before the first word.
func (a answer) usage(words, thinking int) *usage {
	if a.scene.NoUsage {
		return nil
	}
	tokens := a.tokens
	if len(a.words) > 0 {
		tokens = a.tokens * words / len(a.words)
	}
	return &usage{
		Prompt: a.prompt, Cached: min(a.scene.CachedTokens, a.prompt), Candidates: tokens, Thoughts: thinking,
		Total: a.prompt + tokens + thinking,
	}
}

// blockedPrompt is the response to a prompt that the safety filter refuses. It carries no candidates.
func (a answer) blockedPrompt() generateResponse {
	return generateResponse{
		PromptFeedback: &promptFeedback{BlockReason: "SAFETY"},
		Usage:          a.usage(0, 0),
		ModelVersion:   a.model,
	}
}

// blockedAnswer is the end of an answer that the safety filter cuts after so many chunks.
func (a answer) blockedAnswer(chunks int) generateResponse {
	return generateResponse{
		Candidates:   []candidate{{Content: content{Role: "model"}, FinishReason: "SAFETY"}},
		Usage:        a.usage(min(chunks*a.chunk, len(a.words)), a.scene.ThinkingTokens),
		ModelVersion: a.model,
	}
}
