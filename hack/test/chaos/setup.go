package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// loading is how long it may take until Prometheus has all the rules.
const loading = 10 * time.Minute

// reader is the ServiceAccount of the harness that may read the controllers' metrics.
const reader = "chaos"

// open makes the cluster, with the controllers and the thresholds in it, and returns when all is in order.
func (r *harness) open(ctx context.Context) error {
	depth, why, err := r.o.depth.Resolve()
	if err != nil {
		return err
	}
	r.o.depth = depth
	b := build.Builder{Root: r.o.root, Steps: r.steps}
	o := r.clusterOptions()
	if err := cluster.Down(ctx, o); err != nil {
		return fmt.Errorf("remains of an earlier run: %w", err)
	}
	if depth == cluster.Node {
		err = r.openNode(ctx, o, b)
	} else {
		r.steps.Say("Kubernetes as a %s (%s)", depth, why)
		err = r.openControlPlane(ctx, o, b)
	}
	if err != nil {
		return err
	}
	if err := r.steps.Do(ctx, fmt.Sprintf("%d thresholds", r.o.thresholds), r.createThresholds); err != nil {
		return err
	}
	written := time.Now()
	if err := r.steps.Do(ctx, "all in order", func(ctx context.Context) error { return r.waitSettled(ctx, nil) }); err != nil {
		return err
	}
	r.undisturbed = time.Since(written)
	if r.prometheus != "" {
		// Until then the Prometheus Operator restarts Prometheus, once for each half MiB of rules, and every status changes.
		if err := r.steps.Do(ctx, "all loaded", func(ctx context.Context) error { return cluster.Poll(ctx, loading, r.loaded) }); err != nil {
			return err
		}
	}
	r.start, err = r.load(ctx)
	r.steps.Say("  the controller has %.0f MiB and %.0f goroutines", r.start.memory/(1<<20), r.start.goroutines)
	return err
}

func (r *harness) clusterOptions() cluster.Options {
	b := build.Builder{Root: r.o.root}
	return cluster.Options{Dir: r.o.state, Bin: b.Bin(), Depth: r.o.depth, Steps: r.steps}
}

// close ends and removes everything.
func (r *harness) close(ctx context.Context) error {
	var err error
	if r.local != nil {
		err = r.local.close(ctx)
	}
	return errors.Join(err, cluster.Down(ctx, r.clusterOptions()))
}

// openNode is make demo, with two controllers, and rules evaluated as often as people do.
func (r *harness) openNode(ctx context.Context, o cluster.Options, b build.Builder) (err error) {
	d, err := demo.New(o, b)
	if err != nil {
		return err
	}
	if r.c, err = d.Cluster(ctx); err != nil {
		return err
	}
	env, err := d.Install(ctx, r.c)
	if err != nil {
		return err
	}
	r.assistant, r.prometheus, r.onPods = env.AssistantURL, env.PrometheusURL, true
	for _, args := range [][]string{
		{demo.StackRelease, "charts/plimsoll-stack", demo.StackNamespace, "prometheus.evaluationInterval=1m"},
		{demo.Release, "charts/plimsoll", namespace, fmt.Sprintf("controller.replicas=%d", replicas)},
	} {
		err := r.steps.Do(ctx, "helm upgrade "+args[0]+" --set "+args[3], func(ctx context.Context) error {
			_, err := env.Helm(ctx, "upgrade", args[0], filepath.Join(r.o.root, args[1]), "--namespace", args[2],
				"--reuse-values", "--set", args[3], "--wait", "--timeout", "5m")
			return err
		})
		if err != nil {
			return err
		}
	}
	return r.prepare(ctx)
}

// openControlPlane is the chart without pods, and two local controllers in their place.
func (r *harness) openControlPlane(ctx context.Context, o cluster.Options, b build.Builder) (err error) {
	if err := b.Tools(ctx, "etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "helm"); err != nil {
		return err
	}
	if r.c, err = cluster.Up(ctx, o); err != nil {
		return err
	}
	err = r.steps.Do(ctx, "helm install "+demo.Release, func(ctx context.Context) error {
		charts := filepath.Join(r.o.root, "charts")
		crds := []string{"-f", filepath.Join(charts, "plimsoll-stack", "crds"), "-f", filepath.Join(charts, "plimsoll", "crds")}
		return errors.Join(
			r.command(ctx, "kubectl", append(crds, "apply", "--server-side")...),
			r.command(ctx, "kubectl", append(crds, "wait", "--for=condition=Established", "--timeout=1m")...),
			r.command(ctx, "helm", "install", demo.Release, filepath.Join(charts, "plimsoll"), "--namespace", namespace, "--create-namespace"))
	})
	if err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.webhookComesHere(ctx); err != nil {
		return err
	}
	r.local.start(ctx)
	return nil
}

// prepare makes what the harness itself needs: its client, a token for metrics, and what local controllers need.
func (r *harness) prepare(ctx context.Context) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	about := metav1.ObjectMeta{Name: reader}
	objects := []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: reader}},
		&rbacv1.ClusterRole{ObjectMeta: about, Rules: []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}},
		&rbacv1.ClusterRoleBinding{ObjectMeta: about,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: reader},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: reader}}},
	}
	for _, object := range objects {
		if err := r.client.Create(ctx, object); err != nil {
			return err
		}
	}
	token, err := r.tokenOf(ctx, namespace, reader)
	if err != nil {
		return err
	}
	r.telemetry = newTelemetry(token)
	program := r.o.controller
	if program == "" {
		program = r.file("controller")
		if err := r.steps.Do(ctx, "build the local controller", func(ctx context.Context) error {
			return overlay{}.build(ctx, r.o.root, program)
		}); err != nil {
			return err
		}
	}
	r.local, err = newLocal(ctx, r, program)
	return err
}

// webhookComesHere makes the webhook's Service lead to this machine, where no Service's address works. The name by which
// the API server knows the webhook, and checks its certificate, stays.
func (r *harness) webhookComesHere(ctx context.Context) error {
	service := named(client.ObjectKey{Namespace: namespace, Name: webhookName}, &corev1.Service{})
	configuration := named(client.ObjectKey{Name: webhookConfig}, &admissionv1.ValidatingWebhookConfiguration{})
	if err := errors.Join(r.client.Get(ctx, client.ObjectKeyFromObject(service), service),
		r.client.Get(ctx, client.ObjectKeyFromObject(configuration), configuration)); err != nil {
		return err
	}
	service.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"}
	port := r.local.ports[localNames[0]+"-webhook"]
	configuration.Webhooks[0].ClientConfig.Service.Port = ptr.To(int32(port)) //nolint:gosec // a port
	return errors.Join(r.client.Update(ctx, service), r.client.Update(ctx, configuration))
}

// command runs a tool as the cluster's administrator.
func (r *harness) command(ctx context.Context, name string, args ...string) error {
	bin := r.clusterOptions().Bin
	out, err := exec.CommandContext(ctx, filepath.Join(bin, name), append(args, "--kubeconfig", r.c.Kubeconfig())...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
