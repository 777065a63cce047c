package openai

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/openai/openai-go/v3"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var (
	errMedia     = errors.New("OpenAI's API takes images, WAV and MP3 sound and PDF documents only")
	errMediaRole = errors.New("OpenAI's API takes media from a user only")
	errRole      = errors.New("the role is unknown")
)

// messageOf returns a message. A tool call's signature is another vendor's, and not sent.
func messageOf(m assistant.Message) (openai.ChatCompletionMessageParamUnion, error) {
	switch {
	case m.Role == assistant.RoleUser && hasMedia(m):
		parts, err := partsOf(m.Parts)
		return openai.UserMessage(parts), err
	case m.Role == assistant.RoleUser:
		return openai.UserMessage(m.Text()), nil // a plain text is what every server reads
	case hasMedia(m):
		return openai.ChatCompletionMessageParamUnion{}, errMediaRole
	case m.Role == assistant.RoleTool:
		return openai.ToolMessage(m.Text(), m.ToolCallID), nil
	case m.Role == assistant.RoleModel:
		return modelMessage(m), nil
	default:
		return openai.ChatCompletionMessageParamUnion{}, errRole
	}
}

func hasMedia(m assistant.Message) bool {
	for _, p := range m.Parts {
		if p.Media != nil {
			return true
		}
	}
	return false
}

func modelMessage(m assistant.Message) openai.ChatCompletionMessageParamUnion {
	out := openai.ChatCompletionAssistantMessageParam{}
	if text := m.Text(); text != "" || len(m.ToolCalls) == 0 {
		out.Content.OfString = openai.String(text)
	}
	for _, c := range m.ToolCalls {
		arguments := c.Arguments
		if arguments == "" {
			arguments = "{}"
		}
		out.ToolCalls = append(out.ToolCalls, openai.ChatCompletionMessageToolCallUnionParam{
			OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
				ID: c.ID, Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: arguments},
			},
		})
	}
	return openai.ChatCompletionMessageParamUnion{OfAssistant: &out}
}

func partsOf(parts []assistant.Part) ([]openai.ChatCompletionContentPartUnionParam, error) {
	var out []openai.ChatCompletionContentPartUnionParam
	for _, p := range parts {
		switch {
		case p.Media != nil:
			part, err := mediaOf(*p.Media)
			if err != nil {
				return nil, err
			}
			out = append(out, part)
		case p.Text != "":
			out = append(out, openai.TextContentPart(p.Text))
		}
	}
	return out, nil
}

// audioFormats are OpenAI's names of types of sound.
var audioFormats = map[string]string{
	"audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/vnd.wave": "wav", "audio/mp3": "mp3", "audio/mpeg": "mp3",
}

func mediaOf(m assistant.Media) (openai.ChatCompletionContentPartUnionParam, error) {
	mediaType, _, _ := strings.Cut(strings.ToLower(m.Type), ";")
	mediaType = strings.TrimSpace(mediaType)
	data := base64.StdEncoding.EncodeToString(m.Data)
	dataURL := "data:" + mediaType + ";base64," + data
	switch format := audioFormats[mediaType]; {
	case format != "":
		return openai.InputAudioContentPart(openai.ChatCompletionContentPartInputAudioInputAudioParam{Data: data, Format: format}), nil
	case strings.HasPrefix(mediaType, "image/"):
		return openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: dataURL}), nil
	case mediaType == "application/pdf":
		return openai.FileContentPart(openai.ChatCompletionContentPartFileFileParam{
			FileData: openai.String(dataURL), Filename: openai.String("document.pdf"), // a name is required
		}), nil
	default:
		return openai.ChatCompletionContentPartUnionParam{}, errMedia
	}
}
