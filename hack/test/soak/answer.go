package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answer is what came back of a request.
type answer struct {
	status int // 0 if the client left before there was one
	text   string
	usage  *usage
	failed bool  // a stream ended in an error's event
	done   bool  // a stream came to its end
	err    error // of the connection
}

// reply is every form of answer in one.
type reply struct {
	Reply string
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	}
	Choices []struct {
		Message, Delta struct{ Content string }
	}
	Error *struct{ Type string }
}

// send makes a request and reads its answer, for as long as more says so of the number of texts that have come.
func (w *worker) send(ctx context.Context, method, path, body, key string, more func(parts int) bool) answer {
	r, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := w.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		a.readStream(resp.Body, more)
		return a
	}
	data, err := io.ReadAll(resp.Body)
	if err == nil && len(data) > 0 {
		err = a.add(data)
	}
	a.err = err
	return a
}

func (a *answer) readStream(body io.Reader, more func(parts int) bool) {
	lines, parts := bufio.NewScanner(body), 0
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if a.done = string(data) == "[DONE]"; a.done {
			continue
		}
		before := len(a.text)
		if a.err = a.add(data); a.err != nil {
			return
		}
		if len(a.text) == before {
			continue
		}
		if parts++; !more(parts) {
			return // and closing the body is what the assistant sees of it
		}
	}
	a.err = lines.Err()
}

func (a *answer) add(data []byte) error {
	var v reply
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	a.text += v.Reply
	for _, c := range v.Choices {
		a.text += c.Message.Content + c.Delta.Content
	}
	if v.Usage != nil {
		a.usage = &usage{v.Usage.Prompt, v.Usage.Completion}
	}
	a.failed = a.failed || v.Error != nil
	return nil
}

// problem is what is wrong with an answer, nil if it is what the scenario expects.
func (a answer) problem(w scenario) error {
	left := w.ending.leave != stays
	switch {
	case a.status != w.status:
		return errors.Join(fmt.Errorf("status %d, want %d", a.status, w.status), a.err)
	case left:
		return nil
	case a.err != nil:
		return a.err
	case w.form == stream && w.status == http.StatusOK && w.counted == http.StatusOK && !a.done:
		return errors.New("the stream has no end")
	case w.form == stream && w.status == http.StatusOK && w.counted != http.StatusOK && !a.failed:
		return errors.New("the stream does not tell that it failed")
	}
	return nil
}
