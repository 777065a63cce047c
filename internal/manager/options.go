package manager

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	clientprometheus "github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// DefaultLeaderElectionID is the name of the leader's Lease where nobody chooses another.
const DefaultLeaderElectionID = "controller.plimsoll.dev"

// Options are what users can choose about the controller.
type Options struct {
	// Namespaces that are watched; empty for all.
	Namespaces []string
	// RuleLabels are put on every PrometheusRule, so that a Prometheus' ruleSelector finds it.
	RuleLabels map[string]string
	// Rules say how thresholds become rules.
	Rules rules.Options
	// MetricsAddress and ProbeAddress are host:port to listen on; "0" for not at all.
	MetricsAddress, ProbeAddress string
	// MetricsSecure serves metrics over TLS, to those whom the API server lets GET /metrics.
	MetricsSecure bool
	// LeaderElection lets one of several replicas work at a time. The lease lies in LeaderElectionNamespace.
	LeaderElection          bool
	LeaderElectionNamespace string
	// LeaderElectionID is the name of the lease. Controllers with leases of their own know of each other by them, and share no
	// namespace.
	LeaderElectionID string
	// LeaderElectionIdentity is a name that no other replica has, and that this one has again after a restart, so that a leader
	// that was killed leads again at once. Empty for another name each time, which has the lease run out first.
	LeaderElectionIdentity string
	// Prometheus is asked what has become of the rules.
	Prometheus prometheus.Options
	// Webhook is the admission webhook, which every replica serves.
	Webhook webhook.Options
	// Registerer takes the controller's own metrics; what MetricsAddress serves when nil.
	Registerer clientprometheus.Registerer
}

// Validate returns what is wrong with the options. It connects to nothing.
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
	if o.LeaderElection || o.LeaderElectionID != "" {
		for _, problem := range validation.IsDNS1123Subdomain(o.LeaderElectionID) {
			errs = append(errs, fmt.Errorf("leader election ID %q: %s", o.LeaderElectionID, problem))
		}
	}
	if o.LeaderElection && o.LeaderElectionNamespace == "" {
		errs = append(errs, errors.New("leader election needs the namespace of its lease: name it with --leader-election-namespace"))
	}
	return errors.Join(append(errs, o.Rules.Validate(), o.Prometheus.Validate(), o.Webhook.Validate())...)
}

// controllerName is the controller's name among others, NAMESPACE/NAME of its lease; empty without leader election.
func (o Options) controllerName() string {
	if !o.LeaderElection {
		return ""
	}
	return o.LeaderElectionNamespace + "/" + o.LeaderElectionID
}
