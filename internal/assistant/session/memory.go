// Package session stores conversations: in memory for one replica, in Redis for several.
package session

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Limits bound a store. All must be positive.
type Limits struct {
	// TTL is how long a session lives after its last message.
	TTL time.Duration
	// Messages is the maximum of a session; its oldest go first.
	Messages int
	// Bytes is the maximum text of all sessions together; the least recently used session goes first.
	Bytes int
}

// DefaultLimits returns 40 messages a session and 64 MiB in all, for ttl after the last message.
func DefaultLimits(ttl time.Duration) Limits {
	return Limits{TTL: ttl, Messages: 40, Bytes: 64 << 20}
}

// Memory is an assistant.Store in this process's memory. Every session lives equally long after its last use, so the
// order of use is the order of expiry: expired sessions are always at the end.
type Memory struct {
	limits Limits
	now    func() time.Time

	mu    sync.Mutex
	byID  map[string]*list.Element
	byUse *list.List // of *conversation, the most recently used first
	bytes int
}

var _ assistant.Store = (*Memory)(nil)

type conversation struct {
	id       string
	messages []assistant.Message
	bytes    int
	expires  time.Time
}

// NewMemory returns an empty store. It fails on a limit that is not positive.
func NewMemory(limits Limits) (*Memory, error) {
	if limits.TTL <= 0 || limits.Messages <= 0 || limits.Bytes <= 0 {
		return nil, fmt.Errorf("creating the session store: limits must be positive: %+v", limits)
	}
	return &Memory{limits: limits, now: time.Now, byID: map[string]*list.Element{}, byUse: list.New()}, nil
}

// History returns a copy of the session's messages.
func (m *Memory) History(_ context.Context, id string) ([]assistant.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	e, ok := m.byID[id]
	if !ok {
		return nil, nil
	}
	return slices.Clone(e.Value.(*conversation).messages), nil
}

// Append never fails. A session that is too large for the whole store is deleted at once.
func (m *Memory) Append(_ context.Context, id string, messages ...assistant.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	e, ok := m.byID[id]
	if !ok {
		e = m.byUse.PushFront(&conversation{id: id})
		m.byID[id] = e
	}
	m.byUse.MoveToFront(e)

	c := e.Value.(*conversation)
	c.expires = m.now().Add(m.limits.TTL)
	c.messages = append(c.messages, messages...)
	if surplus := len(c.messages) - m.limits.Messages; surplus > 0 {
		c.messages = slices.Delete(c.messages, 0, surplus)
	}
	m.bytes -= c.bytes
	c.bytes = size(c)
	m.bytes += c.bytes
	for m.bytes > m.limits.Bytes {
		m.remove(m.byUse.Back())
	}
	return nil
}

// Delete never fails.
func (m *Memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.byID[id]; ok {
		m.remove(e)
	}
	return nil
}

// Active returns the number of sessions that have not expired.
func (m *Memory) Active(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	return len(m.byID), nil
}

func (m *Memory) expire() {
	now := m.now()
	for e := m.byUse.Back(); e != nil && !now.Before(e.Value.(*conversation).expires); e = m.byUse.Back() {
		m.remove(e)
	}
}

func (m *Memory) remove(e *list.Element) {
	c := m.byUse.Remove(e).(*conversation)
	delete(m.byID, c.id)
	m.bytes -= c.bytes
}

// sessionOverhead is roughly what a session takes apart from its text.
const sessionOverhead = 256

func size(c *conversation) int {
	n := sessionOverhead + len(c.id)
	for _, msg := range c.messages {
		n += len(msg.Text())
	}
	return n
}
