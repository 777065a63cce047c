// Package manager makes the controller's manager: caches, leader election, metrics, readiness and webhook around the
// reconciler.
package manager

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/plimsoll-dev/plimsoll/internal/controller"
	"github.com/plimsoll-dev/plimsoll/internal/informer"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

// New makes a manager that runs the controller against the cluster of cfg once it is started. The options must be valid.
func New(cfg *rest.Config, o Options, log logr.Logger) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := controller.AddToScheme(scheme); err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // the API server's own priority and fairness is the limit
	cfg.Wrap(informer.CapRetryAfter)
	if o.Registerer == nil {
		o.Registerer = ctrlmetrics.Registry
	}

	options := ctrl.Options{
		Scheme: scheme,
		Logger: log,
		Cache: cache.Options{
			DefaultNamespaces: cacheNamespaces(o.Namespaces),
			DefaultTransform:  stripHistory,
			NewInformer:       informer.New,
		},
		Metrics:                metricsserver.Options{BindAddress: o.MetricsAddress, SecureServing: o.MetricsSecure},
		HealthProbeBindAddress: o.ProbeAddress,
	}
	if o.MetricsSecure {
		options.Metrics.FilterProvider = newAuthFilter
	}
	var leases coordinationclient.LeasesGetter // nil without leader election, as lock
	var lock *leaderLock
	if o.LeaderElection {
		var err error
		if leases, err = newLeases(cfg); err != nil {
			return nil, err
		}
		if lock, err = newLeaderLock(leases, o); err != nil {
			return nil, err
		}
		options.LeaderElection, options.LeaderElectionID, options.LeaderElectionResourceLockInterface = true, lock.name, lock
		options.LeaderElectionReleaseOnCancel = true
		options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = ptr.To(leaseDuration), ptr.To(leaseRenewDeadline), ptr.To(leaseRetry)
	}
	mgr, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return nil, fmt.Errorf("creating the manager: %w", err)
	}
	errs := []error{mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache()))}
	if lock != nil {
		errs = append(errs, mgr.AddReadyzCheck("leader", lock.check))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("adding the health checks: %w", err)
	}
	err = controller.Add(mgr, controller.Options{
		RuleLabels: o.RuleLabels, Rules: o.Rules, Name: o.controllerName(), Leases: leases, Prometheus: o.Prometheus, Registerer: o.Registerer,
	})
	backtests := webhook.BacktestOptions{Options: o.Prometheus.Options, Window: o.Prometheus.BacktestWindow, Step: o.Prometheus.BacktestStep}
	if err := errors.Join(err, webhook.Register(mgr, o.Webhook, o.Rules, backtests, o.Registerer)); err != nil {
		return nil, err
	}
	return mgr, nil
}

// cacheNamespaces restricts the cache to those namespaces; nil for all.
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

// stripHistory removes from an object, on its way into the cache, what is large and never read: who wrote what when.
func stripHistory(object any) (any, error) {
	if o, err := meta.Accessor(object); err == nil {
		delete(o.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	}
	return cache.TransformStripManagedFields()(object)
}

// cachesSynced passes when the caches hold what the cluster held at the start.
func cachesSynced(c cache.Cache) healthz.Checker {
	return func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}
}
