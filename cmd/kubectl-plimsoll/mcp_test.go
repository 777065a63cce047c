package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// agent is a client of the command mcp, which runs as main runs it, over its standard input and output.
type agent struct {
	*mcp.ClientSession
	// progress are the messages of all calls.
	mu       sync.Mutex
	progress []mcp.ProgressNotificationParams
}

// newAgent starts the command with these arguments, until the test ends. Whatever it writes must be of the protocol.
func newAgent(t *testing.T, args ...string) *agent {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	read, checked := io.Pipe()
	go func() {
		lines := bufio.NewReader(fromServer)
		for {
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 {
				var message struct{ JSONRPC string }
				if json.Unmarshal(line, &message) != nil || message.JSONRPC != "2.0" {
					t.Errorf("on standard output, and not of the protocol: %s", line)
				}
				_, _ = checked.Write(line)
			}
			if err != nil {
				checked.CloseWithError(err)
				return
			}
		}
	}()
	ended := make(chan int, 1)
	var stderr strings.Builder
	go func() {
		code := exitCode(run(context.WithoutCancel(t.Context()), append([]string{"mcp"}, args...), genericiooptions.IOStreams{In: in, Out: out, ErrOut: &stderr}), &stderr)
		out.Close()
		ended <- code
	}()
	a := &agent{}
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, request *mcp.ProgressNotificationClientRequest) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.progress = append(a.progress, *request.Params)
		},
	})
	var err error
	if a.ClientSession, err = client.Connect(t.Context(), &mcp.IOTransport{Reader: read, Writer: toServer}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		toServer.Close() // the end of its input ends it
		if code := <-ended; code != 0 || stderr.Len() > 0 {
			t.Errorf("mcp ended with exit code %d: %s", code, &stderr)
		}
	})
	return a
}

// ask calls a tool, and returns the texts of its result.
func (a *agent) ask(t *testing.T, tool string, input map[string]any) (result *mcp.CallToolResult, texts string) {
	t.Helper()
	result, err := a.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: input, Meta: mcp.Meta{"progressToken": tool}})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	for _, content := range result.Content {
		texts += content.(*mcp.TextContent).Text + "\n"
	}
	return result, texts
}

// TestAgentTools checks what agents are told of the tools, and of inputs that cannot be right.
func TestAgentTools(t *testing.T) {
	a := newAgent(t, "--prometheus-url", "http://127.0.0.1:1")
	var names []string
	for tool, err := range a.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
		if hints := tool.Annotations; !hints.ReadOnlyHint || *hints.DestructiveHint || tool.Description == "" {
			t.Errorf("%s: %+v, want one that only reads", tool.Name, hints)
		}
		schema := tool.InputSchema.(map[string]any)
		for name, property := range schema["properties"].(map[string]any) {
			if text := property.(map[string]any)["description"]; text == nil || text == "" {
				t.Errorf("%s: %s has no description", tool.Name, name)
			}
			if strings.Contains(name, "filename") || strings.Contains(name, "prometheus") || strings.Contains(name, "kube") {
				t.Errorf("%s: an agent may choose %s", tool.Name, name)
			}
		}
		if tool.Name == "backtest" {
			window := schema["properties"].(map[string]any)["window"].(map[string]any)
			if want := "length of the past window, as 30s, 12h or 7d; 7d if it is not given"; window["description"] != want || window["type"] != "string" {
				t.Errorf("window = %v, want %q", window, want)
			}
		}
	}
	if want := []string{"audit", "backtest", "recommend", "signals", "status"}; !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("tools = %v, want %v", names, want)
	}
	if instructions := a.InitializeResult().Instructions; !strings.Contains(instructions, "Nothing here writes") {
		t.Errorf("instructions = %q", instructions)
	}

	for name, tc := range map[string]struct {
		tool  string
		input map[string]any
		says  string
	}{
		"nothing chosen":     {"backtest", nil, "must say which AlertThresholds: give names, -l SELECTOR, --all or -A, or use -f FILE\nFlags are inputs of the same name; -f is manifest"},
		"an unknown input":   {"backtest", map[string]any{"filename": "/etc/passwd"}, "filename"},
		"a flag as a name":   {"status", map[string]any{"names": []string{"--filename=/etc/passwd"}}, "reading AlertThreshold default/passwd"},
		"a bad window":       {"recommend", map[string]any{"all": true, "window": "week"}, "must be a duration such as 30s, 12h or 7d"},
		"another URL":        {"signals", map[string]any{"prometheus-url": "http://elsewhere"}, "prometheus-url"},
		"a broken manifest":  {"backtest", map[string]any{"manifest": "kind: AlertThreshold"}, "<stdin>:1"},
		"a file by its name": {"audit", map[string]any{"manifest": "/etc/passwd"}, "<stdin>:1"},
		"no Prometheus":      {"signals", nil, "finding the signals of namespace default"},
		"no number":          {"recommend", map[string]any{"all": true, "fires-per-week": 1.5}, "fires-per-week"},
		"an int":             {"recommend", map[string]any{"all": true, "fires-per-week": -1000000}, "--fires-per-week must not be negative: -1000000"},
	} {
		result, texts := a.ask(t, tc.tool, tc.input)
		if !result.IsError || result.StructuredContent != nil || !strings.Contains(texts, tc.says) {
			t.Errorf("%s: error %t: %s\nwant %q in it", name, result.IsError, texts, tc.says)
		}
	}
}
