package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

const (
	// refreshInterval is how often the key pair is looked at: how long a replica may serve one that another replica, or
	// cert-manager, has replaced.
	refreshInterval = 10 * time.Second
	// firstRetry is the pause after the first failure; it doubles up to refreshInterval.
	firstRetry = 100 * time.Millisecond
)

// loadFunc returns the key pair to serve with. It is called again and again. With an error it may still return one.
type loadFunc func(context.Context) (*tls.Certificate, error)

// keyPair keeps the server's key pair fresh. Trouble with it never stops the controller: what was loaded last goes on
// being served, and before that the API server finds no webhook that it could ask.
type servingCert struct {
	load   loadFunc
	log    logr.Logger
	loaded atomic.Pointer[tls.Certificate]
	ready  chan struct{} // closed when one has been loaded
}

// Start loads the key pair until ctx is cancelled.
func (k *servingCert) Start(ctx context.Context) error {
	retry, told := firstRetry, ""
	for {
		pause := refreshInterval
		pair, err := k.load(ctx)
		if pair != nil && k.loaded.Swap(pair) == nil {
			close(k.ready)
		}
		switch {
		case err == nil:
			retry, told = firstRetry, ""
		case ctx.Err() != nil:
			return nil
		default:
			pause, retry = retry, min(2*retry, refreshInterval)
			if told != err.Error() {
				k.log.Error(err, "the webhook's key pair could not be refreshed, tried again until it can")
			}
			told = err.Error()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// NeedLeaderElection is false: every replica serves.
func (*servingCert) NeedLeaderElection() bool { return false }

// configure makes a server use whatever pair was loaded last.
func (k *servingCert) configure(c *tls.Config) {
	c.MinVersion = tls.VersionTLS13
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return k.loaded.Load(), nil }
}

// check is healthy once there is a key pair: until then the Service leads elsewhere.
func (k *servingCert) check(*http.Request) error {
	if k.loaded.Load() == nil {
		return errors.New("the webhook has no key pair yet: the log says why")
	}
	return nil
}

// fromFolder loads the key pair of a folder.
func fromFolder(dir string) loadFunc {
	return func(context.Context) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
		if err != nil {
			return nil, fmt.Errorf("read the key pair in %s: %w", dir, err)
		}
		return &pair, nil
	}
}
