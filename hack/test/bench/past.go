package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// past is a history and the Prometheus that has it.
type past struct {
	dir    string
	r      backtest.Window
	plan   *rules.Plan
	plugin string // the command line's program
	url    string
	client *promapi.Client
}

// write makes blocks of a history: loads that wander about 70%.
func (p *past) write(series int) error {
	path := filepath.Join(p.dir, "history.txt")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "# TYPE load gauge")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range series {
		load := 70.0
		for at := p.r.Start; !at.After(p.r.End); at = at.Add(p.r.Step) {
			load += 0.02*(70-load) + rng.NormFloat64()
			fmt.Fprintf(w, "load{namespace=%q,pod=\"%d\"} %.4f %d\n", benchNamespace, i, load, at.Unix())
		}
	}
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		return err
	}
	promtool := exec.Command("hack/bin/promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", path, filepath.Join(p.dir, "data"))
	if msg, err := promtool.CombinedOutput(); err != nil {
		return fmt.Errorf("making blocks of the history: %w\n%s", err, msg)
	}
	return os.Remove(path)
}

// start starts Prometheus on the blocks, with that configuration.
func (p *past) start(ctx context.Context, text string) (stop func(), err error) {
	address := freeport.Address()
	p.url = "http://" + address
	if p.client, err = promapi.New(promapi.Options{URL: p.url}); err != nil {
		return nil, err
	}
	config := filepath.Join(p.dir, "prometheus.yaml")
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	server := exec.CommandContext(ctx, "hack/bin/prometheus", "--config.file", config, "--storage.tsdb.path", filepath.Join(p.dir, "data"),
		"--storage.tsdb.retention.time", "1y", "--web.listen-address", address, "--web.enable-lifecycle", "--log.level", "error")
	if err := server.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting Prometheus: %w", err)
	}
	stop = func() {
		cancel()
		_ = server.Wait()
	}
	if err := p.ready(ctx); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// ready returns when Prometheus can be queried.
func (p *past) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return answers(ctx, p.url+"/-/ready")
}
