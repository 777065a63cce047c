package httpapi

import (
	"encoding/base64"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// mediaTypes are the MIME types of media that are passed on, by the names that clients use for them.
var mediaTypes = map[string]string{
	"image/png": "image/png", "image/jpeg": "image/jpeg", "image/jpg": "image/jpeg", "image/webp": "image/webp",
	"image/gif": "image/gif", "image/heic": "image/heic", "image/heif": "image/heif",
	"application/pdf": "application/pdf",
	"audio/wav":       "audio/wav", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav",
	"audio/mp3": "audio/mp3", "audio/mpeg": "audio/mp3", "audio/aiff": "audio/aiff", "audio/x-aiff": "audio/aiff",
	"audio/aac": "audio/aac", "audio/ogg": "audio/ogg", "audio/flac": "audio/flac", "audio/x-flac": "audio/flac",
}

const (
	allowedMedia = "png, jpeg, webp, gif, heic, heif, pdf, wav, mp3, aiff, aac, ogg and flac"
	dataURLShape = "a data URL such as data:image/png;base64,iVBORw0K"
)

// dataURL returns the media in a data URL. Nothing is fetched for a client: an address could lead into our network.
func dataURL(url, param string) (*assistant.Media, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	if !strings.EqualFold(scheme, "data") {
		if strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http") {
			return nil, parameterError(param, "unsupported_parameter", "Addresses are not fetched; send the content itself, as "+dataURLShape+".")
		}
		return nil, parameterError(param, "invalid_value", "The content must be "+dataURLShape+".")
	}
	head, data, ok := strings.Cut(rest, ",")
	mediaType, encoding, _ := strings.Cut(head, ";")
	if !ok || !strings.HasSuffix(";"+strings.ToLower(encoding), ";base64") {
		return nil, parameterError(param, "invalid_value", "The content must be "+dataURLShape+".")
	}
	return media(mediaType, data, param)
}

// media decodes what a client calls mediaType.
func media(mediaType, data, param string) (*assistant.Media, error) {
	known, ok := mediaTypes[strings.ToLower(strings.TrimSpace(mediaType))]
	if !ok {
		return nil, parameterError(param, "unsupported_media_type", "The type of the media is not supported; these are: "+allowedMedia+".")
	}
	decoded, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		decoded, err = base64.RawStdEncoding.DecodeString(data)
	}
	if err != nil || len(decoded) == 0 {
		return nil, parameterError(param, "invalid_value", "The data of the media must be base64, and not empty.")
	}
	return &assistant.Media{Type: known, Data: decoded}, nil
}
