package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// expireCertificate writes into the webhook's Secret a key pair that its authority has signed and that has ended.
func expireCertificate(ctx context.Context, r *harness) (int, time.Time, error) {
	err := retry(ctx, func() error {
		secret, err := r.webhookSecret(ctx)
		if err != nil {
			return err
		}
		if secret.Data["tls.crt"], secret.Data["tls.key"], err = expired(secret.Data["ca.crt"], secret.Data["ca.key"]); err != nil {
			return err
		}
		return r.client.Update(ctx, secret)
	})
	return 1, time.Now(), errors.Join(err, r.work(ctx, changedObjects))
}

// emptyCertificate takes the key pairs out of the webhook's Secret, the authority's too.
func emptyCertificate(ctx context.Context, r *harness) (int, time.Time, error) {
	err := retry(ctx, func() error {
		secret, err := r.webhookSecret(ctx)
		if err != nil {
			return err
		}
		secret.Data = nil
		return r.client.Update(ctx, secret)
	})
	return 1, time.Now(), errors.Join(err, r.work(ctx, changedObjects))
}

// deleteSecret deletes the webhook's Secret. The controller may not make one; helm upgrade would, as is done here.
func deleteSecret(ctx context.Context, r *harness) (int, time.Time, error) {
	secret, err := r.webhookSecret(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	if err := errors.Join(r.client.Delete(ctx, secret), r.work(ctx, changedObjects)); err != nil {
		return 0, time.Time{}, err
	}
	empty := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: secret.Namespace, Name: secret.Name, Labels: secret.Labels, Annotations: secret.Annotations}}
	return 1, time.Now(), r.client.Create(ctx, empty)
}

func (r *harness) webhookSecret(ctx context.Context) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	return secret, r.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: webhookName}, secret)
}

// certificateAfter returns nil when the webhook's certificate begins after that time.
func (r *harness) certificateAfter(ctx context.Context, then time.Time) error {
	secret, err := r.webhookSecret(ctx)
	if err != nil {
		return err
	}
	certificate, err := parse(secret.Data["tls.crt"])
	if err == nil && !certificate.NotBefore.After(then) {
		err = fmt.Errorf("the certificate begins at %s", certificate.NotBefore)
	}
	return err
}

func parse(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the webhook's Secret holds no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// validNow says why a certificate is not valid now.
func validNow(text []byte) error {
	certificate, err := parse(text)
	if err != nil {
		return err
	}
	if now := time.Now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return fmt.Errorf("the webhook's certificate is valid from %s to %s", certificate.NotBefore, certificate.NotAfter)
	}
	return nil
}

// expired makes a key pair, signed by the authority, that ended an hour ago.
func expired(authority, authorityKey []byte) (certificate, key []byte, err error) {
	parent, err := tls.X509KeyPair(authority, authorityKey)
	if err != nil {
		return nil, nil, err
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: webhookDNSName},
		DNSNames:     []string{webhookDNSName},
		NotBefore:    time.Now().Add(-2 * time.Hour),
		NotAfter:     time.Now().Add(-time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.Leaf, private.Public(), parent.PrivateKey)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}
