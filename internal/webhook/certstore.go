package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyv1 "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	admissionclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
)

// fieldOwner is the webhook's name in managedFields.
const fieldOwner = "plimsoll-webhook"

// secret keeps the webhook's key pairs in a Secret that all replicas share, and tells the API server to trust them. It
// needs get and update of that one Secret, get and patch of that one ValidatingWebhookConfiguration, and no more: of
// cert-controller it takes how certificates are made, not its rotator, which reads every Secret of the namespace and
// ends the program when it may not.
type certStore struct {
	secrets        coreclient.SecretInterface
	configurations admissionclient.ValidatingWebhookConfigurationInterface
	// name is the Secret's, configuration the ValidatingWebhookConfiguration's.
	name, configuration string
	// dnsName is what the API server calls the webhook.
	dnsName string
}

// loader picks where the key pair comes from.
func loader(mgr ctrl.Manager, o Options) (loadFunc, error) {
	if o.CertDir != "" {
		return fromFolder(o.CertDir), nil
	}
	core, err := coreclient.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("make a client of Secrets: %w", err)
	}
	admission, err := admissionclient.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("make a client of webhook configurations: %w", err)
	}
	s := &certStore{
		secrets:        core.Secrets(o.Service.Namespace),
		configurations: admission.ValidatingWebhookConfigurations(),
		name:           o.Service.Name,
		configuration:  o.Configuration,
		dnsName:        o.Service.Name + "." + o.Service.Namespace + ".svc",
	}
	return s.load, nil
}

// load returns the key pair of the Secret, renewed if need be, once the API server trusts it.
func (s *certStore) load(ctx context.Context) (*tls.Certificate, error) {
	data, err := s.ensure(ctx)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(data[certFile], data[keyFile])
	if err != nil {
		return nil, fmt.Errorf("read the key pair of Secret %s: %w", s.name, err)
	}
	return &pair, s.trust(ctx, data[caFile])
}

// ensure returns the Secret's data, in which it first renews what is due. Of two replicas that do so at once, one gets
// a conflict and then finds what the other has written.
func (s *certStore) ensure(ctx context.Context) (map[string][]byte, error) {
	secret, err := s.secrets.Get(ctx, s.name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the webhook's Secret: %w", err)
	}
	data, renewed, err := renew(secret.Data, s.dnsName, time.Now())
	if err != nil || !renewed {
		return data, err
	}
	secret.Data = data
	if _, err := s.secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: fieldOwner}); err != nil {
		return nil, fmt.Errorf("write the webhook's Secret: %w", err)
	}
	return data, nil
}

// trust makes the API server trust what that authority has signed, unless it does already.
func (s *certStore) trust(ctx context.Context, authority []byte) error {
	configuration, err := s.configurations.Get(ctx, s.configuration, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the webhook's configuration: %w", err)
	}
	if trusts(configuration, authority) {
		return nil
	}
	// Only the one field is applied: the rest is the chart's.
	change := applyv1.ValidatingWebhookConfiguration(s.configuration).WithWebhooks(
		applyv1.ValidatingWebhook().WithName(Name).WithClientConfig(
			applyv1.WebhookClientConfig().WithCABundle(authority...)))
	if _, err := s.configurations.Apply(ctx, change, metav1.ApplyOptions{FieldManager: fieldOwner, Force: true}); err != nil {
		return fmt.Errorf("write the authority into the webhook's configuration: %w", err)
	}
	return nil
}

func trusts(configuration *admissionv1.ValidatingWebhookConfiguration, authority []byte) bool {
	for _, webhook := range configuration.Webhooks {
		if webhook.Name == Name {
			return bytes.Equal(webhook.ClientConfig.CABundle, authority)
		}
	}
	return false
}
