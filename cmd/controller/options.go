package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// options is the command line.
type options struct {
	controller manager.Options
	logLevel   slog.Level
	version    bool
}

// parseOptions reads the command line and checks it; usage and errors go to stderr.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("controller", flag.ContinueOnError)
	fs.SetOutput(stderr)
	config.RegisterFlags(fs) // --kubeconfig
	fs.Func("namespaces", "`namespaces` to watch, separated by commas (default all)", func(text string) error {
		o.controller.Namespaces = splitList(text)
		return nil
	})
	fs.Func("rule-labels", "`labels` to put on every PrometheusRule, as k=v,..., so that a Prometheus' ruleSelector finds them", func(text string) (err error) {
		o.controller.RuleLabels, err = parseLabels(text)
		return err
	})
	fs.StringVar(&o.controller.Rules.OTelNamespaceLabel, "otel-namespace-label", "",
		"`label` that holds the namespace of series of source OpenTelemetry, such as k8s_namespace_name for those pushed by OTLP (default namespace)")
	fs.Func("unconfined-namespaces", "`namespaces`, separated by commas, whose thresholds may read series of every namespace by spec.expr (default none)", func(text string) error {
		o.controller.Rules.UnconfinedNamespaces = splitList(text)
		return nil
	})
	fs.StringVar(&o.controller.MetricsAddress, "metrics-bind-address", ":8080", "`address` to serve metrics on; 0 for not at all")
	fs.BoolVar(&o.controller.MetricsSecure, "metrics-secure", false, "serve metrics over TLS, to those whom the API server lets GET /metrics")
	fs.StringVar(&o.controller.ProbeAddress, "health-probe-bind-address", ":8081", "`address` to serve /healthz and /readyz on; 0 for not at all")
	fs.BoolVar(&o.controller.LeaderElection, "leader-elect", false, "let one of several replicas work at a time")
	fs.StringVar(&o.controller.LeaderElectionNamespace, "leader-election-namespace", "", "`namespace` of the leader's lease")
	fs.StringVar(&o.controller.LeaderElectionID, "leader-election-id", manager.DefaultLeaderElectionID,
		"`name` of the leader's lease, which the controller makes if it is not there; another one for each controller of a namespace")
	fs.StringVar(&o.controller.LeaderElectionIdentity, "leader-election-identity", "",
		"a `name` that no other replica has and this one keeps when it is restarted, as a pod's is (default: a new one each time)")
	prometheusFlags(fs, &o.controller.Prometheus)
	o.controller.Webhook.AddFlags(fs)
	fs.Func("log-level", "least `level` to log: debug, info, warning or error (default info)", func(text string) (err error) {
		o.logLevel, err = logs.ParseLevel(text)
		return err
	})
	fs.BoolVar(&o.version, "version", false, "print the version and exit")

	if err := fs.Parse(args); err != nil {
		return options{}, err
	}
	if fs.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q: all options are flags", fs.Arg(0))
	}
	return o, o.controller.Validate()
}

// prometheusFlags define the flags about the Prometheus that is asked. Durations are written as Prometheus writes them.
func prometheusFlags(fs *flag.FlagSet, o *prometheus.Options) {
	duration := func(d *time.Duration, name string, byDefault time.Duration, usage string) {
		*d = byDefault
		fs.Var((*model.Duration)(d), name, usage)
	}
	fs.StringVar(&o.URL, "prometheus-url", "", "`URL` of the Prometheus, or any server with its API, to ask what has become of the rules (default not to ask)")
	fs.StringVar(&o.TokenFile, "prometheus-token-file", "", "`file` with a bearer token for Prometheus, read again when it changes")
	fs.StringVar(&o.CAFile, "prometheus-ca-file", "", "`file` with the CA certificates of Prometheus (default the system's)")
	fs.StringVar(&o.HTTPConfigFile, "prometheus-http-config-file", "",
		"`file` with basic_auth, tls_config, http_headers and the like for Prometheus, in its own form, instead of the two above")
	duration(&o.Timeout, "prometheus-timeout", promapi.DefaultTimeout, "`time` that Prometheus has for one answer")
	duration(&o.Interval, "observe-interval", 15*time.Second, "`time` between two observations")
	duration(&o.BacktestInterval, "backtest-interval", time.Hour, "`time` between two backtests of a threshold that does not change")
	duration(&o.BacktestWindow, "backtest-window", 7*24*time.Hour, "`time` that backtests look back over")
	duration(&o.BacktestStep, "backtest-step", 30*time.Second, "evaluation interval, a `time`, where Prometheus does not tell it")
}

// splitList splits at commas; blanks around the parts and empty parts are dropped.
func splitList(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// parseLabels reads k=v,k=v.
func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for _, pair := range splitList(text) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q has no value: write %s=VALUE", pair, pair)
		}
		labels[name] = value
	}
	return labels, nil
}
