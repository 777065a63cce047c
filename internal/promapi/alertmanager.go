package promapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/config"
)

const (
	// alertmanagerTimeout bounds one request; Alertmanagers of a cluster are often out of reach.
	alertmanagerTimeout = 5 * time.Second
	// alertsPath is where Prometheus posts alerts, and where they can be read.
	alertsPath = "/api/v2/alerts"
)

// ReceivedAlert is an alert that an Alertmanager has.
type ReceivedAlert struct {
	Labels map[string]string
	// SilencedBy and InhibitedBy are the IDs of the silences and alerts that mute it.
	SilencedBy, InhibitedBy []string
	Receivers               []string
}

// ReceivedAlerts reads the alerts that match all filters from the Alertmanager at the URL of the options. The URL may also be
// the one that Prometheus posts to.
func ReceivedAlerts(ctx context.Context, o Options, filters ...string) ([]ReceivedAlert, error) {
	client, base, err := o.httpClient("Alertmanager", config.WithKeepAlivesDisabled())
	if err != nil {
		return nil, err
	}
	client.Transport = capped{client.Transport, maxAnswer}
	ctx, cancel := context.WithTimeout(ctx, alertmanagerTimeout)
	defer cancel()
	address := AlertmanagerBase(base) + alertsPath + "?" + url.Values{"filter": filters}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("querying Alertmanager: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("querying Alertmanager: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("querying Alertmanager: %s answers %s", req.URL.Host, resp.Status)
	}
	var answer []struct {
		Labels    map[string]string
		Receivers []struct{ Name string }
		Status    struct{ SilencedBy, InhibitedBy []string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("querying Alertmanager: %s does not answer as an Alertmanager does: %w", req.URL.Host, err)
	}
	alerts := make([]ReceivedAlert, len(answer))
	for i, alert := range answer {
		alerts[i] = ReceivedAlert{Labels: alert.Labels, SilencedBy: alert.Status.SilencedBy, InhibitedBy: alert.Status.InhibitedBy}
		for _, receiver := range alert.Receivers {
			alerts[i].Receivers = append(alerts[i].Receivers, receiver.Name)
		}
	}
	return alerts, nil
}

// AlertmanagerBase returns the base URL of the Alertmanager to which Prometheus posts at that URL.
func AlertmanagerBase(address string) string {
	return strings.TrimSuffix(strings.TrimSuffix(address, alertsPath), "/")
}
