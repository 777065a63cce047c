package gemini

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/genai"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// finishMissingSignature is a finish reason that the library does not name yet.
const finishMissingSignature genai.FinishReason = "MISSING_THOUGHT_SIGNATURE"

// answer is what has come of an answer.
type answer struct {
	assistant.Answer
	text strings.Builder // becomes the Answer's in the end
	emit func(assistant.Delta) error
	// finish and blocked are the vendor's reasons for the end of the answer and for none.
	finish  genai.FinishReason
	blocked genai.BlockedReason
}

// add adds a chunk. Its error is that of emit.
func (a *answer) add(chunk *genai.GenerateContentResponse) error {
	if u, ok := usageOf(chunk.UsageMetadata); ok { // each is that of the whole call until then
		a.Usage = u
	}
	if f := chunk.PromptFeedback; f != nil && f.BlockReason != "" && f.BlockReason != genai.BlockedReasonUnspecified {
		a.blocked = f.BlockReason
	}
	if len(chunk.Candidates) == 0 {
		return nil
	}
	c := chunk.Candidates[0]
	if c.FinishReason != "" && c.FinishReason != genai.FinishReasonUnspecified {
		a.finish = c.FinishReason
	}
	if c.Content == nil {
		return nil
	}
	for _, p := range c.Content.Parts {
		if err := a.addPart(p); err != nil {
			return fmt.Errorf("%w: %w", upstream.ErrCallerStopped, err)
		}
	}
	return nil
}

// addPart adds a text or a tool call. A thought is nobody's business, and what is unknown is skipped.
func (a *answer) addPart(p *genai.Part) error {
	switch {
	case p.Thought:
		return nil
	case p.FunctionCall != nil:
		return a.addToolCall(p.FunctionCall, p.ThoughtSignature)
	case p.Text != "":
		a.text.WriteString(p.Text)
		return a.send(assistant.Delta{Text: p.Text})
	default:
		return nil
	}
}

func (a *answer) addToolCall(f *genai.FunctionCall, signature []byte) error {
	arguments := []byte("{}")
	if len(f.Args) > 0 {
		var err error
		if arguments, err = json.Marshal(f.Args); err != nil {
			return fmt.Errorf("encoding the arguments of a tool call: %w", err)
		}
	}
	call := assistant.ToolCall{ID: f.ID, Name: f.Name, Arguments: string(arguments), Signature: signature}
	if call.ID == "" {
		call.ID = "call_" + rand.Text()
	}
	a.ToolCalls = append(a.ToolCalls, call)
	return a.send(assistant.Delta{ToolCall: &assistant.ToolCallDelta{
		Index: len(a.ToolCalls) - 1, ID: call.ID, Name: call.Name, Arguments: call.Arguments, Signature: call.Signature,
	}})
}

func (a *answer) send(d assistant.Delta) error {
	if a.emit == nil {
		return nil
	}
	return a.emit(d)
}

// failure completes the answer, and returns the error of a call that has none.
func (a *answer) failure(ctx context.Context, call *upstream.Call, err error) error {
	a.Text, a.Finish = a.text.String(), a.finished()
	if call.ErrorBody != nil || call.Status/100 > 2 {
		return fromAPI(call)
	}
	if interrupted := call.Interrupted(ctx, err); interrupted != nil && a.Finish == "" {
		return interrupted
	}
	switch {
	case a.blocked != "":
		return assistant.NewError(assistant.KindBlocked, "the prompt was blocked: "+name(string(a.blocked)))
	case a.Finish == assistant.FinishBlocked:
		return assistant.NewError(assistant.KindBlocked, "the answer was blocked: "+name(string(a.finish)))
	case (err != nil || call.Unreadable) && a.Finish == "":
		return assistant.NewError(assistant.KindUnknown, "the answer cannot be read") // the library's error quotes it
	case a.Finish == "":
		return assistant.NewError(assistant.KindTruncated, "the answer ended without a finish reason")
	case a.finish == finishMissingSignature:
		return assistant.NewError(assistant.KindInvalid, "the conversation lacks a thought signature of a tool call")
	case a.Finish == assistant.FinishOther && a.Text == "" && len(a.ToolCalls) == 0:
		return assistant.NewError(assistant.KindUnknown, "there is no answer: "+name(string(a.finish)))
	}
	return nil
}

// finished returns the finish reason; empty if the answer did not come to an end.
func (a *answer) finished() assistant.Finish {
	switch a.finish {
	case "":
		return ""
	case genai.FinishReasonStop:
		if len(a.ToolCalls) > 0 {
			return assistant.FinishToolCalls
		}
		return assistant.FinishStop
	case genai.FinishReasonMaxTokens, genai.FinishReasonContinuation:
		return assistant.FinishLength
	case genai.FinishReasonSafety, genai.FinishReasonRecitation, genai.FinishReasonLanguage, genai.FinishReasonBlocklist,
		genai.FinishReasonProhibitedContent, genai.FinishReasonSPII, genai.FinishReasonImageSafety,
		genai.FinishReasonImageProhibitedContent, genai.FinishReasonImageRecitation:
		return assistant.FinishBlocked
	default:
		return assistant.FinishOther
	}
}

// namePattern is the form of the names that Google gives to values of an enum.
var namePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,62}$`)

// name returns the name of an enum's value if it is one, so that no other text gets into an error.
func name(text string) string {
	if namePattern.MatchString(text) {
		return text
	}
	return "a reason that has no name"
}
