package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/accounting"
	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

// clientRecord is what a client knows of a call that it made.
type clientRecord struct {
	scenario scenario
	words    int    // that the model should have been sent, with all that was said before
	text     string // of the answer, as far as it came
	usage    *usage // nil if the answer told none
}

type usage struct{ prompt, completion int }

// callMatcher brings the two accounts of a call together: the client's and the stand-in's. It is safe for concurrent use.
type callMatcher struct {
	mu       sync.Mutex
	asked    map[int]clientRecord
	called   map[int]server.Call
	matched  int
	failures failureList
}

func newCallMatcher() *callMatcher {
	return &callMatcher{asked: map[int]clientRecord{}, called: map[int]server.Call{}}
}

// addClient is the client's account.
func (p *callMatcher) addClient(id int, t clientRecord) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.called[id]; ok {
		delete(p.called, id)
		p.match(id, t, c)
		return
	}
	p.asked[id] = t
}

// addServer is the stand-in's account.
func (p *callMatcher) addServer(c server.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := idOf([]byte(c.Message))
	if _, twice := p.called[id]; twice {
		p.failures.add(fmt.Sprintf("call-%d reached the model twice", id))
	}
	if t, ok := p.asked[id]; ok {
		delete(p.asked, id)
		p.match(id, t, c)
		return
	}
	p.called[id] = c
}

func (p *callMatcher) match(id int, t clientRecord, c server.Call) {
	p.matched++
	if why := disagreement(t, c); why != "" {
		p.failures.add(fmt.Sprintf("call-%d (%s, %s): %s", id, t.scenario.form, t.scenario.name, why))
	}
}

// leftOver are the calls of which there is one account only.
func (p *callMatcher) leftOver() (asked, called int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked), len(p.called)
}

// disagreement is how the two accounts of a call differ, empty if they do not.
func disagreement(t clientRecord, c server.Call) string {
	if c.PromptWords != t.words {
		return fmt.Sprintf("the model was sent %d words, want %d: the session lost or mixed up what was said", c.PromptWords, t.words)
	}
	if t.scenario.kind != "" {
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
		want = usage{accounting.Estimate(c.PromptWords), accounting.Estimate(len(strings.Fields(c.Text)))}
	}
	if t.usage == nil || *t.usage != want {
		return fmt.Sprintf("the client was told a usage of %+v, want %+v", t.usage, want)
	}
	return ""
}

// failureList keeps the first few, and counts all.
type failureList struct {
	first []string
	n     int
}

func (m *failureList) add(what string) {
	if m.n++; len(m.first) < 10 {
		m.first = append(m.first, what)
	}
}
