package gemini

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// FuzzEvents holds whatever is sent to the one form that the library reads: events, each an object with known fields only.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		chunk("a", 1), "data: " + strings.Trim(chunk("a", 1), "[]") + "\r\n\r\n", ": c\n\ndata: [DONE]\n\n", `[null]`, `{"candidates":[null]}`,
		`{"candidates":[{"content":{"parts":[null,{"functionCall":{"args":[]}}]}}]}`, `[{"error":{"code":1}}]`, "\xef\xbb\xbf[]", `{"usageMetadata":{"promptTokenCount":"12"}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		call := &upstream.Call{Started: body != ""}
		out, err := io.ReadAll(newEvents(call, io.NopCloser(strings.NewReader(body))))
		if err != nil {
			t.Fatalf("%v of %q", err, body)
		}
		for event := range strings.SplitSeq(strings.TrimSuffix(string(out), "\n\n"), "\n\n") {
			data, ok := strings.CutPrefix(event, "data: ")
			if event == "" {
				continue
			}
			var object map[string]any
			if !ok || json.Unmarshal([]byte(data), &object) != nil || object["error"] != nil {
				t.Fatalf("event %q of %q", event, body)
			}
		}
	})
}
