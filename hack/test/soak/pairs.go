package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/books"
	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

// told is what a client knows of a call that it made.
type told struct {
	way   way
	words int    // that the model should have been sent, with all that was said before
	text  string // of the answer, as far as it came
	usage *usage // nil if the answer told none
}

type usage struct{ prompt, completion int }

// pairs brings the two accounts of a call together: the client's and the stand-in's. It is safe for concurrent use.
type pairs struct {
	mu       sync.Mutex
	told     map[int]told
	called   map[int]server.Call
	matched  int
	mistakes mistakes
}

func newPairs() *pairs { return &pairs{told: map[int]told{}, called: map[int]server.Call{}} }

// tell is the client's account.
func (p *pairs) tell(id int, t told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.called[id]; ok {
		delete(p.called, id)
		p.match(id, t, c)
		return
	}
	p.told[id] = t
}

// call is the stand-in's account.
func (p *pairs) call(c server.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := idOf([]byte(c.Message))
	if _, twice := p.called[id]; twice {
		p.mistakes.add(fmt.Sprintf("call-%d reached the model twice", id))
	}
	if t, ok := p.told[id]; ok {
		delete(p.told, id)
		p.match(id, t, c)
		return
	}
	p.called[id] = c
}

func (p *pairs) match(id int, t told, c server.Call) {
	p.matched++
	if why := disagreement(t, c); why != "" {
		p.mistakes.add(fmt.Sprintf("call-%d (%s, %s): %s", id, t.way.form, t.way.name, why))
	}
}

// leftOver are the calls of which there is one account only.
func (p *pairs) leftOver() (asked, called int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.told), len(p.called)
}

// disagreement is how the two accounts of a call differ, empty if they do not.
func disagreement(t told, c server.Call) string {
	if c.PromptWords != t.words {
		return fmt.Sprintf("the model was sent %d words, want %d: the session lost or mixed up what was said", c.PromptWords, t.words)
	}
	if t.way.kind != "" {
		if !strings.HasPrefix(c.Text, t.text) {
			return "the client was told what the model did not say"
		}
		return ""
	}
	if c.Text != t.text {
		return fmt.Sprintf("the client was told %d characters of %d", len(t.text), len(c.Text))
	}
	want := usage{c.PromptTokens, c.CompletionTokens}
	if !c.Reported {
		want = usage{books.Estimate(c.PromptWords), books.Estimate(len(strings.Fields(c.Text)))}
	}
	if t.usage == nil || *t.usage != want {
		return fmt.Sprintf("the client was told a usage of %+v, want %+v", t.usage, want)
	}
	return ""
}

// mistakes keeps the first few, and counts all.
type mistakes struct {
	first []string
	n     int
}

func (m *mistakes) add(what string) {
	if m.n++; len(m.first) < 10 {
		m.first = append(m.first, what)
	}
}
