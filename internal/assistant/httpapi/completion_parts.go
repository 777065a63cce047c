package httpapi

import (
	"encoding/json"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const contentShape = `a string, or an array of parts such as {"type": "text", "text": "Hello"}`

// wirePart is a part of a message's content in OpenAI's API.
type wirePart struct {
	Type     string  `json:"type"`
	Text     *string `json:"text"`
	Refusal  *string `json:"refusal"`
	ImageURL *struct {
		URL string `json:"url"`
	} `json:"image_url"`
	InputAudio *struct {
		Data   string `json:"data"`
		Format string `json:"format"`
	} `json:"input_audio"`
	File *struct {
		Data string `json:"file_data"`
	} `json:"file"`
}

// partsOf reads a message's content: a string, or an array of parts. Texts next to each other become one, and empty ones
// are left out. Only a user's message may hold media.
func partsOf(content json.RawMessage, role, param string) ([]assistant.Part, error) {
	if isNull(content) {
		return nil, nil
	}
	shape := parameterError(param, "invalid_type", "The content of a message must be "+contentShape+".")
	if content[0] == '"' {
		var text string
		if err := json.Unmarshal(content, &text); err != nil {
			return nil, shape
		}
		return appendPart(nil, assistant.Part{Text: text}), nil
	}
	var wire []wirePart
	if err := json.Unmarshal(content, &wire); err != nil {
		return nil, shape
	}
	var parts []assistant.Part
	for i, w := range wire {
		part, err := w.part(role, fmt.Sprintf("%s[%d]", param, i))
		if err != nil {
			return nil, err
		}
		parts = appendPart(parts, part)
	}
	return parts, nil
}

func appendPart(parts []assistant.Part, p assistant.Part) []assistant.Part {
	switch last := len(parts) - 1; {
	case p.Media != nil:
		return append(parts, p)
	case p.Text == "":
		return parts
	case last >= 0 && parts[last].Media == nil:
		parts[last].Text += p.Text
		return parts
	default:
		return append(parts, p)
	}
}

// part checks that a part is of a type that its role may send.
func (w wirePart) part(role, param string) (assistant.Part, error) {
	switch {
	case w.Type == "text" && w.Text != nil:
		return assistant.Part{Text: *w.Text}, nil
	case w.Type == "refusal" && w.Refusal != nil && role == roleAssistant:
		return assistant.Part{Text: *w.Refusal}, nil
	case role != roleUser:
		return assistant.Part{}, parameterError(param, "unsupported_parameter", "Only a user's message may hold parts other than text.")
	}
	var (
		m   *assistant.Media
		err error
	)
	switch {
	case w.Type == "image_url" && w.ImageURL != nil:
		m, err = dataURL(w.ImageURL.URL, param+".image_url.url")
	case w.Type == "input_audio" && w.InputAudio != nil:
		m, err = media("audio/"+w.InputAudio.Format, w.InputAudio.Data, param+".input_audio")
	case w.Type == "file" && w.File != nil && w.File.Data != "":
		m, err = dataURL(w.File.Data, param+".file.file_data")
	case w.Type == "file":
		err = parameterError(param+".file", "unsupported_parameter", "Files are not kept here; send the file itself in file_data, as a data URL.")
	default:
		err = parameterError(param, "unsupported_parameter",
			"A part must be of the type text, image_url, input_audio or file, and hold a field of that name.")
	}
	return assistant.Part{Media: m}, err
}
