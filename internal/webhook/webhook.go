// Package webhook judges AlertThresholds when they are applied, with the same rules as the controller, so that whoever
// applies one hears at once what is wrong with it. Nothing depends on it: while it is away, what it would have refused
// gets in, and the controller says in the status what is wrong.
package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// Name is what the webhook is called in its configuration and in its refusals.
	Name = "alertthresholds.plimsoll.dev"
	// Path is where it is served.
	Path = "/validate-alertthresholds"
)

// Register makes mgr serve the webhook, as a leader and as a stand-by, unless the options say not to. The options must
// be valid. Thresholds are resolved by r. Proposed levels are tried on the past; metrics takes the webhook's own metrics.
func Register(mgr ctrl.Manager, o Options, r rules.Options, backtests BacktestOptions, metrics prometheus.Registerer) error {
	if !o.serves() {
		return nil
	}
	host, port, err := o.listen()
	if err != nil {
		return err
	}
	load, err := loader(mgr, o)
	if err != nil {
		return err
	}
	v := validator{rules: r}
	if backtests.URL != "" {
		client, err := promapi.New(backtests.Options)
		if err != nil {
			return err
		}
		v.advisor = newBacktestAdvisor(client, backtests)
		if err := metrics.Register(v.advisor.outcomes); err != nil {
			return fmt.Errorf("registering the webhook's metrics: %w", err)
		}
	}
	pair := &servingCert{load: load, log: mgr.GetLogger().WithName("webhook"), ready: make(chan struct{})}
	srv := server{webhook.NewServer(webhook.Options{Host: host, Port: port, TLSOpts: []func(*tls.Config){pair.configure}}), pair.ready}
	srv.Register(Path, admission.WithValidator(mgr.GetScheme(), v))
	if err := errors.Join(mgr.Add(pair), mgr.Add(srv), mgr.AddReadyzCheck("webhook", pair.check)); err != nil {
		return fmt.Errorf("add the webhook: %w", err)
	}
	return nil
}

// server is a webhook server that waits for its key pair.
type server struct {
	webhook.Server
	ready <-chan struct{}
}

// Start serves until ctx is cancelled. Before there is a key pair it does not listen: the API server then need not wait
// for a handshake that must fail.
func (s server) Start(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.ready:
		return s.Server.Start(ctx)
	}
}
