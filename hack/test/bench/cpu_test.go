package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// BenchmarkCPU compares the CPU time of a request to the assistant, over a socket, with that of the same answer by net/http
// alone, and by the source document's Python. The target is 1.2 times net/http.
func BenchmarkCPU(b *testing.B) { run(b, benchCPU) }

// contender is a program that answers GET /health, and the CPU time of its rounds.
type contender struct {
	name, address string
	process       *process.Process
	rounds        []time.Duration
}

// python is Debian's, whatever other there is, and pythonPackages are what service.py imports.
const (
	python         = "/usr/bin/python3"
	pythonPackages = "python3-fastapi python3-uvicorn python3-prometheus-client"
)

func benchCPU(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bare, err := build(ctx, dir, "./hack/test/bench/bare")
	if err != nil {
		return err
	}
	assistant, err := build(ctx, dir, "./cmd/assistant")
	if err != nil {
		return err
	}
	commands := [][]string{
		{"net/http alone", bare, "--listen"},
		{"the assistant", assistant, "--telemetry-listen", freeport.Address(), "--listen"},
	}
	if exec.CommandContext(ctx, python, "-c", "import fastapi, uvicorn, prometheus_client").Run() == nil {
		commands = append(commands, []string{"the source document's Python", python, "hack/test/bench/service.py"})
	} else {
		fmt.Fprintf(out, "The source document's Python is left out: it needs Debian's %s.\n", pythonPackages)
	}
	ctx, cancel := context.WithCancel(ctx)
	var contenders []*contender
	var running []*exec.Cmd
	defer func() {
		cancel()
		for _, cmd := range running {
			_ = cmd.Wait()
		}
	}()
	for _, c := range commands {
		address := freeport.Address()
		cmd := exec.CommandContext(ctx, c[1], append(c[2:len(c):len(c)], address)...)
		cmd.Env = append(os.Environ(), "GEMINI_API_KEY=none")
		if err := cmd.Start(); err != nil {
			return err
		}
		running = append(running, cmd)
		p, err := process.NewProcess(int32(cmd.Process.Pid))
		if err != nil {
			return err
		}
		if err := answers(ctx, "http://"+address+"/health"); err != nil {
			return err
		}
		contenders = append(contenders, &contender{name: c[0], address: address, process: p})
	}
	return compareCPU(ctx, out, contenders)
}

// compareCPU asks each contender in turn, over connections that stay open, and prints what a request takes: the median of
// all rounds but the first, and how many times that of the first contender.
func compareCPU(ctx context.Context, out io.Writer, contenders []*contender) error {
	const rounds, requests, connections = 7, 40_000, 16
	for range rounds + 1 {
		for _, c := range contenders {
			n := requests
			if len(c.rounds) > 0 && c.rounds[0] > 100*time.Microsecond {
				n /= 8 // enough, and not a quarter of an hour
			}
			took, err := c.round(ctx, n, connections)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.rounds = append(c.rounds, took)
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "GET /health, %d connections\tCPU a request\tleast\tmost\ttimes net/http\ttarget\t\n", connections)
	first := medianOf(contenders[0].rounds[1:])
	for _, c := range contenders {
		times := c.rounds[1:]
		fmt.Fprintf(table, "%s\t%.1f µs\t%.1f\t%.1f\t%.2f\t1.2\t\n", c.name, micros(medianOf(times)),
			micros(slices.Min(times)), micros(slices.Max(times)), float64(medianOf(times))/float64(first))
	}
	return table.Flush()
}

func medianOf(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// round asks n times over some connections and returns the CPU time of one.
func (c *contender) round(ctx context.Context, n, connections int) (time.Duration, error) {
	before, err := c.cpu(ctx)
	if err != nil {
		return 0, err
	}
	all, ctx := errgroup.WithContext(ctx)
	for range connections {
		all.Go(func() error { return c.ask(ctx, n/connections) })
	}
	if err := all.Wait(); err != nil {
		return 0, err
	}
	after, err := c.cpu(context.WithoutCancel(ctx))
	return (after - before) / time.Duration(n), err
}

func (c *contender) cpu(ctx context.Context) (time.Duration, error) {
	t, err := c.process.TimesWithContext(ctx)
	if err != nil {
		return 0, err
	}
	return time.Duration((t.User + t.System) * float64(time.Second)), nil
}

// ask asks n times over one connection, one at a time.
func (c *contender) ask(ctx context.Context, n int) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers, question := bufio.NewReader(conn), []byte("GET /health HTTP/1.1\r\nHost: "+c.address+"\r\n\r\n")
	for range n {
		if _, err := conn.Write(question); err != nil {
			return err
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", resp.Status)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
