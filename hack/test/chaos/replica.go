package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// replica is one running controller.
type replica struct {
	name string
	// metrics is the URL of its metrics, webhook the host:port of its webhook.
	metrics, webhook string
	// kill ends it as a crash would.
	kill func(context.Context) error
}

// vitals are what a replica says of itself.
type vitals struct {
	leads              bool
	memory, goroutines float64
}

// telemetry asks replicas for their metrics, which they give only to whom the API server lets.
type telemetry struct {
	token  string
	client *http.Client
}

func newTelemetry(token string) telemetry {
	return telemetry{token, &http.Client{
		Timeout: 5 * time.Second,
		// Each replica makes a new certificate at every start, and nobody signs it.
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // see above
	}}
}

func (t telemetry) vitals(ctx context.Context, r replica) (vitals, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.metrics, nil)
	if err != nil {
		return vitals{}, err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	resp, err := t.client.Do(req)
	if err != nil {
		return vitals{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return vitals{}, fmt.Errorf("metrics of %s: %s", r.name, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return vitals{}, fmt.Errorf("metrics of %s: %w", r.name, err)
	}
	v := vitals{
		leads:      gauge(families, "leader_election_master_status") == 1,
		memory:     gauge(families, "process_resident_memory_bytes"),
		goroutines: gauge(families, "go_goroutines"),
	}
	if v.memory == 0 || v.goroutines == 0 {
		return v, fmt.Errorf("metrics of %s lack its memory or goroutines", r.name)
	}
	return v, nil
}

func gauge(families map[string]*dto.MetricFamily, name string) float64 {
	if m := families[name].GetMetric(); len(m) > 0 {
		return m[0].GetGauge().GetValue()
	}
	return 0
}

// split finds the one of the replicas that leads and, if there is another, one that stands by.
func (t telemetry) split(ctx context.Context, all []replica) (leader, standby replica, err error) {
	leaders := 0
	for _, r := range all {
		v, err := t.vitals(ctx, r)
		switch {
		case err != nil:
			return leader, standby, err
		case v.leads:
			leader = r
			leaders++
		default:
			standby = r
		}
	}
	if leaders != 1 {
		return leader, standby, fmt.Errorf("%d of %d replicas lead", leaders, len(all))
	}
	return leader, standby, nil
}

// checkCertificate says why the API server would not trust the replica's webhook, with that authority and by that name.
func (r replica) checkCertificate(ctx context.Context, authority []byte, dnsName string) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return errors.New("the webhook's configuration trusts nobody")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: dnsName, MinVersion: tls.VersionTLS13}}
	conn, err := dialer.DialContext(ctx, "tcp", r.webhook)
	if err != nil {
		return fmt.Errorf("webhook of %s: %w", r.name, err)
	}
	return conn.Close()
}
