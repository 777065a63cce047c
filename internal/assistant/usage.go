package assistant

import "strings"

// SettleUsage returns what a call consumed: what the vendor counted, else an estimate from the words if there is an
// answer, else unknown. Its Source is never empty, so that every call is counted by exactly one of the three. A call
// without an answer is not estimated: whether the vendor read its prompt is unknown.
func SettleUsage(r Request, a Answer) Usage {
	switch {
	case a.Usage.Source != "":
		return a.Usage
	case a.Usage != Usage{}: // a model that counted without setting the source
		a.Usage.Source = UsageReported
		return a.Usage
	case a.Text == "" && len(a.ToolCalls) == 0:
		return Usage{Source: UsageUnknown}
	default:
		return Usage{
			PromptTokens: estimate(promptWords(r)), CompletionTokens: estimate(answerWords(a)), Source: UsageEstimated,
		}
	}
}

// EstimateTexts returns the usage of texts that the vendor read and did not count.
func EstimateTexts(texts []string) Usage {
	n := 0
	for _, text := range texts {
		n += words(text)
	}
	return Usage{PromptTokens: estimate(n), Source: UsageEstimated}
}

// estimate is 1.3 tokens a word, rounded up. It is far too low for languages that put no spaces between words.
func estimate(words int) int { return (words*13 + 9) / 10 }

func promptWords(r Request) int {
	n := words(r.System)
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			n += words(p.Text)
		}
	}
	return n
}

func answerWords(a Answer) int {
	n := words(a.Text)
	for _, c := range a.ToolCalls {
		n += 1 + words(c.Arguments)
	}
	return n
}

// words counts without allocating: answers are long.
func words(text string) int {
	n := 0
	for range strings.FieldsSeq(text) {
		n++
	}
	return n
}
