package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

var prompts = []string{
	"How deep may this ship lie in the water?",
	"What does a Plimsoll line mark?",
	"Explain the difference between fresh water and salt water for a loaded ship.",
	"Why should an alert have a threshold that somebody has thought about? Answer in two sentences.",
	"Summarise what we have said so far.",
	"Which is worse: an alert that never fires, or one that always does?",
}

// client asks an assistant.
type client struct {
	http     *http.Client
	url      string
	sessions int
	// run tells the sessions of this run from those of another.
	run string
}

func newClient(o options) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = o.concurrency
	return &client{
		http:     &http.Client{Transport: transport, Timeout: o.timeout},
		url:      o.url + "/chat",
		sessions: o.sessions,
		run:      fmt.Sprintf("loadgen-%x", time.Now().UnixNano()),
	}
}

// send sends the nth request. A context that ends does not break off a request that was sent: its timeout does.
func (c *client) send(ctx context.Context, n int) error {
	body, err := json.Marshal(map[string]string{
		"session_id": fmt.Sprintf("%s-%d", c.run, n%c.sessions),
		"message":    prompts[n%len(prompts)],
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
