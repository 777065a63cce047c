package gemini

import (
	"google.golang.org/genai"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// usageOf reads the usage of a chunk, and reports whether there is any. Prompts of tools that the vendor ran are prompt,
// and thinking is completion: Gemini bills them so (https://ai.google.dev/gemini-api/docs/pricing). Gateways that do not
// tell the thinking count it in the total, if they have one. Cached tokens are part of the prompt's. Nothing is negative.
func usageOf(u *genai.GenerateContentResponseUsageMetadata) (assistant.Usage, bool) {
	if u == nil {
		return assistant.Usage{}, false
	}
	count := func(n int32) int { return int(max(0, n)) }
	prompt := count(u.PromptTokenCount) + count(u.ToolUsePromptTokenCount)
	candidates := count(u.CandidatesTokenCount)
	thinking := max(count(u.ThoughtsTokenCount), count(u.TotalTokenCount)-prompt-candidates)
	if prompt+candidates+thinking == 0 {
		return assistant.Usage{}, false
	}
	return assistant.Usage{
		PromptTokens: prompt, CompletionTokens: candidates + thinking,
		CachedTokens: min(count(u.CachedContentTokenCount), prompt), ThinkingTokens: thinking, Source: assistant.UsageReported,
	}, true
}
