package webhook

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
)

// Keys of a Secret or files of a folder: the pair to serve with, as every tool calls it, and the pair that signed it.
const (
	certFile   = "tls.crt"
	keyFile    = "tls.key"
	caFile     = "ca.crt"
	caKeyFile  = "ca.key"
	caName     = "plimsoll-webhook"
	caLifetime = 10 * 365 * 24 * time.Hour
	lifetime   = 365 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is replaced: long enough for anybody to notice that it fails.
	renewBefore = 90 * 24 * time.Hour
	// backdated is how far clocks may be apart.
	backdated = time.Hour
)

var serverUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}

// renew returns data with key pairs that serve dnsName until well after now: the pair itself is renewed under the same
// authority as long as that lasts, so that whoever trusts it need not be told. It reports whether anything was renewed.
func renew(data map[string][]byte, dnsName string, now time.Time) (map[string][]byte, bool, error) {
	issuer := rotator.CertRotator{CAName: caName, CAOrganization: caName, DNSName: dnsName, ExtKeyUsages: &serverUsage}
	soon := now.Add(renewBefore)
	ca, err := parseAuthority(data, now, soon)
	if err == nil && valid(data[caFile], data[certFile], data[keyFile], dnsName, &serverUsage, now, soon) {
		return data, false, nil
	}
	if err != nil {
		if ca, err = issuer.CreateCACert(now.Add(-backdated), now.Add(caLifetime)); err != nil {
			return nil, false, fmt.Errorf("make an authority: %w", err)
		}
	}
	cert, key, err := issuer.CreateCertPEM(ca, now.Add(-backdated), now.Add(lifetime))
	if err != nil {
		return nil, false, fmt.Errorf("make a certificate for %s: %w", dnsName, err)
	}
	return map[string][]byte{caFile: ca.CertPEM, caKeyFile: ca.KeyPEM, certFile: cert, keyFile: key}, true, nil
}

// parseAuthority reads the authority, which must be one at those times.
func parseAuthority(data map[string][]byte, at ...time.Time) (*rotator.KeyPairArtifacts, error) {
	cert, key := data[caFile], data[caKeyFile]
	if !valid(cert, cert, key, caName, nil, at...) {
		return nil, errors.New("no valid authority")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	private, isRSA := pair.PrivateKey.(*rsa.PrivateKey)
	if !isRSA {
		return nil, errors.New("the authority's key is not RSA")
	}
	return &rotator.KeyPairArtifacts{Cert: pair.Leaf, Key: private, CertPEM: cert, KeyPEM: key}, nil
}

// valid reports whether the pair is valid at all of the times. Now is one of them: a clock that ran ahead when the pair was
// made has left one that begins later.
func valid(ca, cert, key []byte, dnsName string, usage *[]x509.ExtKeyUsage, at ...time.Time) bool {
	for _, moment := range at {
		if ok, err := rotator.ValidCert(ca, cert, key, dnsName, usage, moment); !ok || err != nil {
			return false
		}
	}
	return true
}
