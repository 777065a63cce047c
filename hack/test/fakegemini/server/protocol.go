package server

import (
	"slices"
	"strings"
)

// What of Gemini's generateContent messages the stand-in reads and writes.
type (
	generateRequest struct {
		Contents []content `json:"contents"`
		System   content   `json:"systemInstruction"`
		Tools    []struct {
			Functions []function `json:"functionDeclarations"`
		} `json:"tools"`
		ToolConfig struct {
			Calling struct {
				Mode  string   `json:"mode"`
				Names []string `json:"allowedFunctionNames"`
			} `json:"functionCallingConfig"`
		} `json:"toolConfig"`
		Generation struct {
			MIMEType string         `json:"responseMimeType"`
			Schema   map[string]any `json:"responseJsonSchema"`
		} `json:"generationConfig"`
	}
	function struct {
		Name       string         `json:"name"`
		Parameters map[string]any `json:"parametersJsonSchema"`
	}
	content struct {
		Parts []part `json:"parts"`
		Role  string `json:"role,omitempty"`
	}
	part struct {
		Text         string          `json:"text,omitempty"`
		Thought      bool            `json:"thought,omitempty"`
		Signature    []byte          `json:"thoughtSignature,omitempty"`
		FunctionCall *functionCall   `json:"functionCall,omitempty"`
		Result       *functionResult `json:"functionResponse,omitempty"`
		Inline       *inlineData     `json:"inlineData,omitempty"`
	}
	functionCall struct {
		ID   string         `json:"id,omitempty"`
		Name string         `json:"name"`
		Args map[string]any `json:"args,omitempty"`
	}
	functionResult struct {
		ID       string         `json:"id,omitempty"`
		Name     string         `json:"name"`
		Response map[string]any `json:"response"`
	}
	inlineData struct {
		MIMEType string `json:"mimeType"`
		Data     []byte `json:"data"`
	}
	generateResponse struct {
		Candidates     []candidate     `json:"candidates,omitempty"`
		PromptFeedback *promptFeedback `json:"promptFeedback,omitempty"`
		Usage          *usage          `json:"usageMetadata,omitempty"`
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
		Cached     int `json:"cachedContentTokenCount,omitempty"`
		Candidates int `json:"candidatesTokenCount,omitempty"`
		Thoughts   int `json:"thoughtsTokenCount,omitempty"`
		Total      int `json:"totalTokenCount"`
	}
)

// words counts the words of everything said so far: a model reads the whole conversation.
func (r generateRequest) words() int {
	n := 0
	for _, c := range append([]content{r.System}, r.Contents...) {
		for _, p := range c.Parts {
			n += len(strings.Fields(p.Text))
		}
	}
	return n
}

// message is the last text that was said: the results of tools have none.
func (r generateRequest) message() string {
	for _, c := range slices.Backward(r.Contents) {
		var b strings.Builder
		for _, p := range c.Parts {
			b.WriteString(p.Text)
		}
		if c.Role != "model" && b.Len() > 0 {
			return b.String()
		}
	}
	return ""
}

// form is how an answer is written.
type form int

const (
	formObject form = iota // :generateContent
	formArray              // :streamGenerateContent
	formSSE                // :streamGenerateContent?alt=sse
)
