package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/informer"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// Names that the chart gives, in the demo's release.
const (
	namespace      = demo.Namespace
	webhookName    = demo.Controller + "-webhook"
	webhookConfig  = demo.Controller + "-" + demo.Namespace
	webhookDNSName = webhookName + "." + namespace + ".svc"
	eventSource    = "plimsoll-controller"
)

// replicas is how many controllers run: one leads, one stands by.
const replicas = 2

// harness is the cluster under trial, with the harness's own way to it, past every fault but those of the API server itself.
type harness struct {
	o      options
	steps  *steps.Printer
	c      *cluster.Cluster
	client client.Client
	// watched is what the harness has heard of thresholds and rules. It may lag behind, but asking it costs nobody anything.
	watched   cache.Cache
	written   written
	oracle    oracle
	telemetry telemetry
	// assistant and prometheus are URLs; empty on a control plane.
	assistant, prometheus string
	local                 *local
	// onPods says that the controllers are pods now, and not local processes.
	onPods bool

	names []types.NamespacedName // of the thresholds that there should be
	// undisturbed is how long it took, without any fault, until all was in order after the last of the first thresholds.
	undisturbed time.Duration
	// allowance is how long all would take to be in order without the present fault.
	allowance time.Duration
	// serial counts what the harness writes, so that nothing is written twice; changes, what it wrote in this fault.
	serial, changes int
	start           load
	// afterwards puts back what a fault has left for the checks to see.
	afterwards func(context.Context) error
}

// connect makes the harness's client, and its watch of thresholds and rules, which ends with ctx.
func (r *harness) connect(ctx context.Context) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", r.c.Kubeconfig())
	if err != nil {
		return err
	}
	cfg.QPS = -1
	cfg.Wrap(informer.CapRetryAfter)
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		return err
	}
	if r.watched, err = cache.New(cfg, cache.Options{Scheme: scheme, NewInformer: informer.New}); err != nil {
		return err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.Timeout = 30 * time.Second // of a request; it would end a watch, too
	if r.client, err = client.New(cfg, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	go func() { _ = r.watched.Start(ctx) }()
	if !r.watched.WaitForCacheSync(ctx) {
		return errors.New("the watch does not start")
	}
	_, err = r.read(ctx, r.watched) // from the first reading on it watches
	return err
}

// replicas are the controllers that are ready.
func (r *harness) replicas(ctx context.Context) ([]replica, error) {
	if r.onPods {
		return r.podReplicas(ctx)
	}
	return r.local.replicas(ctx), nil
}

// ready returns nil when all replicas are ready and one of them leads.
func (r *harness) ready(ctx context.Context) error {
	all, err := r.replicas(ctx)
	if err != nil {
		return err
	}
	if len(all) != replicas {
		return fmt.Errorf("%d of %d replicas are ready", len(all), replicas)
	}
	_, _, err = r.telemetry.split(ctx, all)
	return err
}

// roles are the replica that leads, and the one that stands by.
func (r *harness) roles(ctx context.Context) (leader, standby replica, err error) {
	all, err := r.replicas(ctx)
	if err != nil {
		return leader, standby, err
	}
	return r.telemetry.split(ctx, all)
}

// check says what of the cluster is not as it should be, violations of the rules or an error, and when that was seen. When
// nothing is amiss in what the harness has heard, it reads everything at the API server: that alone is proof.
func (r *harness) check(ctx context.Context) (seen time.Time, violations []violation, err error) {
	violations, err = r.checkWatched(ctx)
	seen = time.Now()
	if err == nil && len(violations) == 0 {
		violations, err = r.evaluate(ctx, r.client)
	}
	return seen, violations, err
}

// checkWatched is check, as far as the harness has heard.
func (r *harness) checkWatched(ctx context.Context) ([]violation, error) {
	if violations, err := r.evaluate(ctx, r.watched); err != nil || len(violations) > 0 {
		return violations, err
	}
	if _, _, err := r.roles(ctx); err != nil {
		return nil, err
	}
	return nil, r.webhookTrusted(ctx)
}

func (r *harness) evaluate(ctx context.Context, from client.Reader) ([]violation, error) {
	s, err := r.read(ctx, from)
	if err != nil {
		return nil, err
	}
	if !r.written.isSeen(s.thresholds) {
		return nil, errors.New("the watch has not heard yet of what was written")
	}
	violations := r.oracle.evaluate(s)
	if missing := len(r.names) - r.countOwn(s); missing > 0 {
		return violations, fmt.Errorf("%d AlertThresholds are gone", missing) // the API server has lost what it had taken
	}
	return violations, nil
}

// loaded returns nil when Prometheus has every rule and the statuses say so.
func (r *harness) loaded(ctx context.Context) error {
	s, err := r.read(ctx, r.watched)
	if err != nil {
		return err
	}
	if err := r.unstickPrometheus(ctx); err != nil {
		return err
	}
	waiting := 0
	for i := range s.thresholds {
		is := meta.FindStatusCondition(s.thresholds[i].Status.Conditions, v1alpha1.ConditionLoaded)
		if is != nil && is.Status != metav1.ConditionTrue {
			waiting++
		}
	}
	if waiting > 0 {
		return fmt.Errorf("%d thresholds are not loaded", waiting)
	}
	return nil
}

func (r *harness) read(ctx context.Context, from client.Reader) (state, error) {
	var thresholds v1alpha1.AlertThresholdList
	var made monitoringv1.PrometheusRuleList
	if err := from.List(ctx, &thresholds, client.UnsafeDisableDeepCopy); err != nil { // nobody writes to them
		return state{}, err
	}
	if err := from.List(ctx, &made, client.UnsafeDisableDeepCopy); err != nil {
		return state{}, err
	}
	return state{thresholds.Items, made.Items}, nil
}

// countOwn is how many of the harness's thresholds are in the cluster.
func (r *harness) countOwn(s state) int {
	n := 0
	for i := range s.thresholds {
		if strings.HasPrefix(s.thresholds[i].Namespace, namespacePrefix) {
			n++
		}
	}
	return n
}

// webhookTrusted returns nil when the webhook's key pair is valid now, every ready replica has one that the API server is
// told to trust, and a mistake is refused.
func (r *harness) webhookTrusted(ctx context.Context) error {
	configuration := &admissionv1.ValidatingWebhookConfiguration{}
	if err := r.client.Get(ctx, client.ObjectKey{Name: webhookConfig}, configuration); err != nil {
		return err
	}
	secret, err := r.webhookSecret(ctx)
	if err != nil {
		return err
	}
	if err := validNow(secret.Data["tls.crt"]); err != nil {
		return err
	}
	all, err := r.replicas(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := one.checkCertificate(ctx, configuration.Webhooks[0].ClientConfig.CABundle, webhookDNSName); err != nil {
			return err
		}
	}
	if r.assistant != "" && !r.onPods {
		return nil // the Service leads to no local process of a node
	}
	mistake := r.threshold(types.NamespacedName{Namespace: namespace, Name: "mistake"}, 0)
	mistake.Spec.Signal, mistake.Spec.Expr = nil, "rate(errors[5m]"
	mistake.Spec.Levels = []v1alpha1.Level{{Severity: "warning", Above: "5"}}
	err = r.client.Create(ctx, mistake, client.DryRunAll)
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), webhook.Name) {
		return fmt.Errorf("a mistake is not refused by the webhook: error = %v", err) //nolint:errorlint // it may be nil
	}
	return nil
}

// load reads what the controllers cost.
func (r *harness) load(ctx context.Context) (load, error) {
	all, err := r.replicas(ctx)
	if err != nil {
		return load{}, err
	}
	var l load
	for _, one := range all {
		v, err := r.telemetry.vitals(ctx, one)
		if err != nil {
			return load{}, err
		}
		l.memory, l.goroutines = max(l.memory, v.memory), max(l.goroutines, v.goroutines)
	}
	var leases coordinationv1.LeaseList
	var secrets metav1.PartialObjectMetadataList
	var events eventsv1.EventList
	secrets.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	err = errors.Join(r.client.List(ctx, &leases, client.InNamespace(namespace)),
		r.client.List(ctx, &secrets, client.InNamespace(namespace)), r.client.List(ctx, &events))
	l.leases, l.secrets = len(leases.Items), len(secrets.Items)
	for i := range events.Items {
		if events.Items[i].ReportingController == eventSource {
			l.events++
		}
	}
	return l, err
}

func (r *harness) file(name string) string { return filepath.Join(r.c.Dir(), name) }
