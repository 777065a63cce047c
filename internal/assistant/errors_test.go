package assistant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestKindOf(t *testing.T) {
	quota := &Error{Kind: KindQuota, Err: io.EOF}
	for _, tt := range []struct {
		name string
		err  error
		want Kind
	}{
		{"model error", quota, KindQuota},
		{"wrapped model error", fmt.Errorf("chat: %w", quota), KindQuota},
		{"model error that wraps a context's end", &Error{Kind: KindUnavailable, Err: context.Canceled}, KindUnavailable},
		{"deadline", fmt.Errorf("call: %w", context.DeadlineExceeded), KindTimeout},
		{"cancelled", context.Canceled, KindCancelled},
		{"anything else", io.EOF, KindUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := KindOf(tt.err); got != tt.want {
				t.Errorf("KindOf(%v) = %q, want %q", tt.err, got, tt.want)
			}
		})
	}
}

func TestErrorUnwraps(t *testing.T) {
	err := &Error{Kind: KindUnavailable, Err: io.ErrUnexpectedEOF}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v does not unwrap to its cause", err)
	}
	if got, want := err.Error(), "unavailable: unexpected EOF"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestPromptIsTheLastMessage(t *testing.T) {
	r := Request{Messages: []Message{NewText(RoleUser, "first"), NewText(RoleModel, "answer"), NewText(RoleUser, "second")}}
	if got := r.Prompt(); got != "second" {
		t.Errorf("Prompt() = %q, want the last message", got)
	}
	if got := (Request{}).Prompt(); got != "" {
		t.Errorf("Prompt() of no messages = %q, want none", got)
	}
}
