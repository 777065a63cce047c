package server

import "sync"

// Ledger is what a server has done since it began: the truth against which a client's own count is checked.
type Ledger struct {
	// Requests are the calls that reached the model's endpoints. Each ends in one of the four below.
	Requests int `json:"requests"`
	// Answers were given in full, unless the client left while they were written.
	Answers int `json:"answers"`
	// Blocked were refused by the safety filter.
	Blocked int `json:"blocked"`
	// Cancelled were given up by the client.
	Cancelled int `json:"cancelled"`
	// Errors are the refusals by HTTP code, scripted or not.
	Errors map[int]int `json:"errors"`
	// PromptTokens and CompletionTokens are those of Answers.
	PromptTokens     int `json:"promptTokens"`
	CompletionTokens int `json:"completionTokens"`
}

type book struct {
	mu    sync.Mutex
	l     Ledger
	calls uint64
}

// open books a call and returns its number, from 1.
func (b *book) open() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.l.Requests++
	b.calls++
	return b.calls
}

func (b *book) answered(a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.l.Answers++
	b.l.PromptTokens += a.prompt
	b.l.CompletionTokens += a.tokens
}

func (b *book) blocked() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.l.Blocked++
}

func (b *book) cancelled() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.l.Cancelled++
}

func (b *book) failed(code int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.l.Errors == nil {
		b.l.Errors = map[int]int{}
	}
	b.l.Errors[code]++
}

func (b *book) copy() Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.l
	l.Errors = make(map[int]int, len(b.l.Errors))
	for code, n := range b.l.Errors {
		l.Errors[code] = n
	}
	return l
}
