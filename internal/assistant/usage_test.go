package assistant

import (
	"strings"
	"testing"
)

func TestEveryCallHasExactlyOneSource(t *testing.T) {
	request := Request{
		System: "be brief", // all that the model reads is prompt
		Messages: []Message{
			NewText(RoleUser, "how  deep\nmay it lie"), NewText(RoleModel, "four fathoms"), NewText(RoleUser, "why"),
		},
	}
	reported := Usage{PromptTokens: 7, CompletionTokens: 3, ThinkingTokens: 2, Source: UsageReported}
	for _, tt := range []struct {
		name   string
		answer Answer
		want   Usage
	}{
		{"the vendor counted", Answer{Text: "one two", Usage: reported}, reported},
		{"the vendor counted, and gave no text", Answer{Usage: reported}, reported},
		{"the vendor counted, and nobody said so", Answer{Text: "one", Usage: Usage{PromptTokens: 7}}, Usage{PromptTokens: 7, Source: UsageReported}},
		{"text alone", Answer{Text: "one two three"}, Usage{PromptTokens: 13, CompletionTokens: 4, Source: UsageEstimated}},
		{"a text of nothing but space", Answer{Text: " \n"}, Usage{PromptTokens: 13, Source: UsageEstimated}},
		{"nothing", Answer{}, Usage{Source: UsageUnknown}},
		{"an end without text", Answer{Finish: FinishBlocked}, Usage{Source: UsageUnknown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := SettleUsage(request, tt.answer); got != tt.want {
				t.Errorf("Account = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestTheEstimateIsRoundedUp holds it to 1.3 tokens a word, where floating point would make 143.00000000000003 of 110.
func TestTheEstimateIsRoundedUp(t *testing.T) {
	for words, want := range map[int]int{0: 0, 1: 2, 3: 4, 10: 13, 110: 143, 1000: 1300} {
		answer := Answer{Text: strings.Repeat("word ", words) + " "}
		if got := SettleUsage(Request{}, answer); got.CompletionTokens != want || got.PromptTokens != 0 {
			t.Errorf("%d words are %+v, want %d tokens", words, got, want)
		}
	}
}
