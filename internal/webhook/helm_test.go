//go:build integration

package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// TestHelm follows a release of its own from its installation, through an upgrade, to its end.
func TestHelm(t *testing.T) {
	r := release{name: "other", namespace: "other"}
	// The other release of these tests serves all namespaces, for which Helm would refuse this one.
	watch := []string{"--set", "fullnameOverride=other,controller.watchNamespaces={other},controller.detectOthers=false"}
	if err := r.helm(t.Context(), "install", append(watch, "--create-namespace")...); err != nil {
		t.Fatal(err)
	}
	r.port = freeport.Port()
	o := r.options()
	o.Namespaces = []string{r.namespace}
	stop := r.run(t, o)
	eventually(t, func() error { return r.trusted(t.Context(), r.port) })
	stop() // from here on nobody puts anything back

	before, err := r.keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.helm(t.Context(), "upgrade", append(watch, "--set", "controller.replicas=2,controller.podAnnotations.a=b")...); err != nil {
		t.Fatal(err)
	}
	after, err := r.keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, was := range before {
		if len(was) == 0 || !bytes.Equal(was, after[name]) {
			t.Errorf("%s was %d bytes, after the upgrade %d, or others", name, len(was), len(after[name]))
		}
	}

	if err := r.helm(t.Context(), "uninstall"); err != nil {
		t.Fatal(err)
	}
	_, secretErr := r.secret(t.Context())
	_, configurationErr := r.getConfiguration(t.Context())
	if !apierrors.IsNotFound(secretErr) || !apierrors.IsNotFound(configurationErr) {
		t.Errorf("left after helm uninstall: Secret (%v), configuration (%v)", secretErr, configurationErr)
	}
}

// keys are what the controller has written into the chart's objects.
func (r release) keys(ctx context.Context) (map[string][]byte, error) {
	secret, err := r.secret(ctx)
	if err != nil {
		return nil, err
	}
	configuration, err := r.getConfiguration(ctx)
	if err != nil {
		return nil, err
	}
	if len(configuration.Webhooks) != 1 || len(secret.Data) != 4 {
		return nil, errors.New("there should be one webhook and four files")
	}
	keys := map[string][]byte{"caBundle": configuration.Webhooks[0].ClientConfig.CABundle}
	for name, text := range secret.Data {
		keys[name] = text
	}
	return keys, nil
}
