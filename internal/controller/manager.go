package controller

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=plimsoll-system,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups="",namespace=plimsoll-system,resources=events,verbs=create;patch

// leaseName is the name of the lease that the leader holds.
const leaseName = "controller.plimsoll.dev"

// Options are what a person can choose about the controller.
type Options struct {
	// Namespaces that are watched; empty for all.
	Namespaces []string
	// RuleLabels are put on every PrometheusRule, so that a Prometheus' ruleSelector finds it.
	RuleLabels map[string]string
	// MetricsAddress and ProbeAddress are host:port to listen on; "0" for not at all.
	MetricsAddress, ProbeAddress string
	// LeaderElection lets one of several replicas work at a time. The lease lies in LeaderElectionNamespace, or in the
	// pod's own namespace when that is empty.
	LeaderElection          bool
	LeaderElectionNamespace string
	// Webhook is the admission webhook, which every replica serves.
	Webhook webhook.Options
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
	return errors.Join(append(errs, o.Webhook.Validate())...)
}

// NewManager returns a manager that runs the controller against the cluster of cfg once it is started. The options
// must be valid.
func NewManager(cfg *rest.Config, o Options, log logr.Logger) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register the API types: %w", err)
	}
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // the API server's own priority and fairness is the limit

	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:                        scheme,
		Logger:                        log,
		Cache:                         cache.Options{DefaultNamespaces: cacheNamespaces(o.Namespaces)},
		Metrics:                       metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress:        o.ProbeAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.LeaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return nil, fmt.Errorf("create the manager: %w", err)
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return nil, fmt.Errorf("add the health checks: %w", err)
	}
	if err := errors.Join(register(mgr, o.RuleLabels), webhook.Register(mgr, o.Webhook)); err != nil {
		return nil, err
	}
	return mgr, nil
}

// cacheNamespaces restricts the cache to those namespaces; nil is all of them.
func cacheNamespaces(names []string) map[string]cache.Config {
	if len(names) == 0 {
		return nil
	}
	namespaces := make(map[string]cache.Config, len(names))
	for _, name := range names {
		namespaces[name] = cache.Config{}
	}
	return namespaces
}
