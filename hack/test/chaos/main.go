// Chaos has a real cluster with a few thousand AlertThresholds fall apart in every way it knows, one after another, and
// checks after each that there is exactly the right rule for every threshold, within seconds. It fails if anything was
// lost, doubled, late or leaked.
//
// On a node the controllers are pods, one that leads and one that stands by. On a control plane, which any user can run,
// they are local processes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/plimsoll-dev/plimsoll/hack/program"
	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

func main() { program.Main("error", run) }

// options are what can be set.
type options struct {
	root, state string
	depth       cluster.Depth
	thresholds  int
	limit       time.Duration
	only        *regexp.Regexp
	controller  string
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.StringVar(&o.root, "root", ".", "the project's `folder`")
	flags.StringVar(&o.state, "state", filepath.Join("hack", ".state-chaos"), "the `folder` of the cluster's state, removed in the end")
	depth := flags.String("depth", string(cluster.Auto), "node, control-plane, or auto: node where this machine allows it")
	flags.IntVar(&o.thresholds, "thresholds", 2000, "how many thresholds there are through every fault")
	flags.DurationVar(&o.limit, "limit", 20*time.Second, "how long a recovery may take")
	only := flags.String("run", "", "try only the faults whose name matches the `expression`")
	flags.StringVar(&o.controller, "controller", "", "the `program` that runs as a local controller (default: built from the source)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.depth = cluster.Depth(*depth)
	if o.thresholds < 2*namespaces {
		return o, fmt.Errorf("-thresholds must be at least %d", 2*namespaces)
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	o.root, err = filepath.Abs(o.root)
	return o, err
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logr.Discard())
	r := &harness{o: o, steps: steps.New(out)}
	defer func() { err = errors.Join(err, r.close(context.WithoutCancel(ctx))) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	var results []result
	for _, f := range faults {
		if !o.only.MatchString(f.name) {
			continue
		}
		results = append(results, r.try(ctx, f))
		if results[len(results)-1].problem != nil {
			break
		}
	}
	return errors.Join(report(out, results), context.Cause(ctx))
}
