package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/informer"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=plimsoll-system,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

// leaseName is the name of the lease that the leader holds.
const leaseName = "controller.plimsoll.dev"

// How leadership passes on. A leader that is stopped gives the lease up, and one that stands by looks every
// leaseRetry to 2.2 times that: it takes over within two seconds. A leader that is killed takes its lease again if it is
// started anew under the same name, as a container of a pod is; else it leaves the lease to run out: within twelve seconds,
// which leaves eight of the twenty in which all rules should be right again. A leader that cannot renew the lease for
// leaseRenewDeadline, because the API server is away, ends and is started again.
const (
	leaseDuration      = 10 * time.Second
	leaseRenewDeadline = 7 * time.Second
	leaseRetry         = 600 * time.Millisecond
)

// NewManager returns a manager that runs the controller against the cluster of cfg once it is started. The options
// must be valid.
func NewManager(cfg *rest.Config, o Options, log logr.Logger) (ctrl.Manager, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // the API server's own priority and fairness is the limit
	cfg.Wrap(informer.Starting)
	if o.Registerer == nil {
		o.Registerer = ctrlmetrics.Registry
	}

	lock, err := newLock(cfg, o)
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme,
		Logger: log,
		Cache: cache.Options{
			DefaultNamespaces: cacheNamespaces(o.Namespaces),
			DefaultTransform:  withoutHistory,
			NewInformer:       informer.New,
		},
		Metrics:                             metricsOptions(o),
		HealthProbeBindAddress:              o.ProbeAddress,
		LeaderElection:                      o.LeaderElection,
		LeaderElectionID:                    leaseName,
		LeaderElectionResourceLockInterface: lock,
		LeaderElectionReleaseOnCancel:       true,
		LeaseDuration:                       ptr.To(leaseDuration),
		RenewDeadline:                       ptr.To(leaseRenewDeadline),
		RetryPeriod:                         ptr.To(leaseRetry),
	})
	if err != nil {
		return nil, fmt.Errorf("create the manager: %w", err)
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache()))); err != nil {
		return nil, fmt.Errorf("add the health checks: %w", err)
	}
	tried := webhook.Past{Options: o.Prometheus.Options, Window: o.Prometheus.BacktestWindow, Step: o.Prometheus.BacktestStep}
	if err := errors.Join(register(mgr, o), webhook.Register(mgr, o.Webhook, tried, o.Registerer)); err != nil {
		return nil, err
	}
	return mgr, nil
}

// newScheme knows the types that the controller reads and writes.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register the API types: %w", err)
	}
	addSeenRules(scheme)
	addPrometheuses(scheme)
	return scheme, nil
}

// newLock is the leader's lock; nil without leader election. The manager's own would tell of every election in an event:
// the lease itself says who leads, and a restart should write nothing.
func newLock(cfg *rest.Config, o Options) (resourcelock.Interface, error) {
	if !o.LeaderElection {
		return nil, nil
	}
	identity := resourcelock.ResourceLockConfig{Identity: o.LeaderElectionIdentity}
	if identity.Identity == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("name this replica: %w", err)
		}
		identity.Identity = host + "_" + string(uuid.NewUUID())
	}
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, o.LeaderElectionNamespace, leaseName, identity, cfg, leaseRenewDeadline)
	if err != nil {
		return nil, fmt.Errorf("make the leader's lock: %w", err)
	}
	return lock, nil
}

func metricsOptions(o Options) metricsserver.Options {
	options := metricsserver.Options{BindAddress: o.MetricsAddress}
	if o.MetricsSecure {
		options.SecureServing = true
		options.FilterProvider = newGuard
	}
	return options
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

// withoutHistory takes out of an object, on its way into the cache, who wrote what when: it is much, and nobody asks.
func withoutHistory(object any) (any, error) {
	if o, err := meta.Accessor(object); err == nil {
		o.SetManagedFields(nil)
		delete(o.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	}
	return object, nil
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
