package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

const (
	// maxCalls is how many calls of an agent are answered at a time; others wait for their turn.
	maxCalls = 2
	// maxAnswer and maxNotes bound an answer, and what is said about it, in bytes.
	maxAnswer, maxNotes = 64 << 10, 4 << 10
)

type mcpOptions struct {
	*cli
	prometheus    prometheusOptions
	alertmanagers alertmanagerOptions
	// timeout is what one call may take, without its wait for others.
	timeout duration
}

func (c *cli) mcpCommand() *cobra.Command {
	o := mcpOptions{cli: c, timeout: duration(5 * time.Minute)}
	cmd := &cobra.Command{
		Use:   "mcp --prometheus-url URL",
		Short: "Answer agents by the Model Context Protocol, over standard input and output",
		Long: `Answer agents (AI assistants) by the Model Context Protocol, over standard input and output. The tools are signals, status,
backtest, recommend and audit, with the answers that these commands print with -o json.

Nothing can be written: the tools read the cluster with the rights of the kubeconfig, and the Prometheus and the Alertmanagers of
this command line. Manifests come with the call, so no file is read. Long answers are cut, and say what was left off.`,
		Example: `  # In the configuration of an agent
  {"mcpServers": {"plimsoll": {"command": "kubectl", "args": ["plimsoll", "mcp", "--prometheus-url", "http://localhost:9090"]}}}`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.Flags()) },
	}
	o.prometheus.addFlags(cmd)
	o.alertmanagers.addFlag(cmd)
	cmd.Flags().Var(&o.timeout, "call-timeout", "time that one call of a tool may take")
	return cmd
}

func (o *mcpOptions) run(ctx context.Context, flags *pflag.FlagSet) error {
	if _, err := o.prometheus.client(); err != nil {
		return err
	}
	if isTerminal(o.In) {
		fmt.Fprintln(o.ErrOut, "answering an agent on standard input and output, which is a terminal: this command is for an agent's configuration")
	}
	server, err := newAgentServer(flags, time.Duration(o.timeout))
	if err != nil {
		return err
	}
	err = server.Run(ctx, &mcp.IOTransport{Reader: io.NopCloser(o.In), Writer: nopWriteCloser{o.Out}})
	if errors.Is(err, context.Canceled) {
		return nil // an interrupt is how it ends
	}
	return err
}

// nopWriteCloser leaves the stream open.
type nopWriteCloser struct{ io.Writer }

// Close does nothing.
func (nopWriteCloser) Close() error { return nil }

// agentServer answers the calls of tools by running the commands.
type agentServer struct {
	// flags are those of the command line that all commands take over.
	flags   *pflag.FlagSet
	timeout time.Duration
	// calls has an element for every call that is being answered.
	calls chan struct{}
}

// newAgentServer returns a server with all tools. Flags that were set, such as --kubeconfig, are set for every command that has them.
func newAgentServer(flags *pflag.FlagSet, timeout time.Duration) (*mcp.Server, error) {
	s := agentServer{flags: flags, timeout: timeout, calls: make(chan struct{}, maxCalls)}
	server := mcp.NewServer(
		&mcp.Implementation{Name: "kubectl-plimsoll", Title: "Plimsoll", Version: version},
		&mcp.ServerOptions{Instructions: agentInstructions, Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}},
	)
	for _, tool := range agentTools {
		schema, err := tool.schema()
		if err != nil {
			return nil, err
		}
		no := false
		mcp.AddTool(server, &mcp.Tool{
			Name: tool.command, Title: tool.title, Description: tool.description, InputSchema: schema,
			Annotations: &mcp.ToolAnnotations{Title: tool.title, ReadOnlyHint: true, IdempotentHint: true, DestructiveHint: &no, OpenWorldHint: &no},
		}, func(ctx context.Context, request *mcp.CallToolRequest, input map[string]any) (*mcp.CallToolResult, any, error) {
			return s.call(ctx, request, tool, input)
		})
	}
	return server, nil
}

// call runs the tool's command. What it says beside its result is a second text.
func (s agentServer) call(ctx context.Context, request *mcp.CallToolRequest, tool agentTool, input map[string]any) (*mcp.CallToolResult, any, error) {
	select {
	case s.calls <- struct{}{}:
		defer func() { <-s.calls }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answer, notes, err := s.runCommand(ctx, tool, input, progressTo(ctx, request))
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("gave up after %s, the time of one call: ask for a shorter window or for less at a time, or have whoever "+
			"configures this server set --call-timeout", backtest.FormatDuration(s.timeout))
	}
	if len(answer) == 0 {
		return nil, nil, toolError(err, notes)
	}
	if err != nil && !errors.Is(err, errCheckFailed) {
		notes += fmt.Sprintf("this is not all: %v\n", err)
	}
	structured, err := fit(answer, maxAnswer)
	if err != nil {
		return nil, nil, err
	}
	content := []mcp.Content{&mcp.TextContent{Text: string(structured)}}
	if notes != "" {
		content = append(content, &mcp.TextContent{Text: cutText(notes, maxNotes)})
	}
	return &mcp.CallToolResult{Content: content}, structured, nil
}

// progressTo returns what tells the client how far its call is; nil when the client does not ask for that.
func progressTo(ctx context.Context, request *mcp.CallToolRequest) func(done, total int, text string) {
	token := request.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	return func(done, total int, text string) {
		// A client that has gone ends the call itself.
		_ = request.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: float64(done), Total: float64(total), Message: text,
		})
	}
}

// toolError is why there is no answer, with what the command said before.
func toolError(err error, notes string) error {
	switch {
	case err == nil:
		return errors.New("there is no answer")
	case errors.Is(err, errCheckFailed) && notes != "":
		return errors.New(cutText(notes, maxNotes))
	case errors.As(err, &usageError{}):
		return fmt.Errorf("%s%w\nFlags are inputs of the same name; -f is manifest, and NAME is in names. Those of a server's URL are set "+
			"where this server is configured", cutText(notes, maxNotes), err)
	default:
		return fmt.Errorf("%s%w", cutText(notes, maxNotes), err)
	}
}
