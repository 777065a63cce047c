package server

import (
	"math"
	"math/rand/v2"
	"strings"
)

// tokensPerWord is the source document's estimate.
const tokensPerWord = 1.3

// wordsPerChunk is how much of an answer one element of a stream carries.
const wordsPerChunk = 8

var vocabulary = strings.Fields(`the a ship line water load depth safe mark hull model answer token quota latency
	service cluster pod node alert threshold graph query sample rate error budget page window region draught summer
	winter fresh salt rises falls holds carries measures shows keeps warns under over above below within before after`)

// answer is what the model says to one call.
type answer struct {
	words  []string
	prompt int // tokens
	tokens int // tokens of all the words
}

func compose(b Behaviour, r *rand.Rand, promptWords, words int) answer {
	a := answer{prompt: b.PromptTokens, tokens: b.CompletionTokens, words: make([]string, words)}
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

// whole is the answer in one piece.
func (a answer) whole(model string) generateResponse { return a.piece(model, 0, len(a.words)) }

// chunks is the answer as a stream: usage is cumulative, the last chunk's is that of the call.
func (a answer) chunks(model string) []generateResponse {
	var out []generateResponse
	for from := 0; from < len(a.words); from += wordsPerChunk {
		out = append(out, a.piece(model, from, min(from+wordsPerChunk, len(a.words))))
	}
	return out
}

func (a answer) piece(model string, from, to int) generateResponse {
	text := strings.Join(a.words[from:to], " ")
	tokens, reason := a.tokens*to/len(a.words), ""
	if from > 0 {
		text = " " + text
	}
	if to == len(a.words) {
		reason = "STOP"
	}
	return generateResponse{
		Candidates: []candidate{{
			Content:      content{Role: "model", Parts: []part{{Text: text}}},
			FinishReason: reason,
		}},
		Usage:        usage{Prompt: a.prompt, Candidates: tokens, Total: a.prompt + tokens},
		ModelVersion: model,
	}
}

// blocked is the response to a prompt that the safety filter refuses. It carries no candidates.
func (a answer) blocked(model string) generateResponse {
	return generateResponse{
		PromptFeedback: &promptFeedback{BlockReason: "SAFETY"},
		Usage:          usage{Prompt: a.prompt, Total: a.prompt},
		ModelVersion:   model,
	}
}
