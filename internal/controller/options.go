package controller

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// Options are what a person can choose about the controller.
type Options struct {
	// Namespaces that are watched; empty for all.
	Namespaces []string
	// RuleLabels are put on every PrometheusRule, so that a Prometheus' ruleSelector finds it.
	RuleLabels map[string]string
	// MetricsAddress and ProbeAddress are host:port to listen on; "0" for not at all.
	MetricsAddress, ProbeAddress string
	// MetricsSecure serves metrics over TLS, to those whom the API server lets GET /metrics.
	MetricsSecure bool
	// LeaderElection lets one of several replicas work at a time. The lease lies in LeaderElectionNamespace.
	LeaderElection          bool
	LeaderElectionNamespace string
	// LeaderElectionID is the name of the lease; DefaultLeaderElectionID when empty. Controllers with leases of their own
	// know of each other by them, and share no namespace.
	LeaderElectionID string
	// LeaderElectionIdentity is a name that no other replica has, and that this one has again when it is started anew: so a
	// leader that was killed leads again at once. Empty for another name each time, which has the lease run out first.
	LeaderElectionIdentity string
	// Prometheus is asked what has become of the rules.
	Prometheus PrometheusOptions
	// Webhook is the admission webhook, which every replica serves.
	Webhook webhook.Options
	// Registerer takes the controller's own metrics; what MetricsAddress serves when nil.
	Registerer prometheus.Registerer
}

// Validate returns what is wrong with the options, before anything is connected to.
func (o Options) Validate() error {
	var errs []error
	for _, name := range o.Namespaces {
		for _, problem := range validation.IsDNS1123Label(name) {
			errs = append(errs, fmt.Errorf("namespace %q: %s", name, problem))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.RuleLabels)) {
		problems := slices.Concat(validation.IsQualifiedName(name), validation.IsValidLabelValue(o.RuleLabels[name]))
		if len(problems) > 0 {
			errs = append(errs, fmt.Errorf("rule label %s=%s: %s", name, o.RuleLabels[name], strings.Join(problems, "; ")))
		}
	}
	for _, address := range []string{o.MetricsAddress, o.ProbeAddress} {
		if _, _, err := net.SplitHostPort(address); err != nil && address != "0" {
			errs = append(errs, fmt.Errorf("address %q: write host:port, :port or 0: %w", address, err))
		}
	}
	for _, problem := range validation.IsDNS1123Subdomain(o.leaderElectionID()) {
		errs = append(errs, fmt.Errorf("leader election ID %q: %s", o.LeaderElectionID, problem))
	}
	if o.LeaderElection && o.LeaderElectionNamespace == "" {
		errs = append(errs, errors.New("leader election needs the namespace of its lease: name it with --leader-election-namespace"))
	}
	return errors.Join(append(errs, o.Prometheus.Validate(), o.Webhook.Validate())...)
}

func (o Options) leaderElectionID() string {
	return cmp.Or(o.LeaderElectionID, DefaultLeaderElectionID)
}

// controllerName is the controller's name among others, that of its lease; empty without leader election.
func (o Options) controllerName() string {
	if !o.LeaderElection {
		return ""
	}
	return o.LeaderElectionNamespace + "/" + o.leaderElectionID()
}

// PrometheusOptions say which Prometheus is asked, and how often; none when the URL is empty.
type PrometheusOptions struct {
	promapi.Options
	// Interval is the time between two observations.
	Interval time.Duration
	// BacktestInterval is the time between two backtests of a threshold whose spec stays as it is, BacktestWindow how far
	// they look back, and BacktestStep the evaluation interval where Prometheus does not tell it.
	BacktestInterval, BacktestWindow, BacktestStep time.Duration
}

// Validate returns what is wrong with the options.
func (o PrometheusOptions) Validate() error {
	if o.URL == "" {
		if o.TokenFile != "" || o.CAFile != "" {
			return errors.New("a token or CA file for Prometheus needs its URL: name it with --prometheus-url")
		}
		return nil
	}
	errs := []error{o.Options.Validate()}
	if min(o.Interval, o.BacktestInterval, o.BacktestStep) < time.Second {
		errs = append(errs, errors.New("--prometheus-interval, --backtest-interval and --backtest-step must be at least 1s"))
	}
	if o.BacktestWindow < o.BacktestStep {
		errs = append(errs, errors.New("--backtest-window must not be shorter than --backtest-step"))
	}
	return errors.Join(errs...)
}
