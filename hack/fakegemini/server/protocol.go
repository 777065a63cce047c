package server

import "strings"

// What of Gemini's generateContent messages the stand-in reads and writes.
type (
	generateRequest struct {
		Contents []content `json:"contents"`
	}
	content struct {
		Parts []part `json:"parts"`
		Role  string `json:"role,omitempty"`
	}
	part struct {
		Text string `json:"text"`
	}
	generateResponse struct {
		Candidates     []candidate     `json:"candidates,omitempty"`
		PromptFeedback *promptFeedback `json:"promptFeedback,omitempty"`
		Usage          usage           `json:"usageMetadata"`
		ModelVersion   string          `json:"modelVersion"`
	}
	candidate struct {
		Content      content `json:"content"`
		FinishReason string  `json:"finishReason,omitempty"`
		Index        int     `json:"index"`
	}
	promptFeedback struct {
		BlockReason string `json:"blockReason"`
	}
	usage struct {
		Prompt     int `json:"promptTokenCount"`
		Candidates int `json:"candidatesTokenCount,omitempty"`
		Total      int `json:"totalTokenCount"`
	}
)

// words counts the words of everything said so far: a model reads the whole conversation.
func (r generateRequest) words() int {
	n := 0
	for _, c := range r.Contents {
		for _, p := range c.Parts {
			n += len(strings.Fields(p.Text))
		}
	}
	return n
}

// form is how an answer is written.
type form int

const (
	formObject form = iota // :generateContent
	formArray              // :streamGenerateContent
	formSSE                // :streamGenerateContent?alt=sse
)
