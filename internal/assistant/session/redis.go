package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// All keys share a prefix, and the braces put them into one slot of a Redis Cluster, since a session and the index change
// together: {all} is the index, a set of session ids by expiry, and {all}:ID the messages of a session.
const (
	indexKey = "plimsoll:session:{all}"
	listKey  = indexKey + ":"
)

// SessionBytes is the maximum text of a session in Redis; its oldest messages go first. Redis bounds all sessions
// together, by maxmemory and one of the volatile policies.
const SessionBytes = 1 << 20

// Timeout bounds one operation, including dialling, TLS and waiting for a connection.
const Timeout = 500 * time.Millisecond

// errCorrupt means that a session's key holds what this package did not write.
var errCorrupt = errors.New("reading a session: Redis holds something that is not a message")

// Redis is an assistant.Store that all replicas share. Its errors hold no message, no session id and no password.
type Redis struct {
	client  *redis.Client
	limits  Limits
	timeout time.Duration
}

var _ assistant.Store = (*Redis)(nil)

// NewRedis returns a store in the Redis at address. It does not connect: Redis may start later. limits.Bytes bounds one
// session, at most to SessionBytes. NewRedis fails on a limit that is not positive.
func NewRedis(address Address, limits Limits) (*Redis, error) {
	if limits.TTL < time.Millisecond || limits.Messages <= 0 || limits.Bytes <= 0 {
		return nil, fmt.Errorf("creating the session store: limits must be positive, the TTL at least 1ms: %+v", limits)
	}
	limits.Bytes = min(limits.Bytes, SessionBytes)
	options, err := address.options(Timeout)
	if err != nil {
		return nil, err
	}
	return &Redis{client: redis.NewClient(options), limits: limits, timeout: Timeout}, nil
}

// Close closes all connections.
func (r *Redis) Close() error { return r.client.Close() }

// message is an assistant.Message as stored in Redis.
type message struct {
	Role assistant.Role `json:"role"`
	Text string         `json:"text"`
}

// History returns the session's messages. It leaves out an answer whose question the limits cut off: a conversation
// starts with its user.
func (r *Redis) History(ctx context.Context, id string) ([]assistant.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	values, err := r.client.LRange(ctx, listKey+id, 0, -1).Result()
	if err != nil {
		return nil, redactError("reading a session", err)
	}
	var history []assistant.Message
	for _, value := range values {
		var m message
		if json.Unmarshal([]byte(value), &m) != nil || (m.Role != assistant.RoleUser && m.Role != assistant.RoleModel) {
			return nil, errCorrupt
		}
		if len(history) > 0 || m.Role == assistant.RoleUser {
			history = append(history, assistant.NewText(m.Role, m.Text))
		}
	}
	return history, nil
}

// Append adds messages in one step, so that no other replica sees or loses a part of them. It is never retried: a call
// whose answer was lost may have succeeded.
func (r *Redis) Append(ctx context.Context, id string, messages ...assistant.Message) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	args := []any{id, r.limits.TTL.Milliseconds(), r.limits.Messages, r.limits.Bytes}
	for _, m := range messages {
		value, err := json.Marshal(message{m.Role, m.Text()})
		if err != nil {
			return fmt.Errorf("encoding a message: %w", err)
		}
		args = append(args, value)
	}
	return redactError("writing a session", appendScript.Run(ctx, r.client, []string{listKey + id, indexKey}, args...).Err())
}

// Delete deletes a session. An unknown one is no error.
func (r *Redis) Delete(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	_, err := r.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.Unlink(ctx, listKey+id)
		tx.ZRem(ctx, indexKey, id)
		return nil
	})
	return redactError("deleting a session", err)
}

// Active returns the number of sessions of all replicas that have not expired, at a constant cost.
func (r *Redis) Active(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	n, err := activeScript.Run(ctx, r.client, []string{indexKey}).Int()
	return n, redactError("counting sessions", err)
}

// redactError removes what was sent: Redis quotes a command that it does not understand, with its arguments, so of its
// own errors only the code remains.
func redactError(doing string, err error) error {
	var reply redis.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply):
		code, _, _ := strings.Cut(reply.Error(), " ")
		if code == "WRONGTYPE" {
			return errCorrupt
		}
		return fmt.Errorf("%s: Redis answered %s", doing, code)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
