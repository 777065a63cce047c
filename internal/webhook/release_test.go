//go:build integration

package webhook_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// release is one of the chart, whose controller runs in the test with the rights that the chart gives it.
type release struct {
	name, namespace string
	// port of the loopback address on which the webhook listens.
	port int
}

func (r release) account() string       { return r.name + "-controller" }
func (r release) configuration() string { return r.account() + "-" + r.namespace }

// service is the key of the webhook's Service and of its Secret.
func (r release) service() client.ObjectKey {
	return client.ObjectKey{Namespace: r.namespace, Name: r.account() + "-webhook"}
}

// comeHere makes the chart's Service lead to this machine, on which no pod runs and no Service's address works. The name
// by which the API server knows the webhook, and checks its certificate, stays.
func (r release) comeHere(ctx context.Context) error {
	service := &corev1.Service{}
	if err := admin.Get(ctx, r.service(), service); err != nil {
		return err
	}
	service.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"}
	configuration, err := r.getConfiguration(ctx)
	if err != nil {
		return err
	}
	configuration.Webhooks[0].ClientConfig.Service.Port = ptr.To(int32(r.port))
	return errors.Join(admin.Update(ctx, service), admin.Update(ctx, configuration))
}

func (r release) getConfiguration(ctx context.Context) (*admissionv1.ValidatingWebhookConfiguration, error) {
	configuration := &admissionv1.ValidatingWebhookConfiguration{}
	err := admin.Get(ctx, client.ObjectKey{Name: r.configuration()}, configuration)
	return configuration, err
}

// options are those that the chart gives the controller, but for the addresses.
func (r release) options() manager.Options {
	return manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", Registerer: prometheus.NewRegistry(),
		LeaderElection: true, LeaderElectionNamespace: r.namespace, LeaderElectionID: r.account(),
		Webhook: webhook.Options{
			Address:       net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)),
			Service:       r.service(),
			Configuration: r.configuration(),
		},
	}
}

// credentials are those of the controller's account.
func (r release) credentials() *rest.Config {
	cfg := rest.CopyConfig(adminConfig)
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + r.namespace + ":" + r.account(),
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + r.namespace, "system:authenticated"},
	}
	return cfg
}

// run runs a controller until stop is called, or the test ends.
func (r release) run(t *testing.T, o manager.Options) (stop func()) {
	t.Helper()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	mgr, err := manager.New(r.credentials(), o, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return controlplane.Run(t, mgr)
}

// serve runs the shared release's controller, and waits until its webhook refuses what is wrong.
func serve(t *testing.T) (stop func()) {
	t.Helper()
	start := time.Now()
	stop = installed.run(t, installed.options())
	eventually(t, func() error { return refuses(t) })
	t.Logf("the webhook judges after %s", time.Since(start).Round(time.Millisecond))
	return stop
}
