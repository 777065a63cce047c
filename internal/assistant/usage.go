package assistant

import "strings"

// Account settles what a call has consumed: what the vendor counted, else an estimate from the words if there is an
// answer, else nothing known. The Source of what it returns is never empty, so that every call, however it ended, is
// in exactly one of the three.
//
// A call without an answer is not estimated: nobody knows whether the vendor read its prompt.
func SettleUsage(r Request, a Answer) Usage {
	switch {
	case a.Usage.Source != "":
		return a.Usage
	case a.Usage != Usage{}: // a model that counted and does not say so
		a.Usage.Source = UsageReported
		return a.Usage
	case a.Text == "":
		return Usage{Source: UsageUnknown}
	default:
		return Usage{
			PromptTokens: estimate(promptWords(r)), CompletionTokens: estimate(words(a.Text)), Source: UsageEstimated,
		}
	}
}

// estimate is the source document's: 1.3 tokens a word, here rounded up to whole tokens. It is rough, and far too low
// for languages that put no spaces between words.
func estimate(words int) int { return (words*13 + 9) / 10 }

func promptWords(r Request) int {
	n := words(r.System)
	for _, m := range r.Messages {
		n += words(m.Text)
	}
	return n
}

// words counts without making a slice of them: answers are long.
func words(text string) int {
	n := 0
	for range strings.FieldsSeq(text) {
		n++
	}
	return n
}
