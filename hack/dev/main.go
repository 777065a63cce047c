// Dev is what the Makefile calls for everything that takes more than one line: tools, images, the local Kubernetes and
// the demo.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/program"
	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

const usage = `usage: go run ./hack/dev [flags] <command>

  tools [NAME...]     build the pinned tools (all, or those named) into hack/bin
  debian NAME...      install programs that tests run, if they are missing (needs root on Debian)
  programs            build the product and the demo's programs into hack/bin
  cluster-up          start a Kubernetes on this machine
  cluster-load        build the images and load them into the node
  cluster-down        stop it and remove all that it made
  demo                the main job, end to end, on that Kubernetes
  demo-down           the same as cluster-down
  rule-sync URL DIR   bring PrometheusRules to a local Prometheus (the demo starts it where no pods run)

flags:
`

func main() { program.Main("error", run) }

// job is what every command works with.
type job struct {
	cluster.Options
	build build.Builder
	logs  bool
	out   io.Writer
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	root := flags.String("root", ".", "the project's `folder`")
	dir := flags.String("state", filepath.Join("hack", ".state"), "the `folder` of the cluster's state")
	depth := flags.String("depth", "auto", "node, control-plane, or auto: node where this machine allows it")
	logs := flags.Bool("logs", true, "the demo with Loki and its collector, of which no alert of Prometheus' depends")
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage); flags.PrintDefaults() }
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return errors.New("no command given")
	}
	folder, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	p := steps.New(out)
	j := job{logs: *logs, build: build.Builder{Root: folder, Steps: p}, out: out}
	j.Options = cluster.Options{Dir: *dir, Bin: j.build.Bin(), Depth: cluster.Depth(*depth), Steps: p}
	return j.run(ctx, flags.Arg(0), flags.Args()[1:])
}

func (j job) run(ctx context.Context, name string, args []string) error {
	switch name {
	case "tools":
		return j.build.Tools(ctx, args...)
	case "debian":
		return j.build.DebianPrograms(ctx, args...)
	case "programs":
		return j.build.Programs(ctx)
	case "cluster-load":
		return j.load(ctx)
	case "cluster-down", "demo-down":
		return cluster.Down(ctx, j.Options)
	case "cluster-up", "demo":
		d, err := demo.New(j.Options, j.build)
		if err != nil {
			return err
		}
		if name == "demo" {
			return d.Run(ctx, j.logs, j.out)
		}
		_, err = d.Cluster(ctx)
		return err
	case "rule-sync":
		return j.syncRules(ctx, args)
	default:
		return fmt.Errorf("no command %q: see go run ./hack/dev -help", name)
	}
}

func (j job) load(ctx context.Context) error {
	c, err := cluster.Open(j.Options)
	if err != nil {
		return fmt.Errorf("no cluster to load into (make cluster-up starts one): %w", err)
	}
	if err := j.build.Programs(ctx); err != nil {
		return err
	}
	images, err := j.build.Images(ctx)
	if err != nil {
		return err
	}
	return c.Load(ctx, images...)
}

func (j job) syncRules(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("rule-sync takes Prometheus' URL and the folder of its rule files")
	}
	c, err := cluster.Open(j.Options)
	if err != nil {
		return err
	}
	client, err := c.HTTPClient()
	if err != nil {
		return err
	}
	demo.SyncRules(ctx, client, c.URL(), args[0], args[1])
	return nil
}
