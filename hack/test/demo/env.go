package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// Where the demo installs things.
const (
	StackNamespace = "monitoring"
	StackRelease   = "plimsoll-stack"
	Namespace      = "ai"
	Release        = "plimsoll"
	Assistant      = Release + "-assistant"
	Controller     = Release + "-controller"
)

// Env is a cluster with Plimsoll and the evaluation stack in it, and the addresses at which they answer this machine.
type Env struct {
	Cluster         *cluster.Cluster
	Root            string // the project's folder
	AssistantURL    string
	PrometheusURL   string
	AlertmanagerURL string
	LokiURL         string // empty before InstallLogs, and on a control plane, which has no pods' logs

	bin   string
	steps *steps.Printer
}

// Kubectl runs kubectl as the cluster's administrator, with stdin unless it is empty, and returns what it prints. Its
// error carries what kubectl said.
func (e *Env) Kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	return e.exec(ctx, stdin, "kubectl", args...)
}

// Helm runs helm as the cluster's administrator.
func (e *Env) Helm(ctx context.Context, args ...string) (string, error) {
	return e.exec(ctx, "", "helm", args...)
}

func (e *Env) exec(ctx context.Context, stdin, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(e.bin, name), append([]string{"--kubeconfig", e.Cluster.Kubeconfig()}, args...)...)
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // Helm writes down that it was interrupted
	cmd.WaitDelay = 10 * time.Second
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), nil
}
