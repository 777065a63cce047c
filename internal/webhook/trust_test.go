//go:build integration

package webhook_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// TestAnotherAuthority makes the API server trust somebody else: nothing is refused until the webhook has noticed.
func TestAnotherAuthority(t *testing.T) {
	serve(t)
	configuration, err := installed.getConfiguration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if configuration.Webhooks[0].ClientConfig.CABundle, err = os.ReadFile(adminConfig.CAFile); err != nil {
		t.Fatal(err)
	}
	if err := admin.Update(t.Context(), configuration); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if refuses(t) == nil {
			return errors.New("a webhook is heard that is not to be trusted")
		}
		return nil
	})
	eventually(t, func() error { return refuses(t) })
}

// TestEmptiedSecret takes both key pairs away: they are made anew, and the new authority is trusted.
func TestEmptiedSecret(t *testing.T) {
	serve(t)
	before, err := installed.keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secret, err := installed.secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secret.Data = nil
	if err := admin.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		after, err := installed.keys(t.Context())
		if err == nil && bytes.Equal(after["caBundle"], before["caBundle"]) {
			err = errors.New("the old authority is trusted still")
		}
		return errors.Join(err, installed.trusted(t.Context(), installed.port), refuses(t))
	})
}

// TestWithoutSecret has nothing to keep a key pair in, so nothing judges; the controller runs all the same, and the
// webhook with it as soon as there is a Secret.
func TestWithoutSecret(t *testing.T) {
	secret, err := installed.secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	installed.run(t, installed.options())
	namespace := newNamespace(t)
	bad := threshold(t, namespace, "bad", badSpec)
	if err := admin.Create(t.Context(), bad); err != nil {
		t.Fatal("there can be no webhook, and yet:", err)
	}
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(bad), bad); err != nil {
			return err
		}
		if len(bad.Status.Conditions) == 0 {
			return errors.New("the controller has not looked at it")
		}
		return nil
	})
	key := installed.service()
	empty := &corev1.Secret{}
	empty.Namespace, empty.Name = key.Namespace, key.Name
	if err := admin.Create(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return refuses(t) })
}

// TestStandbyServes runs a second controller beside the leader: it serves too, with the same key pair.
func TestStandbyServes(t *testing.T) {
	serve(t)
	second := installed
	second.port = freeport.Port()
	second.run(t, second.options())
	eventually(t, func() error { return installed.trusted(t.Context(), second.port) })
}

func (r release) secret(ctx context.Context) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := admin.Get(ctx, r.service(), secret)
	return secret, err
}

// trusted connects to the port as the API server does: the configuration says whom to trust.
func (r release) trusted(ctx context.Context, port int) error {
	configuration, err := r.getConfiguration(ctx)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(configuration.Webhooks[0].ClientConfig.CABundle) {
		return errors.New("nobody is to be trusted")
	}
	key := r.service()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: fmt.Sprintf("%s.%s.svc", key.Name, key.Namespace)}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return conn.Close()
}

// TestRights holds the controller's account to what the chart's comments promise.
func TestRights(t *testing.T) {
	account, err := newAdmin(installed.credentials())
	if err != nil {
		t.Fatal(err)
	}
	var secrets corev1.SecretList
	if err := account.List(t.Context(), &secrets, client.InNamespace(installed.namespace)); !apierrors.IsForbidden(err) {
		t.Errorf("list the Secrets: error = %v, want Forbidden", err)
	}
}
