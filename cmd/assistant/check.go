package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

const checkUsage = `Usage: assistant check URL TELEMETRY-URL

Checks a running assistant as users and Prometheus see it: one chat, whose session is deleted again, and one scrape, which
must have every metric of the contract. With client keys, set PLIMSOLL_CHECK_KEY. helm test runs this command.

  assistant check http://plimsoll-assistant:8000 http://plimsoll-assistant:9090

Exit code: 0 if all is well, 1 if not, 2 for wrong usage.
`

// checkTimeout bounds one request of a check.
const checkTimeout = time.Minute

// checker sends requests to one assistant.
type checker struct {
	url, telemetry, key string
	out                 io.Writer
}

// check runs the command check.
func check(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(out, checkUsage)
		return err
	}
	if err != nil || fs.NArg() != 2 {
		return usageError{errors.New("check takes two URLs; see assistant check --help")}
	}
	c := checker{
		url: strings.TrimRight(fs.Arg(0), "/"), telemetry: strings.TrimRight(fs.Arg(1), "/"),
		key: getenv("PLIMSOLL_CHECK_KEY"), out: out,
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) (string, error)
	}{
		{"POST /chat", c.chat},
		{"GET /metrics", c.scrape},
	} {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		summary, err := step.do(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("check: %s: %w", step.name, err)
		}
		fmt.Fprintf(out, "ok  %s: %s\n", step.name, summary)
	}
	return nil
}

// chat sends one message and deletes the session.
func (c checker) chat(ctx context.Context) (string, error) {
	started := time.Now()
	data, err := c.do(ctx, http.MethodPost, c.url+"/chat", `{"message": "Say hello."}`)
	if err != nil {
		return "", err
	}
	var answer struct {
		SessionID string `json:"session_id"`
		Reply     string `json:"reply"`
		Usage     struct {
			PromptTokens     int `json:"prompt_tokens"`
			CompletionTokens int `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	if answer.Reply == "" || answer.SessionID == "" {
		return "", errors.New("the answer has no reply or no session")
	}
	summary := fmt.Sprintf("%d prompt and %d completion tokens in %.1fs",
		answer.Usage.PromptTokens, answer.Usage.CompletionTokens, time.Since(started).Seconds())
	_, err = c.do(ctx, http.MethodDelete, c.url+"/chat/"+answer.SessionID, "")
	return summary, err
}

// scrape reads the metrics as Prometheus does.
func (c checker) scrape(ctx context.Context) (string, error) {
	data, err := c.do(ctx, http.MethodGet, c.telemetry+"/metrics", "")
	if err != nil {
		return "", err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("reading the metrics: %w", err)
	}
	var absent []string
	for _, m := range metric.SourceDocument() {
		if families[m.Name] == nil {
			absent = append(absent, m.Name)
		}
	}
	if len(absent) > 0 {
		return "", fmt.Errorf("missing metrics: %s", strings.Join(absent, ", "))
	}
	return fmt.Sprintf("%d metrics", len(families)), nil
}

// do sends a request and returns the body of a successful response.
func (c checker) do(ctx context.Context, method, url, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, bytes.TrimSpace(data[:min(len(data), 500)]))
	}
	return data, err
}
