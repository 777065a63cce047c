package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/chain"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// alertmanagerTimeout is how long an Alertmanager may take; those of a cluster are often out of reach.
const alertmanagerTimeout = 5 * time.Second

// alertmanagerPath is where Prometheus posts alerts, and where they can be read.
const alertmanagerPath = "/api/v2/alerts"

// askAlertmanager reads the threshold's alerts from the Alertmanager of that base URL.
func askAlertmanager(ctx context.Context, base string, t target) chain.Alertmanager {
	base = strings.TrimSuffix(strings.TrimSuffix(base, alertmanagerPath), "/")
	answer := chain.Alertmanager{URL: base}
	ctx, cancel := context.WithTimeout(ctx, alertmanagerTimeout)
	defer cancel()
	alerts, err := readAlerts(ctx, base+alertmanagerPath+"?"+url.Values{"filter": {
		fmt.Sprintf("%s=%q", rules.NamespaceLabel, t.resource.Namespace),
		fmt.Sprintf("%s=%q", rules.ThresholdLabel, t.resource.Name),
	}}.Encode())
	if err != nil {
		answer.Fault = fmt.Errorf("asking Alertmanager: %w", err)
		return answer
	}
	for _, alert := range alerts {
		one := chain.Alert{Labels: alert.Labels, SilencedBy: alert.Status.SilencedBy, InhibitedBy: alert.Status.InhibitedBy}
		for _, receiver := range alert.Receivers {
			one.Receivers = append(one.Receivers, receiver.Name)
		}
		answer.Alerts = append(answer.Alerts, one)
	}
	return answer
}

// gettableAlert is what is of use of an alert of Alertmanager's API v2.
type gettableAlert struct {
	Labels    map[string]string       `json:"labels"`
	Receivers []struct{ Name string } `json:"receivers"`
	Status    struct {
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

func readAlerts(ctx context.Context, address string) ([]gettableAlert, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", req.URL.Host, resp.Status)
	}
	var alerts []gettableAlert
	if err := json.NewDecoder(resp.Body).Decode(&alerts); err != nil {
		return nil, fmt.Errorf("%s does not answer as an Alertmanager does: %w", req.URL.Host, err)
	}
	return alerts, nil
}
