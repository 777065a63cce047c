// Command controller turns AlertThresholds into PrometheusRules.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "devel"

func main() {
	err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "controller:", err)
		os.Exit(1)
	}
}

// run is the program: it returns when ctx is cancelled or something fails for good.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	if o.version {
		_, err := fmt.Fprintln(stdout, "plimsoll controller", version)
		return err
	}

	log := logs.New(stdout, o.logLevel)
	ctrl.SetLogger(logr.FromSlogHandler(log.Handler()))
	klog.SetSlogLogger(log) // the Kubernetes client's own messages
	slog.SetDefault(log)    // net/http's
	log.Info("starting", "version", version, "namespaces", o.controller.Namespaces, "rule_labels", o.controller.RuleLabels)

	cfg, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	mgr, err := manager.New(cfg, o.controller, ctrl.Log)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}
