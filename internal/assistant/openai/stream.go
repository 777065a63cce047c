package openai

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/openai/openai-go/v3/packages/ssestream"
)

// maxObject is the size of the longest answer that is no stream, in bytes: that of the library's longest event.
const maxObject = 32 << 20

// readEvents passes each JSON object of an answer to add, until the stream's end. A server that ignores the request for a
// stream sends a single object.
func readEvents(resp *http.Response, add func(data []byte) error) error {
	body := bufio.NewReader(resp.Body)
	first, err := firstByte(body)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case first == '{' || first == '[':
		return readObjects(body, add)
	}
	// The two line ends complete an event that a server did not end.
	resp.Body = readCloser{io.MultiReader(body, strings.NewReader("\n\n")), resp.Body}
	decoder := ssestream.NewDecoder(&http.Response{Body: resp.Body})
	for decoder.Next() {
		data := bytes.TrimSpace(decoder.Event().Data)
		if bytes.Equal(data, []byte("[DONE]")) {
			return nil
		}
		if len(data) == 0 {
			continue
		}
		if err := add(data); err != nil {
			return err
		}
	}
	return decoder.Err()
}

type readCloser struct {
	io.Reader
	io.Closer
}

// firstByte skips white space and returns the byte after it, which stays unread.
func firstByte(r *bufio.Reader) (byte, error) {
	for {
		next, err := r.Peek(1)
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(next[0])) {
			return next[0], nil
		}
		_, _ = r.Discard(1)
	}
}

// readObjects reads objects that follow one another.
func readObjects(body io.Reader, add func(data []byte) error) error {
	decoder := json.NewDecoder(io.LimitReader(body, maxObject))
	for {
		var data json.RawMessage
		err := decoder.Decode(&data)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := add(data); err != nil {
			return err
		}
	}
}

// isEventStream reports whether a response says that it is a stream.
func isEventStream(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/event-stream")
}
